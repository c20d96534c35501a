"""A frame knows whether it is synthetic, and a file of it says so."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

import temporal_interp as ti


@pytest.fixture
def prepared():
    cine = ti.Sequence.from_numpy(np.arange(2 * 60, dtype="float32").reshape(2, 3, 4, 5), times=[0, 40])
    return ti.engine("linear_blend").prepare(cine)


def test_a_synthetic_frame_is_marked_in_its_file(prepared, tmp_path):
    frame = prepared.at(10.0)
    assert frame.attributes["TemporalInterp.Synthetic"] == "true"
    ti.write(frame, tmp_path / "frame.nrrd")
    image = sitk.ReadImage(str(tmp_path / "frame.nrrd"))
    assert image.GetMetaData("TemporalInterp.Synthetic") == "true"
    assert image.GetMetaData("TemporalInterp.T") == "0.25"
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), frame.volume.array)


def test_an_acquired_frame_is_not(prepared, tmp_path):
    frame = prepared.at(40.0)
    assert frame.attributes == {}
    ti.write(frame, tmp_path / "frame.nrrd")
    assert not sitk.ReadImage(str(tmp_path / "frame.nrrd")).HasMetaDataKey("TemporalInterp.Synthetic")
