"""Whether there is room for a result."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from temporal_interp.cli.room import require_disk_space, require_room_for_sequence
from temporal_interp.errors import UnwritableFileError


@pytest.fixture
def free(monkeypatch):
    """Sets the bytes that every disk has left."""
    return lambda size: monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=10**12, free=size))


def test_what_fits_the_disk_is_not_refused(tmp_path, free):
    free(1000)
    require_disk_space({tmp_path / "new" / "a": 600, tmp_path / "b": 400})


def test_a_disk_that_does_not_tell_its_size_is_not_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=0, free=0))
    require_disk_space({tmp_path / "a": 600})


def test_outputs_on_one_disk_are_added_up(tmp_path, free):
    free(1000)
    with pytest.raises(
        UnwritableFileError, match=r"a and .*b: the result takes about 1\.2 kB, and the disk has 1\.0 kB left"
    ):
        require_disk_space({tmp_path / "a": 600, tmp_path / "b": 600})


@pytest.mark.parametrize(("name", "share"), [("a.seq.nrrd", 0.5), ("a.nii.gz", 1.0), ("a", 0.5)])
def test_a_sequence_takes_the_room_that_its_format_needs(tmp_path, free, name, share):
    needed = int(share * 5 * 2 * 30 * 40 * 2)
    free(needed)
    require_room_for_sequence(tmp_path / name, 5, (2, 30, 40), np.dtype("int16"))
    free(needed - 1)
    with pytest.raises(UnwritableFileError, match="Make room"):
        require_room_for_sequence(tmp_path / name, 5, (2, 30, 40), np.dtype("int16"))
    free(needed)
    with pytest.raises(UnwritableFileError, match="Make room"):
        require_room_for_sequence(tmp_path / name, 5, (2, 30, 40), np.dtype("int16"), {tmp_path / "fields": 1})
