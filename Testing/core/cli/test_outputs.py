"""Checks of output paths before the work."""

import os
from pathlib import Path

import pytest

from temporal_interp.cli.outputs import (
    file_output,
    folder_output,
    require_content,
    require_outputs,
    sequence_output,
    state_output,
)
from temporal_interp.errors import InvalidInputError, UnwritableFileError
from temporal_interp.io.format_registry import Planned

NRRD = (".nrrd",)


def require(*outputs, inputs=(), force=True):
    require_outputs(*outputs, inputs=inputs, force=force)


def test_a_new_file_in_a_new_folder_is_fine(tmp_path):
    require(file_output(tmp_path / "new" / "a.NRRD", NRRD), force=False)


def test_options_that_are_not_given_are_passed_over(tmp_path):
    require(file_output(None, NRRD), folder_output(None), state_output(None, "--checkpoint"), inputs=[None])


@pytest.mark.parametrize("name", ["a.png", "a", "nrrd"])
def test_an_unknown_ending_is_refused(tmp_path, name):
    with pytest.raises(InvalidInputError, match=r"must end in \.nrrd or \.nii\.gz"):
        require(file_output(tmp_path / name, (".nrrd", ".nii.gz")))


def test_an_existing_file_needs_force(tmp_path):
    path = tmp_path / "a.nrrd"
    path.touch()
    with pytest.raises(UnwritableFileError, match="--force"):
        require(file_output(path, NRRD), force=False)
    require(file_output(path, NRRD))


def test_a_foreign_file_where_the_times_of_a_nifti_go_is_refused_even_with_force(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(UnwritableFileError, match=r"a\.json"):
        require(sequence_output(tmp_path / "a.nii.gz"))


def test_a_folder_is_not_taken_for_a_file_even_with_force(tmp_path):
    (tmp_path / "a.nrrd").mkdir()
    with pytest.raises(UnwritableFileError, match="is a folder"):
        require(file_output(tmp_path / "a.nrrd", NRRD))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files on this system")
def test_what_is_no_file_is_not_replaced_even_with_force(tmp_path):
    os.mkfifo(tmp_path / "a.nrrd")
    with pytest.raises(UnwritableFileError, match="is not a regular file"):
        require(file_output(tmp_path / "a.nrrd", NRRD))


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFileError, match="is a file"):
        require(file_output(tmp_path / "file" / "sub" / "a.nrrd", NRRD))


@pytest.mark.parametrize("kind", [folder_output, lambda path: state_output(path, "--checkpoint")])
def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(UnwritableFileError, match="cannot be written to"):
        require(kind(tmp_path / "new"))


def test_a_folder_with_files_needs_force_and_an_empty_one_does_not(tmp_path):
    require(folder_output(tmp_path), force=False)
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFileError, match="--force"):
        require(folder_output(tmp_path), force=False)
    require(folder_output(tmp_path))
    with pytest.raises(UnwritableFileError, match="is a file"):
        require(folder_output(tmp_path / "file"))


def test_a_folder_of_frames_must_be_empty_even_with_force(tmp_path):
    require(sequence_output(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableFileError, match="holds files"):
        require(sequence_output(tmp_path))


def link(target, path, kind):
    getattr(path, f"{kind}_to")(target)
    return path


@pytest.mark.parametrize("spelling", ["same", "dotted", "symlink", "hardlink", "linked folder"])
@pytest.mark.parametrize("force", [False, True])
def test_an_output_that_is_the_input_is_refused_even_with_force(tmp_path, monkeypatch, spelling, force):
    source = tmp_path / "cine.seq.nrrd"
    source.touch()
    monkeypatch.chdir(tmp_path)
    output = {
        "same": lambda: Path("cine.seq.nrrd"),
        "dotted": lambda: tmp_path / "." / ".." / tmp_path.name / "cine.seq.nrrd",
        "symlink": lambda: link(source, tmp_path / "link.seq.nrrd", "symlink"),
        "hardlink": lambda: link(source, tmp_path / "hard.seq.nrrd", "hardlink"),
        "linked folder": lambda: link(tmp_path, tmp_path / "folder", "symlink") / "cine.seq.nrrd",
    }[spelling]()
    with pytest.raises(InvalidInputError, match=r"--output would write .*, which is the input itself; an"):
        require(sequence_output(output), inputs=[source], force=force)


def test_any_input_is_safe_not_only_the_first(tmp_path):
    for name in ("fixed.nrrd", "start.nrrd"):
        (tmp_path / name).touch()
    with pytest.raises(InvalidInputError, match=r"--field would write .*start\.nrrd, which is the input itself"):
        require(
            file_output(tmp_path / "out.nrrd", NRRD),
            file_output(tmp_path / "start.nrrd", NRRD, "--field"),
            inputs=[tmp_path / "fixed.nrrd", None, tmp_path / "start.nrrd"],
        )


def test_the_times_beside_a_nifti_input_are_safe(tmp_path):
    """The times of cine.nii.gz go to cine.json, which has those of cine.nii."""
    (tmp_path / "cine.nii").touch()
    (tmp_path / "cine.json").write_text('{"TemporalInterp": {}}')
    with pytest.raises(InvalidInputError, match=r"would write .*cine\.json, which belongs to the input .*cine\.nii"):
        require(sequence_output(tmp_path / "cine.nii.gz"), inputs=[tmp_path / "cine.nii"])


def test_a_sidecar_that_would_be_taken_for_that_of_the_input_is_refused(tmp_path):
    (tmp_path / "cine.nii.gz").touch()
    with pytest.raises(InvalidInputError, match=r"would write .*cine\.json, which belongs to the input"):
        require(sequence_output(tmp_path / "cine.nii"), inputs=[tmp_path / "cine.nii.gz"])


def test_voxels_beside_a_header_are_safe(tmp_path):
    (tmp_path / "head.nhdr").write_text("NRRD0004\ntype: short\ndata file: voxels.nrrd\n\n")
    (tmp_path / "voxels.nrrd").touch()
    with pytest.raises(InvalidInputError, match=r"voxels\.nrrd, which belongs to the input"):
        require(file_output(tmp_path / "voxels.nrrd", NRRD), inputs=[tmp_path / "head.nhdr"])


def test_images_in_an_input_folder_are_safe_and_new_files_are_not_refused(tmp_path):
    series = tmp_path / "series"
    series.mkdir()
    (series / "T00.nii.gz").touch()
    with pytest.raises(InvalidInputError, match=r"T00\.nii\.gz lies in the input"):
        require(sequence_output(series / "T00.nii.gz"), inputs=[series])
    with pytest.raises(InvalidInputError, match="the input itself"):
        require(folder_output(series), inputs=[series])
    require(sequence_output(series / "smooth.seq.nrrd"), folder_output(series / "fields", "--fields"), inputs=[series])


def test_a_model_in_a_folder_of_images_can_be_replaced(tmp_path):
    (tmp_path / "model.safetensors").touch()
    require(file_output(tmp_path / "model.safetensors", (".safetensors",)), inputs=[tmp_path])


def test_a_folder_may_hold_the_input_unless_a_result_has_its_name(tmp_path):
    source = tmp_path / "points.csv"
    source.touch()
    require(folder_output(tmp_path, names=["curves.csv"]), inputs=[source])
    with pytest.raises(InvalidInputError, match=r"would write .*points\.csv, which is the input itself"):
        require(folder_output(tmp_path, names=["curves.csv", "points.csv"]), inputs=[source])


@pytest.mark.parametrize("other", ["out.nrrd", "OUT.nrrd", "sub/../out.nrrd", "link/out.nrrd"])
def test_two_outputs_that_are_one_file_are_refused(tmp_path, other):
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidInputError, match="--output and --field would write the same file"):
        require(file_output(tmp_path / "out.nrrd", NRRD), file_output(tmp_path / other, NRRD, "--field"))


@pytest.mark.parametrize("frames", ["both", "both.seq.nrrd"])
def test_a_file_and_a_folder_of_one_name_are_refused(tmp_path, frames):
    with pytest.raises(InvalidInputError, match="--output and --fields would write the same"):
        require(sequence_output(tmp_path / frames), folder_output(tmp_path / frames, "--fields"))


def test_a_folder_within_a_file_or_a_folder_of_frames_is_refused(tmp_path):
    for frames in ("out", "out.seq.nrrd"):
        with pytest.raises(InvalidInputError, match="choose another place for --fields"):
            require(sequence_output(tmp_path / frames), folder_output(tmp_path / frames / "fields", "--fields"))


def test_a_file_in_a_folder_is_refused_only_where_the_folder_has_one_of_that_name(tmp_path):
    fields = folder_output(tmp_path, "--fields", ["displacement.seq.nrrd"])
    require(sequence_output(tmp_path / "smooth.seq.nrrd"), fields)
    with pytest.raises(InvalidInputError, match="would write the same file"):
        require(sequence_output(tmp_path / "displacement.seq.nrrd"), fields)


def test_times_of_two_niftis_in_one_file_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"a\.json: --output and --other would write the same"):
        require(sequence_output(tmp_path / "a.nii.gz"), sequence_output(tmp_path / "a.nii", "--other"))


@pytest.mark.parametrize(
    ("name", "planned", "words"),
    [
        ("a.seq.nrrd", Planned((0.0, 0.0005), "s", (1, 2, 2)), r"a\.seq\.nrrd: .* Slicer would merge them"),
        ("a.nii.gz", Planned(range(32768), "ms", (1, 2, 2)), "room for 32767 frames, and there would be 32768"),
        ("a.nii", Planned((0.0,), "ms", (1, 2, 40000)), "room for 32767 columns"),
    ],
)
def test_what_a_format_cannot_keep_is_refused(tmp_path, name, planned, words):
    with pytest.raises(InvalidInputError, match=words):
        require_content(tmp_path / name, planned)


def test_what_a_format_can_keep_is_not_refused(tmp_path):
    require_content(tmp_path / "a.seq.nrrd", Planned((0.0, 0.5), "ms", (1, 2, 40000)))
    require_content(tmp_path / "a.nii.gz", Planned((0.0, 0.0005), "s", (1, 2, 2)))
    require_content(tmp_path / "a", Planned(range(40000), "ms", (1, 2, 2)))
