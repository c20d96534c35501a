"""Writes a result as a derived DICOM series, with the headers of the files that its source was loaded from."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import slicer

from temporal_interp.data.provenance import PREFIX
from temporal_interp.errors import Progress, part_of
from TemporalInterpLib.background import Steps, in_background
from TemporalInterpLib.result_marks import ORIGIN_ROLE
from TemporalInterpLib.sequence_conversion import sequence_from_node

if TYPE_CHECKING:  # the core's readers need packages that a bare Slicer lacks
    from temporal_interp.io import Candidate

SOURCE_KEY = PREFIX + "DicomSource"
"""Attribute of a sequence that was loaded from DICOM files: the UIDs of its series, and the folders of its files."""

LOOKING = 0.3
"""Share of the progress bar that looking at the files of the source takes."""


@dataclass(frozen=True)
class SourceFiles:
    """Where the files of a sequence were.

    Attributes:
        series: UIDs of their series.
        folders: that hold them.
    """

    series: tuple[str, ...]
    folders: tuple[Path, ...]


def remember_source(node: slicer.vtkMRMLSequenceNode, candidate: Candidate) -> None:
    """Keep with a sequence which DICOM files it was loaded from; there are none of other formats."""
    if candidate.uids:
        folders = sorted({str(file.absolute().parent) for files in candidate.files_of_series for file in files})
        node.SetAttribute(SOURCE_KEY, json.dumps({"series": candidate.uids, "folders": folders}))


def source_files(node: slicer.vtkMRMLSequenceNode | None) -> SourceFiles | None:
    """Return where the DICOM files of a sequence, or of the one that it was made from, were; None if it has none."""
    origin = None if node is None else node.GetNodeReference(ORIGIN_ROLE)
    for one in (node, origin):
        kept = None if one is None else one.GetAttribute(SOURCE_KEY)
        with suppress(ValueError, KeyError, TypeError):  # a scene that something else has written
            content = json.loads(kept or "")
            return SourceFiles(tuple(content["series"]), tuple(map(Path, content["folders"])))
    return None


def free_folder(place: Path, name: str) -> Path:
    """Return the path of a folder that is not there yet, named after a result.

    Example:
        >>> free_folder(Path("/nowhere"), "Interpolated 0-40 ms of a/b").name
        'SYNTHETIC Interpolated 0-40 ms of a_b'
    """
    wanted = "SYNTHETIC " + re.sub(r"[^\w .,()%+-]", "_", name).strip(" .")
    folder, number = place / wanted, 1
    while folder.exists():
        number += 1
        folder = place / f"{wanted} ({number})"
    return folder


def export_steps(
    node: slicer.vtkMRMLSequenceNode, files: SourceFiles, folder: Path, *, acquired: bool, anonymise: bool
) -> Steps[list[str]]:
    """Return the steps that write a sequence of the scene as a DICOM series; their result is notes for the user.

    Args:
        node: the sequence.
        files: those of its source.
        folder: a new folder.
        acquired: write copies of the acquired frames, too.
        anonymise: take out what tells whose images they are.

    Raises:
        InvalidInputError: the files are not there any more, or do not fit to the sequence.
        UnwritableFileError: the folder cannot be written.
    """
    sequence = sequence_from_node(node)  # in this thread: nodes are not to be read in another

    def write(progress: Progress) -> list[str]:
        from temporal_interp.io.dicom.writing.source import source_among
        from temporal_interp.io.dicom.writing.write import write_dicom

        source = source_among(files.folders, files.series, sequence, part_of(progress, 0.0, LOOKING))
        return write_dicom(
            sequence,
            folder,
            source=source,
            acquired=acquired,
            anonymise=anonymise,
            progress=part_of(progress, LOOKING, 1.0),
        )

    return in_background(write)
