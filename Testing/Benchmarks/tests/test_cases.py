"""What the benchmark compares on, and that a case comes out of its file as it went in."""

import json
from dataclasses import replace

import numpy as np
import pytest

from comparison.case_file import read_case, write_case
from comparison.cases import BenchmarkCase, require_names
from comparison.drawn_cases import body_mask, coarser_volume, covering, drawn_sets
from comparison.drawn_loops import drawn_loops
from comparison.real_cases import KNOWN, Protocol, named_sets, real_sets
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.provenance import SYNTHETIC_KEY
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, MissingFileError
from temporal_interp.evaluation.hold_out import between, every
from temporal_interp.io import write_sequence
from temporal_interp.simulation import chest_volume
from temporal_interp.training.datasets.catalogue import TEST_SEED, DataSettings, open_split

OBLIQUE = ((0.0, 0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, -0.6))


@pytest.fixture
def sequence():
    geometry = Geometry((2, 9, 8), (1.5, 1.25, 8.0), (3.0, -2.0, 1.0), OBLIQUE)
    arrays = np.random.default_rng(0).integers(0, 900, (6, *geometry.shape)).astype(np.int16)
    values = (0.0, 10.0, 25.0, 30.0, 50.5, 60.0)
    return Sequence([Volume(a, geometry) for a in arrays], values, "phase", "%", slice_thickness=6.0)


@pytest.fixture(params=[None, 75.0], ids=["", "a loop"])
def maybe_loop(sequence, request):
    return replace(sequence, period=request.param)


def field(source, number):
    return np.full((2, 9, 8, 3), 10 * source + number, np.float32)


class TestCaseFile:
    def test_everything_that_scoring_needs_comes_back(self, maybe_loop, tmp_path):
        sequence = maybe_loop
        masks = {number: np.random.default_rng(number).random((2, 9, 8)) > 0.5 for number in (1, 3)}
        case = BenchmarkCase("a heart", sequence, every(sequence, 2), MotionTruth(field, masks.get))
        case = replace(case, hold_out=replace(case.hold_out, gaps=case.hold_out.gaps[:2]))
        write_case(case, tmp_path / "case.npz")
        back = read_case(tmp_path / "case.npz")
        assert (back.name, back.hold_out, back.geometry) == (case.name, case.hold_out, case.geometry)
        for name in ("times", "index_name", "unit", "slice_thickness", "period"):
            assert getattr(back.sequence, name) == getattr(sequence, name)
        for one, other in zip(back.sequence.volumes, sequence.volumes, strict=True):
            assert one.array.dtype == np.int16
            np.testing.assert_array_equal(one.array, other.array)
        for source, number in ((0, 1), (2, 1), (2, 3), (4, 3)):
            np.testing.assert_array_equal(back.truth.displacement(source, number), field(source, number))
        for number, mask in masks.items():
            np.testing.assert_array_equal(back.truth.mask_of(number), mask)

    def test_a_loop_comes_back_with_the_gap_that_closes_it(self, sequence, tmp_path):
        loop = sequence.as_loop(80.0)
        case = BenchmarkCase("a beat", loop, every(loop, 4), MotionTruth(field))
        write_case(case, tmp_path / "case.npz")
        back = read_case(tmp_path / "case.npz")
        assert (back.hold_out, back.sequence.period) == (case.hold_out, 80.0)
        np.testing.assert_array_equal(back.truth.displacement(0, 5), field(0, 5))

    def test_truth_everywhere_has_no_mask_and_unknown_truth_is_none(self, sequence, tmp_path):
        for truth in (MotionTruth(field), None):
            write_case(BenchmarkCase("x", sequence, between(sequence, 0, 2), truth), tmp_path / "case.npz")
            back = read_case(tmp_path / "case.npz").truth
            assert (back is None) == (truth is None)
            assert back is None or back.mask_of(1) is None

    def test_the_file_holds_no_pickles(self, sequence, tmp_path):
        write_case(BenchmarkCase("x", sequence, between(sequence, 0, 2)), tmp_path / "case.npz")
        with np.load(tmp_path / "case.npz", allow_pickle=False) as file:
            assert json.loads(str(file["about"]))["name"] == "x"


class TestDrawnSets:
    def test_hearts_are_those_of_the_test_set(self, tmp_path):
        (quick, *_) = drawn_sets(tmp_path, quick=True)
        (case,) = quick.draw()
        (first, *_) = open_split(DataSettings("phantoms", shape=(1, 128, 128), validation_subjects=4)).test
        assert case.name == first.name == f"heart_phantom_{TEST_SEED}_000"
        loaded = first.load()
        np.testing.assert_array_equal(case.sequence.volumes[3].array, loaded.sequence.volumes[3].array)
        assert (case.hold_out.gaps[0].first, case.hold_out.gaps[0].last) == (loaded.first, loaded.last)

    def test_the_small_chest_breathes_with_exact_truth_inside_the_body(self, tmp_path):
        (case,) = next(s for s in drawn_sets(tmp_path, quick=True) if s.name == "lung_volume").draw()
        (gap,) = case.hold_out.gaps
        assert len(gap.held_out) == 4
        mask, moved = case.truth.mask_of(2), case.truth.displacement(0, 2)
        assert 0.2 < mask.mean() < 0.8
        assert not mask[:, 0].any()  # the air before the chest
        assert np.linalg.norm(moved[mask], axis=-1).mean() > 1.0

    def test_an_absent_ct_is_reported(self, tmp_path):
        with pytest.raises(InvalidInputError, match=r"chest_1mm\.nrrd is not there"):
            next(s for s in drawn_sets(tmp_path, quick=True) if s.name == "ct_breathing").draw()

    def test_the_real_ct_breathes_about_its_own_voxels(self, real_data):
        (case,) = next(s for s in drawn_sets(real_data, quick=True) if s.name == "ct_breathing").draw()
        assert "simulated" in case.name
        assert case.geometry.spacing == (4.0, 4.0, 4.0)
        # half of the way is not half of the time, but neither is it all done long before the end
        way = [np.linalg.norm(case.truth.displacement(0, n), axis=-1).max() for n in range(1, 5)]
        assert 0.05 < way[0] / way[3] < 0.25 < way[1] / way[3] < 0.5
        exhaled, inhaled = (case.sequence.volumes[n].array.astype(float) for n in (-1, 0))
        assert case.truth.mask_of(1).mean() > 0.5
        assert np.abs(inhaled - exhaled).mean() > 20.0

    def test_full_volumes_stay_as_small_as_documented(self):
        assert np.prod(covering(chest_volume(), (3.3, 3.3, 5.5)).shape) <= 500_000


class TestDrawnLoops:
    @pytest.mark.parametrize(("number", "frames"), [(0, 12), (1, 10), (2, 10)])
    def test_every_second_frame_of_a_cycle_is_scored_and_so_is_the_gap_that_closes_it(self, number, frames):
        (case,) = drawn_loops(quick=True)[number].draw()
        assert len(case.sequence) == frames
        assert case.sequence.period is not None
        gaps = case.hold_out.gaps
        assert [list(gap.held_out) for gap in gaps] == [[n] for n in range(1, frames, 2)]
        assert (gaps[-1].last, gaps[-1].closes) == (0, frames)
        times = [gap.t_of(case.sequence, held) for gap in gaps for held in gap.held_out]
        np.testing.assert_allclose(times, 0.5)
        assert len(case.hold_out.shown(case.sequence).gaps) == frames // 2
        middle = gaps[1].held_out[0]
        moved, mask = case.truth.displacement(gaps[1].first, middle), case.truth.mask_of(middle)
        assert np.linalg.norm(moved[mask], axis=-1).mean() > 0.3

    def test_they_show_the_bodies_of_the_other_drawn_sets(self, tmp_path):
        for loop, other in zip(drawn_loops(quick=True), drawn_sets(tmp_path, quick=True), strict=False):
            (whole,), (half,) = loop.draw(), other.draw()
            assert (whole.name, whole.geometry) == (half.name, half.geometry)
            assert loop.name == f"{other.name}_every_2"
            assert loop.coronal == other.coronal

    def test_a_cycle_does_not_turn_at_every_kept_frame(self):
        assert not any(s.turning for s in drawn_loops(quick=True))


class TestGrids:
    @pytest.mark.parametrize("spacing", [(2.0, 2.0, 2.0), (1.5, 3.1, 8.0)])
    def test_a_covering_grid_shares_the_middle_and_stays_inside(self, spacing):
        old = Geometry((40, 50, 60), (1.0, 0.9, 1.2), (5.0, 6.0, 7.0), OBLIQUE)
        new = covering(old, spacing)
        middles = [g.physical_point([(n - 1) / 2 for n in g.shape]) for g in (old, new)]
        np.testing.assert_allclose(*middles, atol=1e-9)
        for have, step, room, width in zip(new.shape, new.spacing_kji, old.shape, old.spacing_kji, strict=True):
            assert (have - 1) * step <= (room - 1) * width < have * step

    def test_a_coarser_volume_keeps_slow_structure_and_loses_noise(self):
        geometry = Geometry((24, 24, 24))
        k = np.arange(24.0)[:, None, None]
        noise = np.random.default_rng(0).normal(0, 30, geometry.shape)
        coarse = coarser_volume(Volume((10 * k + noise).astype(np.int16), geometry), 2.0)
        rest = coarse.array - 10.0 * (coarse.geometry.origin[2] + 2.0 * np.arange(coarse.array.shape[0]))[:, None, None]
        inner = rest[2:-2]
        assert abs(inner.mean()) < 2.0
        assert inner.std() < 15.0

    def test_the_body_includes_the_lungs_and_not_the_air_around_it(self):
        hu = np.full((3, 40, 40), -1000, np.int16)
        hu[:, 8:32, 8:32] = 40
        hu[:, 14:26, 14:26] = -850
        mask = body_mask(hu)
        assert mask[:, 12:28, 12:28].all()
        assert not mask[:, :5].any()


def test_only_two_frames_with_nothing_around_them_need_to_be_told_that_the_motion_turns(tmp_path):
    assert not [s.name for s in real_sets(tmp_path, quick=False) if s.turning]
    turning = {s.name for s in drawn_sets(tmp_path, quick=False) if s.turning}
    assert turning == {"heart_volume", "lung_volume", "ct_breathing"}


class TestRealSets:
    def test_absent_data_is_reported_with_its_place(self, tmp_path):
        for case_set in real_sets(tmp_path, quick=False):
            with pytest.raises(MissingFileError, match="there is no such file or folder"):
                case_set.draw()

    def test_the_known_sets_can_be_read(self, real_data):
        gaps = {}
        for case_set in real_sets(real_data, quick=False):
            (case,) = case_set.draw()
            gaps[case_set.name] = [(gap.first, gap.last) for gap in case.hold_out.gaps]
        assert list(gaps) == [name for name, *_ in KNOWN]
        assert gaps["cine_sax_ed_es"] == gaps["cine_2ch_ed_es"] == [(0, 8)]
        assert gaps["cine_sax_es"] == [(8, 16)]
        assert gaps["cine_2ch_es"] == [(9, 17)]
        assert gaps["cine_sax_every_2"] == gaps["cine_2ch_every_2"] == [(n, n + 2) for n in range(0, 24, 2)]
        assert gaps["cine_2ch_every_4"] == [(n, n + 4) for n in range(0, 24, 4)]
        assert gaps["echo_3dt_every_2"] == [(n, n + 2) for n in range(0, 10, 2)]

    def test_quick_takes_the_first_gap(self, real_data):
        (case,) = next(s for s in real_sets(real_data, quick=True) if s.name == "cine_2ch_every_4").draw()
        assert [(gap.first, gap.last) for gap in case.hold_out.gaps] == [(0, 4)]

    def test_a_sequence_of_ones_own_is_a_set_named_after_its_file(self, sequence, tmp_path):
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            write_sequence(sequence, tmp_path / folder / "my cine.seq.nrrd")
        paths = [tmp_path / folder / "my cine.seq.nrrd" for folder in ("a", "b")]
        one, other = named_sets(paths, Protocol(1, 4))
        assert (one.name, other.name) == ("my_cine", "my_cine-2")
        (case,) = other.draw()
        assert [(gap.first, gap.last) for gap in case.hold_out.gaps] == [(1, 4)]

    def test_synthetic_frames_of_it_are_left_out(self, sequence, tmp_path):
        marked = [{SYNTHETIC_KEY: "true"} if n == 1 else {} for n in range(6)]
        write_sequence(replace(sequence, item_attributes=marked), tmp_path / "mixed.seq.nrrd")
        (case,) = named_sets([tmp_path / "mixed.seq.nrrd"], Protocol(every=2))[0].draw()
        assert len(case.sequence) == 5

    def test_a_protocol_that_does_not_fit_names_the_file(self, sequence, tmp_path):
        write_sequence(sequence, tmp_path / "short.seq.nrrd")
        with pytest.raises(InvalidInputError, match=r"short\.seq\.nrrd"):
            named_sets([tmp_path / "short.seq.nrrd"], Protocol(0, 20))[0].draw()


def test_an_unknown_name_is_refused_with_the_choices():
    with pytest.raises(InvalidInputError, match="no engine 'studnet'; choose from student, demons"):
        require_names("engine", ["demons", "studnet"], ["student", "demons"])
