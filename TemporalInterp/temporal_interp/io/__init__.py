"""Reading and writing of sequences, volumes and displacement fields; reading of masks and points."""

from __future__ import annotations

from temporal_interp.io.candidates import Candidate, LeftOut, Survey
from temporal_interp.io.displacement_file import read_displacement, write_displacement
from temporal_interp.io.field_sequence import read_field_sequence, write_field_sequence
from temporal_interp.io.format_registry import Format, formats, register_format
from temporal_interp.io.masks import read_mask
from temporal_interp.io.points import read_points
from temporal_interp.io.sequences import candidates, notes_on_writing, read_sequence, write, write_sequence
from temporal_interp.io.survey import survey, survey_of_dicom_files
from temporal_interp.io.volume_files import read_volume, read_volume_with_notes, write_volume

__all__ = [
    "Candidate",
    "Format",
    "LeftOut",
    "Survey",
    "candidates",
    "formats",
    "notes_on_writing",
    "read_displacement",
    "read_field_sequence",
    "read_mask",
    "read_points",
    "read_sequence",
    "read_volume",
    "read_volume_with_notes",
    "register_format",
    "survey",
    "survey_of_dicom_files",
    "write",
    "write_displacement",
    "write_field_sequence",
    "write_sequence",
    "write_volume",
]
