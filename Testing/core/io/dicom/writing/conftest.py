"""A cine of a made-up patient, and what is written from it."""

import pydicom
import pytest

import temporal_interp as ti
from patient_files import patient_stack


def doubled(source):
    """The sequence of a source at twice its frame rate."""
    return ti.interpolate(ti.read(source), factor=2, engine="linear_blend")


@pytest.fixture
def stack(tmp_path):
    """Three slices, four phases, one beat."""
    return patient_stack(tmp_path / "study")


@pytest.fixture
def written(tmp_path):
    """Writes what is made from a source at twice its frame rate, and returns the headers of its files in order."""

    def write(source, **options):
        ti.write_dicom(doubled(source), tmp_path / "out", source=source, **options)
        return [pydicom.dcmread(file) for file in sorted((tmp_path / "out").iterdir())]

    return write
