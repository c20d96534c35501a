"""The voxels of a stack: how much memory they take, and what becomes of impossible ones."""

import tracemalloc

import numpy as np
import pytest

from temporal_interp.errors import InvalidInputError, OutOfMemoryError
from temporal_interp.io import read_sequence
from temporal_interp.io.dicom import voxels


def test_no_more_than_the_voxels_and_one_image_are_in_memory(dicom_folder):
    def edit(dataset, slice_number, phase):
        dataset.Rows = dataset.Columns = 256
        dataset.PixelData = np.full((256, 256), phase, np.uint16).tobytes()
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024

    folder = dicom_folder(edit, slices=8, phases=10)
    read_sequence(folder)  # loads what is loaded on first use
    tracemalloc.start()
    try:
        sequence = read_sequence(folder)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * sum(volume.array.nbytes for volume in sequence.volumes)


def test_frames_are_parts_of_one_array(dicom_folder):
    sequence = read_sequence(dicom_folder())
    assert all(volume.array.base is sequence.volumes[0].array.base for volume in sequence.volumes)


def test_voxels_that_do_not_fit_into_the_memory_are_told_of(dicom_folder, monkeypatch):
    def full(shape, dtype):
        raise MemoryError

    folder = dicom_folder()
    monkeypatch.setattr(voxels.np, "empty", full)
    with pytest.raises(OutOfMemoryError, match="4 x 3 x 4 x 5 voxels"):
        read_sequence(folder)


def test_a_rescaling_that_makes_no_voxels_is_refused(dicom_folder):
    def edit(dataset, slice_number, phase):
        dataset.RescaleSlope, dataset.RescaleIntercept = 1e30 if (slice_number, phase) == (1, 2) else 1, 0

    with pytest.raises(InvalidInputError, match=r"Se1/.*: RescaleSlope 1e\+30"):
        read_sequence(dicom_folder(edit))
