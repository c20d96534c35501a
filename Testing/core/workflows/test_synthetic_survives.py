"""What was computed is never taken for acquired: whatever a filled sequence is written as, read back it is known."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from drawn_sequences import beating_square
from temporal_interp.cli.main import app
from temporal_interp.figures.sequence_film import FILM_ENDINGS, save_sequence_film
from temporal_interp.io import read_sequence, write_sequence
from temporal_interp.io.volume_files import write_volume
from temporal_interp.workflows.interpolation import interpolate

KINDS = (".seq.nrrd", ".nii.gz", ".nii", "", *FILM_ENDINGS)
"""The endings of all that a filled sequence is written as."""


@pytest.fixture(scope="module")
def filled():
    return interpolate(beating_square(count=3, shape=(1, 40, 50), k=0), factor=3, engine="linear_blend")


@pytest.fixture(params=KINDS, ids=[kind or "folder" for kind in KINDS])
def written(request, filled, tmp_path):
    path = tmp_path / f"filled{request.param}"
    if request.param in FILM_ENDINGS:
        pytest.importorskip("av")
        save_sequence_film(filled, path, seconds=6)
    else:
        write_sequence(filled, path)
    return path


def test_it_is_known_and_info_says_so(written, filled):
    assert filled.synthetic_frames == [1, 2, 4, 5]
    read = read_sequence(written)
    assert read.synthetic_frames == filled.synthetic_frames
    result = CliRunner().invoke(app, ["info", str(written), "--json"])
    assert json.loads(result.stdout.splitlines()[-1])["synthetic_frames"] == filled.synthetic_frames


def test_filled_again_it_rests_on_acquired_frames_alone(written):
    read = read_sequence(written)
    again = interpolate(read, factor=3, engine="linear_blend")
    alone = interpolate(read.acquired(), factor=3, engine="linear_blend")
    assert again.synthetic_frames == [1, 2, 4, 5]
    np.testing.assert_array_equal(again.to_numpy(), alone.to_numpy())


@pytest.mark.parametrize("ending", [".nrrd", ".mha", ".nii.gz"])
def test_single_frames_and_folders_of_them(filled, tmp_path, ending):
    for number, volume in enumerate(filled.volumes):
        write_volume(volume, tmp_path / f"phase_{number}{ending}", filled.item_attributes[number])
    assert read_sequence(tmp_path / f"phase_1{ending}").synthetic_frames == [0]
    assert read_sequence(tmp_path / f"phase_0{ending}").synthetic_frames == []
    assert read_sequence(tmp_path).synthetic_frames == filled.synthetic_frames


def test_nifti_whose_json_is_lost_or_anothers_says_what_is_not_known_any_more(filled, tmp_path):
    write_sequence(filled, tmp_path / "a.nii.gz")
    write_sequence(beating_square(count=3), tmp_path / "b.nii.gz")
    (tmp_path / "b.json").replace(tmp_path / "a.json")
    others = read_sequence(tmp_path / "a.nii.gz").notes
    (tmp_path / "a.json").unlink()
    for notes in (others, read_sequence(tmp_path / "a.nii.gz").notes):
        (note,) = (note for note in notes if "synthetic" in note)
        assert "4 of 7 frames synthetic" in note
        assert "all frames count as acquired" in note


def test_nifti_of_synthetic_frames_alone_needs_no_json(filled, tmp_path):
    write_sequence(filled[1:3], tmp_path / "a.nii.gz")
    (tmp_path / "a.json").unlink()
    read = read_sequence(tmp_path / "a.nii.gz")
    assert read.synthetic_frames == [0, 1]
    assert not [note for note in read.notes if "missing" in note]
