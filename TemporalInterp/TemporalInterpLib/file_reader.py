"""The reader behind Slicer's *Add data* and drag and drop, for files that Slicer itself does not read as a sequence."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import SimpleITK as sitk
import vtk
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError, UnreadableFileError, no_progress
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.dependencies import files_can_be_read

NIFTI, METAIMAGE = (".nii.gz", ".nii"), (".mha", ".mhd")

LABELS = {"gt", "label", "labelmap", "labels", "mask", "masks", "seg", "segmentation"}
"""Words in names of files that hold labels, which cannot be interpolated."""

SURE = 0.7
"""Confidence in a file of several frames: that of Slicer's readers of volumes, which take it for one, is below 0.6."""


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
        path = Path(filePath)
        if not path.name.lower().endswith((*NIFTI, *METAIMAGE)) or not files_can_be_read():
            return 0.0
        try:
            return SURE if has_frames(path) else 0.0
        except (OSError, TemporalInterpError):
            return 0.0

    def load(self, properties: dict[str, Any]) -> bool:
        """Add the sequence to the scene; tell whether that worked."""
        from TemporalInterpLib.load_sequence import load_sequence_steps
        from TemporalInterpLib.sequence_browser import show_in_toolbar

        path = Path(properties["fileName"])
        try:
            added = run_to_end(load_sequence_steps(path, None, None, str(properties.get("name") or "")), no_progress)
        except TemporalInterpError as error:
            logging.error(str(error))
            self.parent.userMessages().AddMessage(vtk.vtkCommand.ErrorEvent, str(error))
            return False
        show_in_toolbar(added.browser)
        self.parent.loadedNodes = [node.GetID() for node in (added.proxy, added.sequence, added.browser)]
        return True


def has_frames(path: Path) -> bool:
    """Tell by its header whether a NIfTI file or a MetaImage has several frames of one value a voxel.

    Diffusion images, which come with a file of b-values, have directions in place of frames; labels are none.

    Raises:
        OSError, TemporalInterpError: it is damaged, or holds something else.
    """
    name = path.name.lower()
    if LABELS & set(re.split(r"[^a-z]+", name)):
        return False
    if name.endswith(METAIMAGE):
        return _metaimage_has_frames(path)
    from temporal_interp.io.nifti_header import header_file, read_header

    ending = next(ending for ending in NIFTI if name.endswith(ending))
    is_diffusion = path.with_name(path.name[: -len(ending)] + ".bval").is_file()
    return not is_diffusion and header_file(path) is not None and read_header(path).shape[0] > 1


def _metaimage_has_frames(path: Path) -> bool:

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO("MetaImageIO")
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise UnreadableFileError(str(error)) from error
    return reader.GetDimension() == 4 and reader.GetSize()[3] > 1 and reader.GetNumberOfComponents() == 1
