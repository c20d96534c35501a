"""Label maps are whole numbers, however they are stored."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import write_volume
from temporal_interp.io.label_maps import read_label_map


def written(path, values):
    array = np.asarray(values)[None, None]
    write_volume(Volume(array, Geometry(array.shape)), path)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64], ids=str)
def test_labels_of_every_type_are_read(tmp_path, dtype):
    labels = read_label_map(written(tmp_path / "labels.nii.gz", np.array([0, 2, 41, 77], dtype)))
    assert labels.array.dtype == np.int32
    assert labels.array.ravel().tolist() == [0, 2, 41, 77]


@pytest.mark.parametrize(
    ("values", "words"),
    [([0.0, 0.25], "fractions"), ([0.0, -1.0], "-1 to 0"), ([0.0, np.nan], "NaN"), ([0.0, 3e9], "3e\\+09")],
    ids=["probabilities", "negative", "NaN", "too large"],
)
def test_what_is_no_label_map_is_refused_by_name(tmp_path, values, words):
    path = written(tmp_path / "image.nrrd", np.array(values))
    with pytest.raises(InvalidInputError, match=words) as refused:
        read_label_map(path)
    assert str(path) in str(refused.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"none\.nrrd"):
        read_label_map(tmp_path / "none.nrrd")
