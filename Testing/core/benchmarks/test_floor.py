"""How far the student's stages are from the floor: what is recorded is right, and recording changes nothing."""

import csv
import io

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import floor
from growth.cases import grown_pair
from stages import recorder as recorder_module
from stages.arrays import blocks, bytes_between, bytes_moved
from stages.measure import Part, Row, measure, parts_of
from stages.operations import RESAMPLING, by_precision, resized, sampled
from stages.patching import find, holders, replaced
from stages.reach import Reach
from stages.recorder import SIDE_BY_SIDE, WAITING, Probe, Recorder
from stages.report import by_kind, comma_separated, markdown, times_the_floor
from stages.student import PROBES
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.engines.student import StudentEngine
from temporal_interp.networks import NetworkSettings, Student
from temporal_interp.networks.encoder import Encoder
from temporal_interp.tensors import slabs, spatial

REACH = Reach({"float32": 1e9, "bfloat16": 4e9}, 1e8)

ADDRESSES = sorted({probe.address for probe in PROBES})


def held_by_the_program():
    """Whatever every address of the program holds, everywhere."""
    places = [place for address in [*ADDRESSES, SIDE_BY_SIDE] for place in holders(*find(address))]
    return {(str(owner), name): vars(owner)[name] for owner, name in places}


@pytest.fixture(scope="module")
def engine():
    torch.manual_seed(0)
    student = Student(NetworkSettings(widths=(4, 6, 8, 8)))
    for parameter in student.parameters():
        nn.init.normal_(parameter, std=0.1)
    return StudentEngine(student, precision="float32")


@pytest.fixture(scope="module")
def pair():
    return grown_pair((1, 64, 64)).volumes


@pytest.fixture
def threads():
    """Function that sets the threads of PyTorch; they are put back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


class TestReplaced:
    def test_every_module_that_imported_a_function_gets_the_other(self):
        with replaced({"spatial:resize": lambda function: "other"}):
            assert spatial.resize == slabs.resize == "other"
        assert callable(spatial.resize)
        assert slabs.resize is spatial.resize

    def test_class_methods_stay_class_methods(self):
        seen = []

        def wrap(function):
            return lambda cls, *args, **kwargs: seen.append(cls) or function(cls, *args, **kwargs)

        volume = grown_pair((1, 16, 16)).volumes[0]
        own = vars(IntensityRange)["of"]
        with replaced({"volumes:IntensityRange.of": wrap}):
            assert IntensityRange.of([volume]).high > 0
        assert seen == [IntensityRange]
        assert vars(IntensityRange)["of"] is own

    def test_all_is_put_back_when_the_work_fails(self):
        before = held_by_the_program()

        def work():
            assert held_by_the_program() != before
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), replaced(Recorder(PROBES, count=False).wraps()):
            work()
        assert held_by_the_program() == before

    @pytest.mark.parametrize("address", ["nowhere:warp", "spatial:nothing", "networks.student:Student.nothing"])
    def test_what_the_program_does_not_have_is_said(self, address):
        with replaced({address: lambda function: function}) as missing:
            assert missing == [address]

    def test_the_program_has_every_stage(self):
        with replaced(Recorder(PROBES, count=False).wraps()) as missing:
            assert missing == []


class TestRecording:
    @pytest.mark.parametrize("count", [False, True], ids=["timed", "counted"])
    @pytest.mark.parametrize(("slices", "number"), [(1, 1), (3, 2)], ids=["slice", "stack on two threads"])
    def test_the_student_says_the_same(self, engine, count, slices, number, threads):
        threads(number)
        pair, times = grown_pair((slices, 64, 64)).volumes, [0.25, 0.5]
        plain = engine.prepare(*pair).at_many(times, fields=True)
        before = held_by_the_program()
        with replaced(Recorder(PROBES, count=count).wraps()):
            recorded = engine.prepare(*pair).at_many(times, fields=True)
        assert held_by_the_program() == before
        for one, other in zip(plain, recorded, strict=True):
            np.testing.assert_array_equal(one.volume.array, other.volume.array)
            np.testing.assert_array_equal(one.displacement_first_to_t.array, other.displacement_first_to_t.array)
            np.testing.assert_array_equal(one.displacement_last_to_t.jacobian, other.displacement_last_to_t.jacobian)

    def test_every_part_and_scale_of_the_student_is_there(self, engine, pair):
        parts = parts_of(engine, pair, REACH, repeats=1, together=1)
        prepare, frame, fields = ({row.stage for row in part.rows} for part in parts)
        scales = [f"1/{2**n}" for n in range(4)]
        assert {"region of change", "coarsening", *(f"encoder unit, {s}" for s in scales)} <= prepare
        assert {f"{stage}, {s}" for stage in ("DFGen: unit", "decoder: scaling and squaring") for s in scales} <= frame
        assert {"maps put together", "synthesis: warp of volumes", "render: sampling"} <= frame
        assert fields == {"both fields in mm"}

    def test_operations_of_the_stages_add_up_to_those_of_the_whole(self, engine, pair, threads):
        threads(1)
        recorder = Recorder(PROBES, count=True)
        with replaced(recorder.wraps()):
            engine.prepare(*pair).at(0.4)
        with FlopCounterMode(display=False, custom_mapping=RESAMPLING) as counter:
            engine.prepare(*pair).at(0.4)
        assert sum(cost.operations.total() for cost in recorder.costs.values()) == counter.get_total_flops() > 0

    def test_an_encoder_unit_costs_what_the_formula_says(self):
        encoder, images = Encoder(NetworkSettings(widths=(4, 6))), torch.rand(2, 1, 32, 48)
        probes = [probe for probe in PROBES if "encoder" in (probe.container, probe.inside)]
        recorder = Recorder(probes, count=True)
        with replaced(recorder.wraps()), torch.inference_mode():
            encoder(images)
        pixels = 2 * 32 * 48
        weights = 4 * 9 + 4 + 8 + 4 * 4 * 9 + 4 + 8  # two convolutions and norms; of the kernels only a plane is used
        cost = recorder.costs["encoder unit, 1/1"]
        assert cost.operations["float32"] == 2 * 9 * (1 * 4 + 4 * 4) * pixels
        assert cost.bytes == 4 * (pixels * (1 + 4) + weights + 2 * (4 * 9 + 16 * 9))
        assert recorder.costs["encoder unit, 1/2"].operations["float32"] == 2 * 9 * (4 * 6 + 6 * 6) * pixels // 4
        assert recorder.costs["encoder: the rest"].bytes == 0

    def test_mixed_precision_is_seen(self):
        encoder, images = Encoder(NetworkSettings(widths=(4, 6))), torch.rand(2, 1, 32, 48)
        recorder = Recorder(PROBES, count=True)
        with replaced(recorder.wraps()), torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            encoder(images)
        operations = recorder.costs["encoder unit, 1/1"].operations
        assert operations["bfloat16"] > 0
        assert operations["float32"] == 0


class Clock:
    """A clock that stands still between steps."""

    def __init__(self, monkeypatch):
        self.time = 0.0
        monkeypatch.setattr(recorder_module, "now", lambda: self.time)

    def step(self, seconds):
        self.time += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


class TestTimes:
    OUTER = Probe("m:outer", "outer", container="place")
    INNER = Probe("m:inner", "inner", "place")

    def recorded(self, recorder, probe, function):
        return recorder.wraps()[probe.address](function)

    def test_a_stage_is_timed_without_those_within_it(self, clock):
        recorder = Recorder([self.OUTER, self.INNER], count=False)
        inner = self.recorded(recorder, self.INNER, lambda: clock.step(3))

        def work():
            clock.step(1)
            inner()
            inner()

        self.recorded(recorder, self.OUTER, work)()
        costs = recorder.costs
        assert (costs["outer"].seconds, costs["outer"].calls) == (1, 1)
        assert (costs["inner"].seconds, costs["inner"].calls) == (6, 2)

    def test_a_function_counts_where_its_probe_says(self, clock):
        recorder = Recorder([self.OUTER, self.INNER], count=False)
        inner = self.recorded(recorder, self.INNER, lambda: clock.step(3))
        inner()
        assert not recorder.costs

    def test_threads_side_by_side_share_the_time_that_passes(self, clock, monkeypatch):
        """One after the other stands for two threads, of which one does twice the work: 20 s of work, 15 s pass."""
        monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
        recorder = Recorder([self.OUTER, self.INNER], count=False)
        inner = self.recorded(recorder, self.INNER, clock.step)

        def pool(work, items):
            results = [work(item) for item in items]
            clock.step(-5)
            return results

        parallel_map = recorder.wraps()[SIDE_BY_SIDE](pool)
        self.recorded(recorder, self.OUTER, lambda: parallel_map(inner, [10, 10]))()
        assert {name: cost.seconds for name, cost in recorder.costs.items()} == {"inner": 10, WAITING: 5, "outer": 0}

    def test_a_failure_leaves_no_stage_open(self, clock):
        recorder = Recorder([self.OUTER, self.INNER], count=False)
        with pytest.raises(ZeroDivisionError):
            self.recorded(recorder, self.OUTER, lambda: 1 / 0)()
        self.recorded(recorder, self.OUTER, lambda: clock.step(2))()
        assert recorder.costs["outer"].seconds == 2


class TestOperations:
    def test_sampling(self):
        # 3D, 2 channels: 8 neighbours x (2 multiplications and additions a channel + 2 for the weight) + 3 x 3
        assert sampled((1, 2, 5, 6, 7), (1, 2, 3, 3, 3)) == 27 * (8 * 4 + 8 * 2 + 9)
        assert sampled((2, 1, 6, 7), (2, 1, 4, 4)) == 32 * (4 * 2 + 4 + 6)

    def test_resizing_goes_axis_by_axis_the_cheapest_way(self):
        assert resized((1, 3, 4, 4), (1, 3, 4, 4)) == 0
        assert resized((1, 2, 4, 4), (1, 2, 4, 8)) == 3 * 2 * 32
        assert resized((1, 1, 4, 8), (1, 1, 8, 4)) == 3 * (4 * 4 + 8 * 4)

    @pytest.mark.parametrize("shape", [(6, 7), (5, 6, 7)])
    def test_the_counter_uses_them(self, shape):
        image = torch.rand(2, 3, *shape)
        points = torch.zeros(2, *shape, len(shape))
        with torch.inference_mode(), FlopCounterMode(display=False, custom_mapping=RESAMPLING) as counter:
            functional.grid_sample(image, points, align_corners=False)
        assert counter.get_total_flops() == sampled(image.shape, image.shape)
        larger = tuple(2 * n for n in shape)
        with torch.inference_mode(), FlopCounterMode(display=False, custom_mapping=RESAMPLING) as counter:
            spatial.resize(image, larger)
        assert counter.get_total_flops() == resized(image.shape, (2, 3, *larger))

    def test_resampling_is_float32_even_in_mixed_precision(self):
        counted = {torch.ops.aten.convolution: 10, torch.ops.aten.grid_sampler_2d: 4}
        assert by_precision(counted, "bfloat16") == {"bfloat16": 10, "float32": 4}
        assert by_precision(counted, "float32") == {"float32": 14}


class TestBytes:
    def test_views_of_a_block_count_once(self):
        whole = torch.zeros(10, 4)
        assert sum(blocks([whole, whole[:5], whole.T]).values()) == 160
        assert sum(blocks([whole[:2], whole[2:4]]).values()) == 64
        assert sum(blocks([torch.zeros(1).expand(1000)]).values()) == 4
        array = np.zeros((10, 4), np.uint16)
        assert sum(blocks([array, array[::2]]).values()) == 80

    def test_in_and_out(self):
        a, b = torch.zeros(10), torch.zeros(7)
        assert bytes_moved([a, a], [b]) == 68
        assert bytes_moved([a], []) == 40
        assert bytes_moved([a], [a[2:]]) == 0

    def test_what_only_passes_through_costs_nothing(self):
        a, b, c = torch.zeros(10), torch.zeros(7), torch.zeros(3)
        assert bytes_between([a, b], [a[2:], c]) == 40


class TestFloor:
    def test_is_what_takes_longer(self):
        assert REACH.floor({"float32": 2e9}, 1e8) == 2
        assert REACH.floor({"float32": 1e8}, 1e8) == 1
        assert REACH.floor({"float32": 1e9, "bfloat16": 4e9}, 0) == 2
        assert REACH.floor({}, 0) == 0

    def test_the_shortest_run_counts(self, clock, monkeypatch):
        undisturbed, lasting, counted = [9, 9, 9, 9], [5, 3, 4], [9]
        steps = iter([*undisturbed, *lasting, *counted])
        monkeypatch.setattr(spatial, "fold_rate", lambda: clock.step(next(steps)))
        stage = Probe("spatial:fold_rate", "stage", container="place")
        part = measure("frame", lambda: spatial.fold_rate(), REACH, repeats=3, probes=[stage])
        assert [(row.stage, row.seconds, row.calls) for row in part.rows] == [("stage", 3, 1)]


def a_row(part, stage, seconds, floor_seconds=1.0):
    return Row(part, stage, 1, seconds, 2e9, 10**6, floor_seconds)


class TestReport:
    PARTS = (
        Part([a_row("prepare", "encoder unit, 1/1", 3.0), a_row("prepare", "encoder unit, 1/2", 1.0)], 4.5, ["a:b"]),
        Part([a_row("frame", "still", 2.0, 0.0)], 2.1, []),
        Part([], 2.3, []),
    )

    def test_scales_are_added_up(self):
        (kind,) = by_kind(self.PARTS[0].rows)
        assert (kind.stage, kind.calls, kind.seconds, kind.floor) == ("encoder unit", 2, 4.0, 2.0)

    def test_no_floor_no_ratio(self):
        assert times_the_floor(self.PARTS[1].rows[0]) == ""
        assert times_the_floor(self.PARTS[0].rows[0]) == "3.0"

    def test_markdown(self):
        text = markdown({"slice": self.PARTS}, ["a machine"])
        assert "| prepare | encoder unit | 2 | 4000.00 | 100.0 | 4.000 | 0.0020 | 2000.000 | 2.0 |" in text
        assert "| prepare | encoder unit, 1/2 | 1 | 1000.00 | 25.0 |" in text
        assert "prepare 4500.0 ms, frame 2100.0 ms, with fields 2300.0 ms" in text
        assert "Not found in the program; their time is in the stage around them: a:b." in text
        assert "a machine" in text

    def test_csv(self):
        rows = list(csv.DictReader(io.StringIO(comma_separated({"slice": self.PARTS}))))
        assert [row["stage"] for row in rows] == ["encoder unit, 1/1", "encoder unit, 1/2", "still"]
        assert {row["pair"] for row in rows} == {"slice"}


class TestCommand:
    def test_writes_both_files(self, monkeypatch, tmp_path, engine, threads):
        monkeypatch.setattr(floor, "measure_reach", lambda device, *, repeats: REACH)
        monkeypatch.setattr(floor, "pair", lambda name: grown_pair((1, 64, 64)).volumes)
        monkeypatch.setattr(floor.StudentEngine, "from_model", lambda model, device: engine)
        path = tmp_path / "new" / "floor.md"
        floor.main(path, threads=1, device="cpu", model=None, together=2, repeats=1, quick=True)
        assert "## slice, 1 x 64 x 64 voxels" in path.read_text()
        assert "DFGen: unit, 1/8" in path.with_suffix(".csv").read_text()
