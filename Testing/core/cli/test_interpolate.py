"""temporal-interp interpolate."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from stand_in_engines import StandIn, blended_along_x
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.engines import choice, registry
from temporal_interp.io import read_field_sequence, read_sequence, write_sequence

BLEND = ("--engine", "linear_blend")
MOVING = ("--engine", "velocity_field")
"""Given last, it is the one that counts."""

PAIR = ("--from", 0, "--to", 4, *BLEND)


def synthetic(sequence):
    return [is_synthetic(attributes) for attributes in sequence.item_attributes]


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def shift_engine(monkeypatch):
    monkeypatch.setattr(registry, "create_engine", lambda name, device: StandIn(blended_along_x, name=name))


@pytest.mark.parametrize("name", ["out.seq.nrrd", "out.nii.gz", "out", "new/folder/out.seq.nrrd"])
def test_the_ending_chooses_the_format_and_acquired_frames_are_kept(command, recording, sequence, tmp_path, name):
    result = command("interpolate", recording, "-o", tmp_path / name, *PAIR, "--times", "250,100.5")
    assert result.exit_code == 0, result.stderr
    assert "4 frames, 2 of them synthetic (linear_blend" in result.stdout
    read = read_sequence(tmp_path / name)
    assert read.times == pytest.approx((0, 100.5, 250, 400))
    assert synthetic(read) == [False, True, True, False]
    np.testing.assert_array_equal(read.volumes[0].array, sequence.volumes[0].array)
    np.testing.assert_array_equal(read.volumes[-1].array, sequence.volumes[4].array)
    assert read.volumes[0].geometry.is_close(sequence.volumes[0].geometry)


def test_count_spaces_frames_evenly(command, recording, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    command("interpolate", recording, "-o", out, *PAIR, "--count", 3)
    assert read_sequence(out).times == pytest.approx((0, 100, 200, 300, 400))


@pytest.mark.parametrize(
    ("cyclic", "last", "period"), [((), 400, None), (("--cyclic",), 450, 500), (("--no-cyclic",), 400, None)]
)
def test_factor_fills_the_whole_sequence(command, recording, tmp_path, cyclic, last, period):
    out = tmp_path / "out.seq.nrrd"
    result = command("interpolate", recording, "-o", out, "--factor", 2, *BLEND, *cyclic)
    made = read_sequence(out)
    assert made.times == pytest.approx(tuple(range(0, last + 1, 50)))
    assert made.period == period
    assert "Note" not in result.stderr


@pytest.mark.parametrize(
    ("cyclic", "step", "kept", "period"), [((), 50, [0, 2, 4, 6, 8], None), (("--cyclic",), 500 / 9, [0], 500)]
)
def test_in_all_spaces_the_frames_of_the_whole_sequence_evenly(
    command, recording, tmp_path, cyclic, step, kept, period
):
    out = tmp_path / "out.seq.nrrd"
    command("interpolate", recording, "-o", out, "--in-all", 9, *BLEND, *cyclic)
    made = read_sequence(out)
    assert made.times == pytest.approx(tuple(step * n for n in range(9)))
    assert (made.acquired_frames, made.period) == (kept, period)


NOTE = (
    "Note: The sequence is a loop of 480 ms; the gap from its last frame back to the first is filled, too. --no-cyclic"
)


@pytest.mark.parametrize(
    ("cyclic", "last", "period", "noted"),
    [((), 440, 480, True), (("--cyclic",), 440, 480, False), (("--no-cyclic",), 400, None, False)],
)
def test_a_loop_is_filled_round_and_that_is_said(command, events, loop, tmp_path, cyclic, last, period, noted):
    out = tmp_path / "out.seq.nrrd"
    result = command("interpolate", loop, "-o", out, "--factor", 2, *BLEND, *cyclic)
    made = read_sequence(out)
    assert (made.times[-1], made.period) == (last, period)
    assert (NOTE in result.stderr) == noted
    *_, last_event = events(
        command("interpolate", loop, "-o", tmp_path / "o", "--factor", 2, *BLEND, *cyclic, "--json")
    )
    assert last_event["period"] == period


@pytest.mark.parametrize(("cyclic", "period"), [((), 480), (("--cyclic",), 480), (("--no-cyclic",), None)])
def test_what_lies_around_two_phases_is_that_of_the_loop(command, monkeypatch, loop, tmp_path, cyclic, period):
    engine = StandIn(blended_along_x)
    monkeypatch.setattr(registry, "create_engine", lambda name, device: engine)
    out = tmp_path / "out.seq.nrrd"
    result = command("interpolate", loop, "-o", out, "--from", 0, "--to", 2, "--count", 1, *cyclic)
    assert engine.prepared[0].sequence.period == period
    assert read_sequence(out).period is None
    assert "The sequence is a loop" not in result.stderr


def test_factor_starts_from_the_acquired_frames_only(command, recording, tmp_path):
    once, again = tmp_path / "once.seq.nrrd", tmp_path / "again.seq.nrrd"
    command("interpolate", recording, "-o", once, "--factor", 2, *BLEND)
    command("interpolate", once, "-o", again, "--factor", 2, *BLEND)
    assert synthetic(read_sequence(again)) == [False, True] * 4 + [False]


def test_a_synthetic_frame_is_no_endpoint(command, recording, tmp_path):
    once, again = tmp_path / "once.seq.nrrd", tmp_path / "again.seq.nrrd"
    command("interpolate", recording, "-o", once, "--factor", 2, *BLEND)
    result = command("interpolate", once, "-o", again, "--from", 1, "--to", 4, "--count", 1, *BLEND)
    assert result.exit_code == 3
    assert "The first phase, frame 1, is itself synthetic" in result.stderr


def test_the_result_for_a_program(command, events, recording, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    result = command("interpolate", recording, "-o", out, *PAIR, "--count", 1, "--json")
    *others, last = events(result)
    assert {event["event"] for event in others} == {"progress"}
    assert [event["fraction"] for event in others][-1] == 1.0
    assert last["event"] == "result"
    assert (last["output"], last["frames"], last["synthetic_frames"]) == (str(out), 3, [1])
    assert last["engine"] == "linear_blend"
    assert result.stderr == ""


def test_fields_are_written_for_both_ends_with_their_jacobians(command, shift_engine, recording, tmp_path):
    fields = tmp_path / "fields"
    result = command(
        "interpolate", recording, "-o", tmp_path / "o.nii.gz", *PAIR, "--times", "100", "--fields", fields, *MOVING
    )
    assert result.exit_code == 0, result.stderr
    assert files_of(fields) == sorted(
        f"{kind}_{end}_to_t.seq.nrrd" for kind in ("displacement", "jacobian") for end in ("first", "last")
    )
    field = read_field_sequence(fields / "displacement_first_to_t.seq.nrrd")
    assert field.times == (0, 100, 400)  # the ends too: the field over the whole gap is one of theirs
    for array, t in zip(field.fields, (0.0, 0.25, 1.0), strict=True):
        np.testing.assert_allclose(array[..., 0], 2 * t)
    assert [is_synthetic(attributes) for attributes in field.item_attributes] == [False, True, False]
    assert field.geometry.is_close(read_sequence(recording).volumes[0].geometry)
    jacobian = read_sequence(fields / "jacobian_last_to_t.seq.nrrd")
    assert jacobian.times == (0, 100, 400)
    np.testing.assert_allclose(jacobian.volumes[1].array, 1.25)


def test_fields_of_frames_at_large_times_a_little_apart_are_distinguished(command, shift_engine, sequence, tmp_path):
    late = replace(sequence, times=[36_000_000 + 75 * n for n in range(len(sequence))])
    write_sequence(late, tmp_path / "late.seq.nrrd")
    fields = tmp_path / "fields"
    result = command("interpolate", tmp_path / "late.seq.nrrd", "-o", tmp_path / "o", "--factor", 2, "--fields", fields)
    assert result.exit_code == 0, result.stderr
    times = read_field_sequence(fields / "displacement_last_to_t.seq.nrrd").times
    assert times == tuple(36_000_037.5 + 75 * n for n in range(len(sequence) - 1))


@pytest.mark.parametrize("given", [(), ("--engine", "auto")], ids=["left-out", "named"])
def test_auto_is_the_default_and_says_which_engine_it_is_and_why(
    command, events, recording, sequence, tmp_path, monkeypatch, shift_engine, given
):
    asked = []

    def choose(geometry, slice_thickness, *, device):
        asked.append((geometry.shape, slice_thickness, device))
        return choice.Choice("student", "Automatic is the student: it is best.")

    monkeypatch.setattr(choice, "choose_engine", choose)
    options = ("--factor", 2, "--device", "cpu", *given)
    result = command("interpolate", recording, "-o", tmp_path / "o.seq.nrrd", *options)
    assert result.exit_code == 0, result.stderr
    assert "Note: Automatic is the student: it is best." in result.stderr
    *_, last = events(command("interpolate", recording, "-o", tmp_path / "p.seq.nrrd", *options, "--json"))
    assert last["engine"] == "student"
    assert asked == [(sequence.geometry.shape, sequence.slice_thickness, "cpu")] * 2


def test_auto_without_motion_has_no_fields_to_write(command, recording, tmp_path, monkeypatch):
    monkeypatch.setattr(choice, "choose_engine", lambda *_, **__: choice.Choice("linear_blend", "It is left."))
    before = files_of(tmp_path)
    result = command("interpolate", recording, "-o", tmp_path / "o", "--factor", 2, "--fields", tmp_path / "f")
    assert result.exit_code == 3
    assert "linear_blend has no displacement fields; leave out --fields" in result.stderr
    assert files_of(tmp_path) == before


def test_an_engine_that_has_left_the_program_is_told_of_before_the_input_is_read(command, tmp_path):
    result = command("interpolate", "nothing", "-o", tmp_path / "o", "--factor", 2, "--engine", "refined")
    assert result.exit_code == 3
    assert "There is no engine 'refined' any more; choose one of velocity_field" in " ".join(result.stderr.split())


def test_an_engine_without_motion_has_no_fields_to_write(command, recording, tmp_path):
    before = files_of(tmp_path)
    result = command("interpolate", recording, "-o", tmp_path / "o", *PAIR, "--count", 1, "--fields", tmp_path / "f")
    assert result.exit_code == 3
    assert "linear_blend has no displacement fields; leave out --fields" in result.stderr
    assert files_of(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Give --from and --to, or --factor"),
        (("--from", 0, "--count", 1), "Give --from and --to, or --factor"),
        (("--from", 0, "--to", 4), "Give either --times or --count"),
        (("--from", 0, "--to", 4, "--count", 1, "--times", "100"), "Give either --times or --count"),
        (("--factor", 2, "--from", 0), "--factor fills every gap"),
        (("--factor", 2, "--in-all", 9), "--in-all is for the whole sequence"),
        (("--from", 0, "--to", 4, "--times", "100;200"), "numbers separated by commas"),
    ],
)
def test_contradicting_options_are_wrong_usage(command, recording, tmp_path, options, words):
    result = command("interpolate", recording, "-o", tmp_path / "out.seq.nrrd", *options)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", 0, "--to", 5, "--count", 1), "The last phase is frame 5"),
        (("--from", 3, "--to", 1, "--count", 1), "must come before"),
        (("--from", 0, "--to", 4, "--times", "400"), "400 ms does not lie strictly between"),
        (("--from", 0, "--to", 4, "--times", "nan"), "nan ms does not lie strictly between"),
        (("--from", 0, "--to", 4, "--count", 0), "at least 1"),
        (("--factor", 1), "at least 2"),
        (("--in-all", 1), "at least 2"),
        (("--factor", 2, "--engine", "magic"), "no engine 'magic'"),
        (("--factor", 2, "--device", "quantum"), "no device 'quantum'"),
    ],
)
def test_input_that_cannot_be_worked_with_leaves_no_file(command, recording, tmp_path, options, words):
    engine = () if "--engine" in options else BLEND
    before = files_of(tmp_path)
    result = command("interpolate", recording, "-o", tmp_path / "out.seq.nrrd", *options, *engine)
    assert result.exit_code == 3
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert files_of(tmp_path) == before


def test_output_is_refused_before_the_work(command, recording, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.io.read_sequence", lambda path, **choice: pytest.fail("the work has begun"))
    there = tmp_path / "there.seq.nrrd"
    there.write_text("precious")
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    for output, words in (
        (there, "--force"),
        (tmp_path / "out.png", "must end in"),
        (there / "out.seq.nrrd", "is a file"),
        (full, "holds files"),
    ):
        result = command("interpolate", recording, "-o", output, *PAIR, "--count", 1)
        assert result.exit_code == 3
        assert words in result.stderr
    result = command("interpolate", recording, "-o", tmp_path / "o.nii.gz", *PAIR, "--count", 1, "--fields", full)
    assert result.exit_code == 3
    assert "--force" in result.stderr
    assert there.read_text() == "precious"


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_the_input_is_not_replaced_even_with_force(command, recording, tmp_path, monkeypatch, force):
    before = recording.read_bytes()
    monkeypatch.setattr("temporal_interp.io.read_sequence", lambda path: pytest.fail("the work has begun"))
    (tmp_path / "link.seq.nrrd").symlink_to(recording)
    for output in (recording, tmp_path / "link.seq.nrrd"):
        result = command("interpolate", recording, "-o", output, "--factor", 2, *force)
        assert result.exit_code == 3
        assert "is the input itself" in result.stderr
    assert recording.read_bytes() == before


def test_a_result_that_the_disk_has_no_room_for_is_refused_before_the_work(command, recording, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.workflows.interpolation.run", lambda *args, **how: pytest.fail("it has begun"))
    for many in (("--factor", 10**9), ("--in-all", 10**9), (*PAIR, "--count", 10**9)):
        result = command("interpolate", recording, "-o", tmp_path / "out.nii.gz", *many)
        assert result.exit_code == 3
        assert "out.nii.gz: the result takes about" in result.stderr
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(total=10**9, free=10**4))
    fields = ("--fields", tmp_path / "fields")
    result = command("interpolate", recording, "-o", tmp_path / "out.seq.nrrd", *PAIR, "--count", 2, *fields, *MOVING)
    assert result.exit_code == 3
    assert "out.seq.nrrd and" in result.stderr
    assert "Make room" in result.stderr


def test_a_result_that_the_memory_has_no_room_for_is_refused_before_the_work(command, recording, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.memory.free_memory", lambda: 10**4)
    result = command("interpolate", recording, "-o", tmp_path / "out.nii.gz", "--factor", 20)
    assert result.exit_code == 3
    assert "81 frames of 28 x 24 x 1 voxels take" in result.stderr


def test_more_frames_than_nifti_has_room_for_are_refused_before_the_work(command, recording, tmp_path):
    result = command("interpolate", recording, "-o", tmp_path / "out.nii.gz", *PAIR, "--count", 40000)
    assert result.exit_code == 3
    assert "NIfTI has room for 32767 frames" in result.stderr


def test_index_values_that_would_be_too_close_are_refused_before_the_work(command, cases, tmp_path, monkeypatch):
    monkeypatch.setattr("temporal_interp.workflows.interpolation.run", lambda *args, **how: pytest.fail("it has begun"))
    output = tmp_path / "out.seq.nrrd"
    result = command("interpolate", cases / "r0_slicer510.seq.nrrd", "-o", output, "--factor", 50)
    assert result.exit_code == 3
    assert "out.seq.nrrd: Frames at 0 and 0.0008 s lie no further apart than 0.001" in result.stderr


def test_force_replaces_a_file(command, recording, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    out.write_text("old")
    assert command("interpolate", recording, "-o", out, *PAIR, "--count", 1, "--force").exit_code == 0
    assert len(read_sequence(out)) == 3


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_ctrl_c_leaves_with_130_and_nothing_written(command, recording, tmp_path, monkeypatch, json):
    def interrupted(pair, t):
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "create_engine", lambda name, device: StandIn(interrupted, name=name))
    before = files_of(tmp_path)
    out, fields = tmp_path / "out.seq.nrrd", tmp_path / "fields"
    result = command("interpolate", recording, "-o", out, *PAIR, "--count", 1, "--fields", fields, *MOVING, *json)
    assert result.exit_code == 130
    assert "nothing has been written" in (result.stdout if json else result.stderr)
    assert files_of(tmp_path) == before


def test_notes_of_the_reader_reach_the_user(command, recording, tmp_path, monkeypatch):
    read = read_sequence(recording)
    monkeypatch.setattr(
        "temporal_interp.io.read_sequence", lambda path, **choice: replace(read, notes=["times are made up"])
    )
    result = command("interpolate", recording, "-o", tmp_path / "o.nii.gz", *PAIR, "--count", 1)
    assert "Note: times are made up" in result.stderr


def test_times_that_nifti_cannot_hold_are_said_to_be_beside_it(command, sequence, tmp_path):
    uneven = replace(sequence, times=[0.0, 10.0, *(80.0 + 40 * n for n in range(len(sequence) - 2))])
    write_sequence(uneven, tmp_path / "pet.seq.nrrd")
    arguments = ("interpolate", tmp_path / "pet.seq.nrrd", "--engine", "linear_blend", "--factor", 2, "-o")
    result = command(*arguments, tmp_path / "out.nii.gz")
    assert "regular times only" in " ".join(result.stderr.split())
    assert "out.json" in result.stderr
    assert "regular times only" not in " ".join(command(*arguments, tmp_path / "out.seq.nrrd").stderr.split())


def test_a_frame_that_shows_nothing_is_named(command, sequence, tmp_path):
    volumes = [v.with_array(v.array.astype(np.float32)) for v in sequence.volumes]
    volumes[2].array[:] = np.nan
    write_sequence(replace(sequence, volumes=volumes), tmp_path / "nan.seq.nrrd")
    result = command("interpolate", tmp_path / "nan.seq.nrrd", "-o", tmp_path / "o", "--factor", 2, *BLEND)
    assert result.exit_code == 3
    assert "Frame 2 is NaN or infinite throughout" in result.stderr


def test_fields_in_the_folder_of_the_frames_are_refused_before_any_work(command, recording, tmp_path):
    out = tmp_path / "out"
    for fields in (out, out / "fields"):
        result = command("interpolate", recording, "-o", out, *PAIR, "--count", 1, "--fields", fields)
        assert result.exit_code == 3
        words = " ".join(result.stderr.split())  # a long path wraps
        assert "--output and --fields would write the same" in words or "choose another place" in words
    assert not out.exists()


@pytest.mark.parametrize("where", [("out.seq.nrrd",), ("out.nii.gz", "--fields", "fields")])
def test_times_that_slicer_would_merge_are_refused_before_any_work(command, sequence, tmp_path, monkeypatch, where):
    in_seconds = replace(sequence, times=[t / 1e5 for t in sequence.times], unit="s")
    write_sequence(in_seconds, tmp_path / "s.nii.gz")
    name, *fields = where
    options = [str(tmp_path / f) if f == "fields" else f for f in fields]
    monkeypatch.setattr(registry, "create_engine", lambda name, device: StandIn(pytest.fail, name=name))
    result = command("interpolate", tmp_path / "s.nii.gz", "-o", tmp_path / name, "--factor", 2, *options)
    assert result.exit_code == 3
    assert "Slicer would merge them" in result.stderr


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_ct_padded_with_nan_keeps_its_padding_and_is_finite_elsewhere(command, cases, tmp_path):
    source = cases / "n16d_ct_nan_pad.seq.nrrd"
    result = command("interpolate", source, "-o", tmp_path / "out.seq.nrrd", "--factor", 2)
    assert result.exit_code == 0, result.output
    given, made = read_sequence(source).to_numpy(), read_sequence(tmp_path / "out.seq.nrrd").to_numpy()
    np.testing.assert_array_equal(made[::2], given)
    padding = np.isnan(given).all(axis=0)
    assert padding.any()
    np.testing.assert_array_equal(np.isnan(made), np.broadcast_to(padding, made.shape))
    assert np.nanmin(made) > -1100


def test_uncertainty_writes_a_companion_on_the_same_grid_and_at_the_same_times(command, recording, tmp_path, events):
    out, errors = tmp_path / "out.seq.nrrd", tmp_path / "errors.nii.gz"
    result = command(
        "interpolate", recording, "-o", out, "--factor", 2, *BLEND, "--uncertainty", errors, "--json"
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    made, companion = read_sequence(out), read_sequence(errors)
    assert companion.times == pytest.approx(made.times)
    assert companion.geometry.is_close(made.geometry)
    assert "one standard deviation" in companion.item_attributes[1]["TemporalInterp.ExpectedError"]
    assert "hidden frames" in companion.item_attributes[1]["TemporalInterp.Calibration"]
    assert not companion[0].array.any()
    told = events(result)[-1]["expected_error"]
    assert told["factor_95"] >= 1.96
    assert [one["frames"] for one in told["calibrated_on"]] == [3, 1]


def test_uncertainty_of_two_phases_alone_says_that_it_is_not_calibrated(command, tmp_path, sequence):
    write_sequence(sequence[:2], tmp_path / "two.seq.nrrd")
    result = command(
        "interpolate", tmp_path / "two.seq.nrrd", "-o", tmp_path / "out.seq.nrrd", "--factor", 2, *BLEND,
        "--uncertainty", tmp_path / "errors.seq.nrrd",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "not calibrated" in result.stdout


def test_uncertainty_does_not_overwrite_and_needs_another_name(command, recording, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    result = command("interpolate", recording, "-o", out, "--factor", 2, *BLEND, "--uncertainty", out)
    assert result.exit_code != 0
    assert "different names" in result.stderr
    assert files_of(tmp_path) == [recording.name]


def test_a_measured_choice_says_why(command, recording, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    result = command("interpolate", recording, "-o", out, "--from", 0, "--to", 4, "--count", 1, "--engine",
                     "auto-measured")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "Measuring needs 3 frames to hide" in result.stderr
    assert out.exists()
