"""Every command checks what it will write before the work: one suite over all of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.io import write_displacement, write_volume

GEOMETRY = Geometry((4, 24, 28), (1.5, 1.5, 8.0))

AN_OUTPUT_IS_AN_INPUT = [
    "interpolate recording.seq.nrrd -o recording.seq.nrrd --factor 2",
    "interpolate recording.seq.nrrd -o out.nii.gz --fields recording.seq.nrrd --factor 2",
    "track recording.seq.nrrd -o recording.seq.nrrd",
    "track recording.seq.nrrd -o . --points points.csv",
    "track recording.seq.nrrd -o out --start-from network.safetensors --checkpoint network.safetensors",
    "register fixed.nrrd moving.nrrd -o fixed.nrrd",
    "register fixed.nrrd moving.nrrd -o moving.nrrd",
    "register fixed.nrrd moving.nrrd -o out.nrrd --field fixed.nrrd",
    "register fixed.nrrd moving.nrrd -o out.nrrd --field start.nrrd --initial start.nrrd",
    "slices apply fixed.nrrd -o fixed.nrrd",
    "slices train fixed.nrrd -o out.safetensors --checkpoint fixed.nrrd",
    "slices evaluate fixed.nrrd -o fixed.nrrd",
    "adapt recording.seq.nrrd -o network.safetensors --model network.safetensors",
    "train student --config synthetic -o run --start run/student/student.safetensors",
    "train student --config synthetic -o run --start run/student/last.safetensors",
    "train student --config run/student/settings.json -o run --no-distil",
    "train teacher --config run/teacher/settings.json -o run",
    "ablate --config synthetic -o run --model mine=run/ablation.csv",
    "evaluate recording.seq.nrrd --every 2 -o recording.seq.nrrd",
    "evaluate-tracking recording.seq.nrrd -o recording.seq.nrrd",
    "phantom lung --ct fixed.nrrd -o out.nii.gz --truth fixed.nrrd",
]

TWO_OUTPUTS_ARE_ONE = [
    "interpolate recording.seq.nrrd -o out.seq.nrrd --fields out.seq.nrrd --factor 2",
    "interpolate recording.seq.nrrd -o out.nii.gz --fields out.json --factor 2",
    "interpolate recording.seq.nrrd -o f/displacement_first_to_t.seq.nrrd --fields f --factor 2",
    "register fixed.nrrd moving.nrrd -o out.nrrd --field out.nrrd",
    "register fixed.nrrd moving.nrrd -o out.nrrd --field OUT.nrrd",
    "register fixed.nrrd moving.nrrd -o out.nrrd --moving-labels moving.nrrd --warped-labels out.nrrd",
    "track recording.seq.nrrd -o out --checkpoint out",
    "slices train fixed.nrrd -o out.safetensors --checkpoint out.safetensors",
    "phantom heart -o out --truth out",
]

TOO_LARGE = [
    "interpolate recording.seq.nrrd -o out.nii.gz --factor 2",
    "interpolate recording.seq.nrrd -o out --fields f --factor 2",
    "register fixed.nrrd moving.nrrd -o out.nrrd --field f.mha",
    "track recording.seq.nrrd -o out",
    "slices apply fixed.nrrd -o out.nrrd",
    "slices apply fixed.nrrd -o out.seq.nrrd",
    "phantom heart -o out.nii.gz",
    "phantom lung -o out.seq.nrrd --truth f",
]


@pytest.fixture
def folder(recording, tmp_path, monkeypatch):
    """A folder with inputs of every kind, which is the current one."""
    rng = np.random.default_rng(0)
    for name in ("fixed.nrrd", "moving.nrrd"):
        write_volume(Volume(rng.normal(size=GEOMETRY.shape).astype(np.float32), GEOMETRY), tmp_path / name)
    write_displacement(np.zeros((*GEOMETRY.shape, 3), np.float32), GEOMETRY, tmp_path / "start.nrrd")
    for name in ("network.safetensors", "points.csv"):
        (tmp_path / name).write_text("precious")
    for name in ("student/student", "student/last", "teacher/settings", "student/settings"):
        path = tmp_path / "run" / (f"{name}.json" if "settings" in name else f"{name}.safetensors")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("precious")
    (tmp_path / "run" / "ablation.csv").write_text("precious")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("line", AN_OUTPUT_IS_AN_INPUT)
def test_an_input_is_never_an_output(command, folder, line, force):
    before = content(folder)
    always = line.startswith(("train", "ablate"))  # these go on in a folder, and have no --force
    result = command(*line.split(), *(() if always else force))
    assert result.exit_code == 3, result.output
    assert "is the input itself; an input is never changed" in result.stderr
    assert content(folder) == before


@pytest.mark.parametrize("line", TWO_OUTPUTS_ARE_ONE)
def test_two_outputs_are_never_one_file(command, folder, line):
    before = content(folder)
    result = command(*line.split())
    assert result.exit_code == 3, result.output
    assert "would write the same file or folder; give them different names" in result.stderr
    assert content(folder) == before


@pytest.mark.parametrize("line", TOO_LARGE)
def test_a_disk_that_is_too_small_is_told_of_before_the_work(command, folder, line, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(total=10**9, free=10))
    before = content(folder)
    result = command(*line.split())
    assert result.exit_code == 3, result.output
    assert "the disk has 10 bytes left. Make room" in result.stderr
    assert content(folder) == before


@pytest.mark.parametrize(
    "line", ["train teacher --config synthetic -o", "train student --config synthetic --no-distil -o"]
)
def test_a_training_is_told_at_once_that_its_folder_is_a_file(command, folder, line):
    before = content(folder)
    result = command(*line.split(), "points.csv")
    assert result.exit_code == 3, result.output
    assert "points.csv is a file; give the name of a folder." in result.stderr
    assert content(folder) == before


def test_a_registered_model_is_not_replaced_by_what_was_adapted_from_it(command, folder, monkeypatch):
    from temporal_interp.models.registry import Registry
    from temporal_interp.workflows import adaptation

    monkeypatch.setattr(adaptation, "adapt", lambda *given, **more: pytest.fail("the work was done"))
    shipped = Registry().file_of(None, "student", "slices")
    before = shipped.read_bytes()
    result = command("adapt", "recording.seq.nrrd", "-o", shipped, "--force")
    assert result.exit_code == 3, result.output
    assert "is the input itself; an input is never changed" in result.stderr
    assert shipped.read_bytes() == before
