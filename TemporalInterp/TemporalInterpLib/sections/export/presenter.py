"""What the section says of the DICOM series that it writes, without Qt."""

from __future__ import annotations

from collections.abc import Sequence as ListOf
from dataclasses import dataclass
from pathlib import Path

from slicer.i18n import tr as _


@dataclass(frozen=True)
class State:
    """What the section knows.

    Attributes:
        name: of the result; "" where there is none.
        frames: number of its frames.
        synthetic: number of those that are synthetic.
        has_headers: whether its source was loaded from DICOM files.
        can_write: whether the packages that files are written with are installed.
        can_anonymise: whether the package that anonymises is.
        acquired: whether the acquired frames are written, too.
    """

    name: str
    frames: int
    synthetic: int
    has_headers: bool
    can_write: bool
    can_anonymise: bool
    acquired: bool


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        plan: a sentence on what will be written, or on what is missing.
        unless: why nothing can be written, "" where it can.
        anonymise_unless: why it cannot be anonymised, "" where it can.
    """

    plan: str
    unless: str
    anonymise_unless: str


def present(state: State) -> View:
    """Return what is shown."""
    unless, anonymise_unless = _unless(state), ""
    if not state.can_anonymise:
        anonymise_unless = _(
            "The Python package dicom-anonymizer is not installed; slicer.util.pip_install('dicom-anonymizer') in "
            "the Python console installs it."
        )
    return View(unless or _plan(state), unless, unless or anonymise_unless)


def written_in_words(folder: Path, frames: int, notes: ListOf[str]) -> str:
    """Return what was written, and what to know of it."""
    written = _("Written: {frames} frames in {folder}.").format(frames=frames, folder=folder)
    return " ".join([written, *notes])


def frames_written(state: State) -> int:
    """Return how many frames are written."""
    return state.frames if state.acquired else state.synthetic


def _unless(state: State) -> str:
    if not state.can_write:
        return _("Writing needs Python packages that are not installed; install them with the button at the top.")
    if not state.name:
        return _("Nothing is interpolated yet.")
    if not state.synthetic:
        return _("'{name}' has no synthetic frame.").format(name=state.name)
    if not state.has_headers:
        return _(
            "'{name}' has no DICOM headers: its source was not loaded from DICOM files with Load cine or the DICOM "
            "module, so that nobody knows patient and study."
        ).format(name=state.name)
    return ""


def _plan(state: State) -> str:
    return _(
        "'{name}': a new series with {frames} frames in the study of its source. {synthetic} of them are synthetic and "
        "say so."
    ).format(name=state.name, frames=frames_written(state), synthetic=state.synthetic)
