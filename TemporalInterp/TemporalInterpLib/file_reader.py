"""The reader behind Slicer's *Add data* and drag and drop, for files that Slicer itself does not read as a sequence."""

from __future__ import annotations

import logging
import struct
from pathlib import Path
from typing import Any

import vtk
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError, no_progress
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.dependencies import files_can_be_read

NIFTI, METAIMAGE = (".nii.gz", ".nii"), (".mha", ".mhd")

SURE = 0.7
"""Confidence in a file of several frames: that of Slicer's readers of volumes, which take it for one, is below 0.6."""

HEADER_BYTES = 64
LONGEST_TEXT = 4096

NIFTI_SIZES = {348: (40, "8h"), 540: (16, "8q")}
"""Size of the header, which begins with it: place and format of its dimensions."""


class FileReader:
    """A scripted file reader of Slicer; `parent` is its other half in C++."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent

    def description(self) -> str:
        """Return what it reads, for lists."""
        return _("Sequence of volumes over time")

    def fileType(self) -> str:
        """Return the name of the kind of file."""
        return "TemporalInterpSequence"

    def extensions(self) -> list[str]:
        """Return the filters of names, as Slicer wants them."""
        endings = " ".join(f"*{ending}" for ending in (*NIFTI, *METAIMAGE))
        return [_("Volumes over time") + f" ({endings})"]

    def canLoadFileConfidence(self, filePath: str) -> float:
        """Return the confidence in a file, 0 unless it has several frames: single volumes are left to Slicer."""
        try:
            return SURE if files_can_be_read() and has_frames(Path(filePath)) else 0.0
        except (OSError, ValueError, EOFError, struct.error):
            return 0.0

    def load(self, properties: dict[str, Any]) -> bool:
        """Add the sequence to the scene; tell whether that worked."""
        from TemporalInterpLib.load_sequence import load_sequence_steps

        path = Path(properties["fileName"])
        try:
            added = run_to_end(load_sequence_steps(path, None, None, str(properties.get("name") or "")), no_progress)
        except TemporalInterpError as error:
            logging.error(str(error))
            self.parent.userMessages().AddMessage(vtk.vtkCommand.ErrorEvent, str(error))
            return False
        self.parent.loadedNodes = [node.GetID() for node in (added.proxy, added.sequence, added.browser)]
        return True


def has_frames(path: Path) -> bool:
    """Tell by its name and header whether a NIfTI file or a MetaImage has a fourth axis, of time, and no further one.

    Diffusion images, which come with a file of b-values, have directions there.
    """
    name = path.name.lower()
    if name.endswith(METAIMAGE):
        return _metaimage_has_frames(path)
    if not name.endswith(NIFTI) or path.with_name(path.name[: -len(_ending(name))] + ".bval").is_file():
        return False
    from temporal_interp.io.files import open_uncompressed

    with open_uncompressed(path) as file:
        return _nifti_has_frames(file.read(HEADER_BYTES))


def _ending(name: str) -> str:
    return next(ending for ending in NIFTI if name.endswith(ending))


def _nifti_has_frames(header: bytes) -> bool:
    for order in "<>":
        (size,) = struct.unpack(f"{order}i", header[:4])
        if size in NIFTI_SIZES:
            start, dimensions = NIFTI_SIZES[size]
            count, *sizes = struct.unpack_from(f"{order}{dimensions}", header, start)
            return count >= 4 and sizes[3] > 1 and all(length <= 1 for length in sizes[4:count])
    return False


def _metaimage_has_frames(path: Path) -> bool:
    with path.open("rb") as file:
        lines = file.read(LONGEST_TEXT).decode("latin-1").splitlines()
    entries = dict(line.split("=", 1) for line in lines if "=" in line)
    entries = {key.strip(): value.strip() for key, value in entries.items()}
    sizes = entries.get("DimSize", "").split()
    return entries.get("NDims") == "4" and len(sizes) == 4 and int(sizes[3]) > 1 and _channels(entries) == "1"


def _channels(entries: dict[str, str]) -> str:
    return entries.get("ElementNumberOfChannels", "1")
