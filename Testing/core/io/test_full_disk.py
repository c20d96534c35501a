"""Where a disk is full in the middle of writing, nothing half-written is left, and it is said."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import UnwritableFileError
from temporal_interp.io import write_displacement, write_sequence, write_volume

resource = pytest.importorskip("resource", reason="Windows has no such limit")

SHAPE = (3, 32, 32)


@pytest.fixture
def full():
    """Files end after 2 kB, as if the disk were full then; Python ignores the signal that comes with it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def volume():
    return Volume(np.random.default_rng(0).normal(size=SHAPE).astype(np.float32), Geometry(SHAPE))


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_a_volume_that_does_not_fit_is_not_there(name, volume, tmp_path):
    with pytest.raises(UnwritableFileError, match=r"a\.\w+.*space left"):
        write_volume(volume, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.seq.nrrd", "a"])
def test_a_sequence_that_does_not_fit_is_not_there(name, volume, tmp_path):
    with pytest.raises(UnwritableFileError, match="space left"):
        write_sequence(Sequence([volume, volume], [0.0, 1.0]), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_a_field_that_does_not_fit_is_not_there(name, tmp_path):
    field = np.random.default_rng(0).normal(size=(*SHAPE, 3)).astype(np.float32)
    with pytest.raises(UnwritableFileError, match="space left"):
        write_displacement(field, Geometry(SHAPE), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8"])
def test_what_fits_is_written(name, dtype, tmp_path):
    write_volume(Volume(np.zeros(SHAPE, dtype), Geometry(SHAPE)), tmp_path / name)
    assert (tmp_path / name).is_file()
