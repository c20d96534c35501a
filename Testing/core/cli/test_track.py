"""temporal-interp track."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from temporal_interp.cli.track import WRITTEN
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError
from temporal_interp.io import read_field_sequence, read_sequence, write_sequence, write_volume
from temporal_interp.io.field_sequence import DIRECTION_KEY, FieldDirection
from temporal_interp.tracking import track as tracking

QUICK = ("--passes", 25)
GEOMETRY = Geometry((1, 32, 40), (1.5, 1.5, 8.0), (10.0, -20.0, 30.0))


def pattern(shift):
    j, i = np.mgrid[:32, :40].astype(float)
    i -= shift
    return (500 + 200 * (np.sin(j / 2.9) * np.cos(i / 3.7) + np.sin((j + 2 * i) / 6.1)))[None].astype(np.int16)


@pytest.fixture
def recording(tmp_path):
    """Four frames of a pattern that moves along x, one slice, every 50 ms."""
    path = tmp_path / "recording.seq.nrrd"
    volumes = [Volume(pattern(0.5 * n), GEOMETRY) for n in range(4)]
    write_sequence(Sequence(volumes, [0, 50, 100, 150]), path)
    return path


@pytest.fixture
def contour(tmp_path):
    """A circle about the middle of the slice."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    middle = GEOMETRY.physical_point((0, 15.5, 19.5))
    lines = [f"{middle[0] + 12 * np.cos(a)},{middle[1] + 12 * np.sin(a)},{middle[2]}" for a in angles]
    path = tmp_path / "contour.csv"
    path.write_text("\n".join(["x,y,z", *lines]))
    return path


@pytest.fixture
def called(monkeypatch):
    """What the command asked of the tracking, in place of the slow work."""
    asked = {}

    def pretend(sequence, settings, **how):
        asked.update(how, sequence=sequence, settings=settings)
        raise CancelledError

    monkeypatch.setattr(tracking, "track", pretend)
    return asked


def table(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_fields_curves_and_pictures_are_written(command, recording, contour, tmp_path):
    out = tmp_path / "out"
    result = command("track", recording, "-o", out, *QUICK, "--contour", contour, "--points", contour)
    assert result.exit_code == 0, result.output
    made = {path.name for path in out.iterdir()}
    fields = {"displacement.seq.nrrd", "forward.seq.nrrd", "backward.seq.nrrd"}
    pictures = {"motion.png", "strain.png", "tracking.gif"}
    assert made == fields | pictures | {"curves.csv", "points.csv"}
    assert made <= set(WRITTEN)
    displacement = read_field_sequence(out / "displacement.seq.nrrd")
    assert displacement.attributes[DIRECTION_KEY] == FieldDirection.FROM_REFERENCE
    assert displacement.geometry.is_close(GEOMETRY)
    assert displacement.times == (0, 50, 100, 150)
    assert not displacement.fields[0].any()
    assert read_field_sequence(out / "forward.seq.nrrd").times == (0, 50, 100)
    assert read_field_sequence(out / "backward.seq.nrrd").times == (50, 100, 150)
    lines = table(out / "curves.csv")
    assert [float(line["time"]) for line in lines] == [0, 50, 100, 150]
    assert {"radial_strain", "circumferential_strain", "forward_backward_error_mm"} <= set(lines[0])
    last = [line for line in table(out / "points.csv") if line["frame"] == "3"]
    first = table(contour)
    moved = [float(there["x"]) - float(here["x"]) for there, here in zip(last, first, strict=True)]
    assert np.mean(moved) == pytest.approx(3 * 0.5 * 1.5, abs=0.5)  # voxels of 1.5 mm
    with Image.open(out / "tracking.gif") as film:
        assert film.n_frames == 4
    assert "Peak circumferential strain" in result.stdout


def test_of_the_displacement_alone_nothing_else_is_written(command, recording, tmp_path, events):
    whole, alone = tmp_path / "whole", tmp_path / "alone"
    assert command("track", recording, "-o", whole, *QUICK, "--cycle").exit_code == 0
    result = command("track", recording, "-o", alone, *QUICK, "--cycle", "--displacement-only", "--json")
    assert result.exit_code == 0, result.output
    (written,) = alone.iterdir()
    assert written.read_bytes() == (whole / "displacement.seq.nrrd").read_bytes()
    values = events(result)[-1]
    assert values["forward_backward_mm"] > 0
    assert values["closing_mm"] > 0


def test_in_words_of_the_displacement_alone(command, recording, tmp_path):
    result = command("track", recording, "-o", tmp_path / "out", *QUICK, "--displacement-only")
    assert f"{tmp_path / 'out'}: the displacement (" in result.stdout
    assert "there and back" in result.stdout


@pytest.mark.parametrize("option", ["--maps", "--points", "--contour"])
def test_what_more_is_asked_for_beside_the_displacement_alone_is_refused(
    command, recording, contour, tmp_path, called, option
):
    asked = [option] if option == "--maps" else [option, contour]
    result = command("track", recording, "-o", tmp_path / "out", "--displacement-only", *asked)
    assert result.exit_code == 2
    assert option in result.stderr
    assert not called


def test_cycle_reports_its_closing_and_has_one_more_pair(command, recording, tmp_path, events):
    out = tmp_path / "out"
    result = command("track", recording, "-o", out, *QUICK, "--cycle", "--reference", 1, "--json")
    assert result.exit_code == 0, result.output
    values = events(result)[-1]
    assert values["event"] == "result"
    assert values["closing_mm"] > 0
    assert values["reference"] == 1
    assert read_field_sequence(out / "forward.seq.nrrd").times == (0, 50, 100, 150)
    backward = read_field_sequence(out / "backward.seq.nrrd")
    assert backward.times == (0, 50, 100, 150)
    # the field on frame 1 points back to frame 0, against the motion; that on frame 0 to the last frame, with it
    assert backward.fields[1][..., 0].mean() < 0 < backward.fields[0][..., 0].mean()
    assert not read_field_sequence(out / "displacement.seq.nrrd").fields[1].any()


def test_loop_is_tracked_round_unless_told_otherwise(command, loop, tmp_path, events):
    """The file says that its five frames are a loop."""
    for cycle, pairs in (((), 5), (("--cycle",), 5), (("--no-cycle",), 4)):
        result = command("track", loop, "-o", tmp_path / "out", "--passes", 1, *cycle, "--force", "--json")
        assert result.exit_code == 0, result.output
        assert len(read_field_sequence(tmp_path / "out" / "forward.seq.nrrd").fields) == pairs
        assert (events(result)[-1]["closing_mm"] is not None) == (pairs == 5)


def test_loop_is_told_of_where_no_option_says_what_it_is(command, loop, recording, tmp_path, called):
    words = "Note: The sequence is a loop of 480 ms; it is tracked as one whole beat. --no-cycle"
    assert words in command("track", loop, "-o", tmp_path / "out").stderr
    for arguments in ((loop, "--cycle"), (loop, "--no-cycle"), (recording,)):
        assert "a loop" not in command("track", *arguments, "-o", tmp_path / "out").stderr


@pytest.mark.parametrize(("option", "closed"), [((), None), (("--cycle",), True), (("--no-cycle",), False)])
def test_cycle_is_as_the_file_says_unless_an_option_does(command, recording, tmp_path, called, option, closed):
    command("track", recording, "-o", tmp_path / "out", *option)
    assert called["closed"] is closed


def test_maps_of_strain_and_flow_are_written_when_requested(command, recording, tmp_path):
    out = tmp_path / "out"
    result = command("track", recording, "-o", out, *QUICK, "--maps")
    assert result.exit_code == 0, result.output
    strains = {f"strain_{axes}.seq.nrrd" for axes in ("ii", "ij", "jj")}
    made = {path.name for path in out.iterdir()}
    assert strains | {f"{name}.seq.nrrd" for name in ("velocity", "divergence", "vorticity")} <= made <= set(WRITTEN)
    velocity = read_field_sequence(out / "velocity.seq.nrrd")
    assert velocity.fields[1][..., 0].mean() == pytest.approx(0.75 / 0.05, rel=0.3)  # 0.75 mm in 50 ms
    strain = read_sequence(out / "strain_ii.seq.nrrd")
    assert strain.times == (0, 50, 100, 150)
    assert not strain.volumes[0].array.any()


def test_long_axis_strain_is_longitudinal(command, recording, contour, tmp_path):
    out = tmp_path / "out"
    result = command("track", recording, "-o", out, *QUICK, "--contour", contour, "--view", "long-axis")
    assert result.exit_code == 0, result.output
    assert "longitudinal_strain" in table(out / "curves.csv")[0]


def test_options_reach_the_tracking(command, recording, tmp_path, called):
    mask = np.zeros(GEOMETRY.shape, np.uint8)
    mask[:, 4:20, 5:25] = 3
    write_volume(Volume(mask, GEOMETRY), tmp_path / "mask.nrrd")
    result = command(
        "track", recording, "-o", tmp_path / "out", "--mask", tmp_path / "mask.nrrd", "--smoothness", 7,
        "--passes", 9, "--checkpoint", tmp_path / "state", "--reference", 2,
    )  # fmt: skip
    assert result.exit_code == 130
    assert called["mask"].sum() == 16 * 20
    assert (called["settings"].smoothness, called["settings"].passes) == (7, (9, 9, 9, 9))
    assert (called["settings"].refinement_passes, called["settings"].method) == (9, "velocity")
    assert (called["reference"], called["checkpoint"]) == (2, tmp_path / "state")
    assert not (tmp_path / "out").exists()


def test_paper_settings_can_be_requested(command, recording, tmp_path, called):
    command("track", recording, "-o", tmp_path / "out", "--paper")
    assert called["settings"].learning_rate == 1e-3
    assert called["settings"].refinement == ()
    assert called["settings"].method == "nmsr"


def test_networks_can_be_requested_and_started_from(command, recording, tmp_path, monkeypatch):
    networks = ("--method", "nmsr", "--passes", 1)
    assert command("track", recording, "-o", tmp_path / "first", *networks).exit_code == 0
    network = tmp_path / "first" / "network.safetensors"
    asked = {}
    real = tracking.track
    monkeypatch.setattr(tracking, "track", lambda *a, **how: asked.update(how, settings=a[1]) or real(*a, **how))
    result = command("track", recording, "-o", tmp_path / "next", "--start-from", network, "--passes", 1)
    assert result.exit_code == 0, result.output
    assert asked["settings"].method == "nmsr"
    assert asked["start_from"]


@pytest.mark.parametrize("option", [("--paper",), ("--start-from", "network.safetensors")])
def test_options_of_networks_are_refused_for_velocities(command, recording, tmp_path, called, option):
    result = command("track", recording, "-o", tmp_path / "out", "--method", "velocity", *option)
    assert result.exit_code == 2
    assert f"{option[0]} needs --method nmsr" in result.stderr
    assert not called


def test_mask_that_misses_the_sequence_is_refused(command, recording, tmp_path):
    far = Geometry(GEOMETRY.shape, GEOMETRY.spacing, (900.0, 0.0, 0.0))
    write_volume(Volume(np.ones(GEOMETRY.shape, np.uint8), far), tmp_path / "mask.nrrd")
    result = command("track", recording, "-o", tmp_path / "out", "--mask", tmp_path / "mask.nrrd")
    assert result.exit_code == 3
    assert "mask.nrrd" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("reference", [4, 99])
def test_reference_that_is_not_there_is_refused(command, recording, tmp_path, reference):
    result = command("track", recording, "-o", tmp_path / "out", "--reference", reference)
    assert result.exit_code == 3
    assert "frames 0 to 3" in result.stderr


def test_single_frame_is_refused(command, tmp_path):
    write_sequence(Sequence([Volume(pattern(0), GEOMETRY)], [0]), tmp_path / "one.seq.nrrd")
    result = command("track", tmp_path / "one.seq.nrrd", "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert "only one" in result.stderr


def test_contour_of_two_points_is_refused_before_the_work(command, recording, tmp_path, called):
    (tmp_path / "line.csv").write_text("x,y,z\n0,0,0\n5,0,0\n")
    result = command("track", recording, "-o", tmp_path / "out", "--contour", tmp_path / "line.csv")
    assert result.exit_code == 3
    assert not called


def test_contour_outside_the_picture_is_refused_before_the_work(command, recording, tmp_path, called):
    (tmp_path / "far.csv").write_text("x,y,z\n500,0,30\n505,0,30\n505,5,30\n")
    result = command("track", recording, "-o", tmp_path / "out", "--contour", tmp_path / "far.csv")
    assert result.exit_code == 3
    assert not called


def test_wall_thickness_needs_a_contour(command, recording, tmp_path):
    result = command("track", recording, "-o", tmp_path / "out", "--wall-thickness", 9)
    assert result.exit_code == 2
    assert "--contour" in result.stderr


def test_folder_with_files_is_kept_without_force(command, recording, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    result = command("track", recording, "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 3
    assert "--force" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_film_that_cannot_be_drawn_does_not_lose_the_fields(command, recording, tmp_path, monkeypatch):
    def fails(folder, *drawn):
        (folder / "motion.png").touch()
        raise ValueError("the film is empty")

    monkeypatch.setattr("temporal_interp.cli.tracking_results.draw_results", fails)
    result = command("track", recording, "-o", tmp_path / "out", *QUICK)
    assert result.exit_code == 0, result.output
    assert "could not be drawn (ValueError: the film is empty)" in result.stderr
    assert "pictures" not in result.stdout
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"displacement.seq.nrrd", "forward.seq.nrrd", "backward.seq.nrrd", "curves.csv"}


def test_times_that_slicer_would_merge_are_refused_before_the_work(command, tmp_path, called):
    volumes = [Volume(pattern(0.5 * n), GEOMETRY) for n in range(4)]
    write_sequence(Sequence(volumes, [0, 0.0005, 0.001, 0.0015], unit="s"), tmp_path / "fast.nii.gz")
    result = command("track", tmp_path / "fast.nii.gz", "-o", tmp_path / "out")
    assert result.exit_code == 3
    assert "Slicer would merge them" in result.stderr
    assert not called


def test_an_input_is_not_replaced_even_with_force(command, recording, contour, tmp_path, called):
    contour.rename(tmp_path / "points.csv")
    result = command("track", recording, "-o", tmp_path, "--points", tmp_path / "points.csv", "--force")
    assert result.exit_code == 3
    assert "points.csv, which is the input itself" in result.stderr
    assert not called


def test_stopped_tracking_leaves_no_folder_and_resumes(command, recording, tmp_path, monkeypatch):
    real = tracking.PairFit._step
    steps = []

    def stop(fit):
        steps.append(1)
        if len(steps) > 90:
            raise CancelledError
        real(fit)

    monkeypatch.setattr(tracking.PairFit, "_step", stop)
    networks = (*QUICK, "--method", "nmsr")
    arguments = ("track", recording, "-o", tmp_path / "out", *networks, "--checkpoint", tmp_path / "state")
    assert command(*arguments).exit_code == 130
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(tracking.PairFit, "_step", real)
    result = command(*arguments)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "displacement.seq.nrrd").exists()
    (tmp_path / "out").rename(tmp_path / "earlier")
    result = command(*arguments)  # all is done, and each scale was seen by another run
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "motion.png").is_file()


def test_help_is_quick_to_reach_and_says_what_is_written(command):
    said = command("track", "--help").stdout
    assert "displacement.seq.nrrd" in said
    assert json.dumps("short-axis").strip('"') in said


def test_progress_goes_on_until_the_motion_is_written(command, events, recording, tmp_path):
    result = command("track", recording, "-o", tmp_path / "out", *QUICK, "--json")
    told = [event for event in events(result) if event["event"] == "progress"]
    assert told[0]["message"] == "finding the motion, frame 1 of 3"
    assert (told[-1]["fraction"], told[-1]["message"]) == (1.0, "writing the motion")
    assert [event["fraction"] for event in told] == sorted(event["fraction"] for event in told)
