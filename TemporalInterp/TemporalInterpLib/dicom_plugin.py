"""The reader of this module in Slicer's DICOM module: a stack of several series, or several phases, as one sequence."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError, no_progress
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.dependencies import files_can_be_read
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.load_sequence import load_candidate_steps
from TemporalInterpLib.sequence_browser import show_in_toolbar

if TYPE_CHECKING:  # the core's readers need packages that a bare Slicer lacks
    from DICOMLib import DICOMLoadable

    from temporal_interp.io import Candidate

CERTAIN = 1.1
"""Confidence in a stack of several series, or in several phases with their times.

The reader of scalar volumes has 0.5, that of image sequences up to 1.05 and that of multi-volumes up to 1.0; each makes
several nodes of what is one sequence.
"""

PLACE_TAGS = ("0020,0032", "0020,0037", "0020,000d")
"""Position and orientation of an image, and its study."""

POSSIBLE = 0.45
"""Confidence in anything else that can be read: the user may choose it."""


def register_dicom_plugin() -> None:
    """Offer the reader in the DICOM module, where Slicer has its DICOM support."""
    try:
        from DICOMLib import DICOMPlugin
    except ImportError:
        return

    class TemporalInterpDICOMPluginClass(CinePlugin, DICOMPlugin):
        """As Slicer wants it, derived from its base class."""

    if not hasattr(slicer.modules, "dicomPlugins"):  # the DICOM module may be loaded later
        slicer.modules.dicomPlugins = {}
    slicer.modules.dicomPlugins["TemporalInterpDICOMPlugin"] = TemporalInterpDICOMPluginClass


class CinePlugin:
    """Offers the sequences among all selected series, and loads one; the other base is Slicer's `DICOMPlugin`."""

    def __init__(self) -> None:
        super().__init__()
        self.loadType = _("Cine (TemporalInterp)")

    def examineForImport(self, fileLists: list[list[str]]) -> list[DICOMLoadable]:
        """Return what the selected series can be loaded as.

        A stack of several series has a loadable for each, so that no other reader loads one of its slices beside it:
        Slicer compares the readers of each series by the first file of their loadables. The first loads the stack, the
        others nothing more.

        Args:
            fileLists: the files of each series.
        """
        files = [file for one in fileLists for file in one]
        known = self.getCachedLoadables(files)  # Slicer asks twice where it was told of nothing
        if known is None:
            known = _found(files)
            self.cacheLoadables(files, known)
        return known

    def load(self, loadable: DICOMLoadable) -> slicer.vtkMRMLVolumeNode | None:
        """Add the sequence to the scene and show it; return the volume that shows it, None if it cannot be read."""
        stack = loadable.stack
        if loadable is not stack and stack.loaded is not None and stack.loaded.GetScene() is not None:
            return stack.loaded
        try:
            added = run_to_end(load_candidate_steps(loadable.candidate), no_progress).added
        except TemporalInterpError as error:
            logging.error(f"{loadable.name}: {error}")
            return None
        stack.loaded = added.proxy
        show_in_slice_views(added.proxy, fit=True)
        show_in_toolbar(added.browser)
        self.addSeriesInSubjectHierarchy(loadable, added.proxy)
        return added.proxy


def _found(files: list[str]) -> list[DICOMLoadable]:
    if not files_can_be_read():
        logging.info("TemporalInterp does not look at DICOM files: its Python packages are not installed.")
        return []
    if not _may_move(files):
        return []
    from temporal_interp.io import survey_of_dicom_files

    return [loadable for one in survey_of_dicom_files(files).readable for loadable in _loadables(one)]


def _may_move(files: list[str]) -> bool:
    """Tell, as far as Slicer's database knows, whether two images show the same place, or a file may have several."""
    database = getattr(slicer, "dicomDatabase", None)
    if database is None:
        return True
    places = set()
    for file in files:
        place = tuple(database.fileValue(file, tag) for tag in PLACE_TAGS)
        if not all(place) or place in places:
            return True
        places.add(place)
    return False


def _loadables(one: Candidate) -> list[DICOMLoadable]:
    """Return the loadable of a sequence, and if it is certain, one more for each further series it is made of."""
    first, *others = [list(map(str, files)) for files in one.files_of_series]
    stack = _loadable(one, [*first, *(file for files in others for file in files)])
    stack.stack, stack.loaded = stack, None
    stack.name, stack.warning = _name(one), " ".join(one.notes)
    further = [_loadable(one, files) for files in others] if is_certain(one) else []
    for (number, _description), loadable in zip(one.series[1:], further, strict=False):
        loadable.stack = stack
        loadable.name = _("{number}: part of '{name}'").format(number=number, name=one.description or one.number)
        loadable.tooltip = _("It is loaded with the whole stack.")
    return [stack, *further]


def _loadable(one: Candidate, files: list[str]) -> DICOMLoadable:
    from DICOMLib import DICOMLoadable

    loadable = DICOMLoadable()
    loadable.files = files
    loadable.candidate = one
    loadable.confidence = CERTAIN if is_certain(one) else POSSIBLE
    loadable.selected = is_certain(one)
    loadable.tooltip = _("{frames} frames of {slices} slices, {columns} x {rows} pixels, as one sequence").format(
        frames=one.frames, slices=one.slices, columns=one.size[0], rows=one.size[1]
    )
    return loadable


def _name(one: Candidate) -> str:
    name = f"{one.number}: {one.description}" if one.description else one.number or one.place
    size = _("{name}, {slices} slices x {frames} frames") if one.slices > 1 else _("{name}, {frames} frames")
    return size.format(name=name, slices=one.slices, frames=one.frames)


def is_certain(one: Candidate) -> bool:
    """Tell whether a sequence is one beyond doubt: phases that the headers tell apart, of images with a place.

    Clips of ultrasound and angiography have no place; Slicer's reader of image sequences keeps their colours.
    """
    return one.phases_told and one.auxiliary in ("", "synthetic") and one.component == "magnitude"
