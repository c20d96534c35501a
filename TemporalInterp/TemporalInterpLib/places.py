"""Asks the user for a file or a folder to load or to write, beginning where the last one was."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

LAST_PLACE = "TemporalInterp/LastPlace"
"""Key of Slicer's settings."""


def ask_folder() -> Path | None:
    """Return the folder that the user chooses, None where none is."""
    chosen = qt.QFileDialog.getExistingDirectory(
        slicer.util.mainWindow(), _("Choose a folder with DICOM files, or with a volume for every phase"), _last_place()
    )
    return _kept(chosen)


def ask_folder_to_write_into() -> Path | None:
    """Return the folder that the user chooses for a result, None where none is."""
    chosen = qt.QFileDialog.getExistingDirectory(
        slicer.util.mainWindow(), _("Choose where to make the folder of the DICOM series"), _last_place()
    )
    return Path(chosen) if chosen else None


def ask_file() -> Path | None:
    """Return the file that the user chooses, None where none is."""
    chosen = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Choose the file of a cine"), _last_place())
    return _kept(chosen)


def ask_report(name: str) -> Path | None:
    """Return the file that the user chooses for the report on a sequence of some name, None where none is."""
    plain = "".join(c if c.isalnum() or c in "-_. " else "_" for c in name).strip(" .") or "sequence"
    proposed = str(Path(_last_place()) / f"Check of {plain}.html")
    chosen = qt.QFileDialog.getSaveFileName(
        slicer.util.mainWindow(), _("Save the report"), proposed, "HTML (*.html);;PDF (*.pdf)"
    )
    path = _kept(chosen)
    return path if path is None or path.suffix else path.with_suffix(".html")


def _last_place() -> str:
    return str(qt.QSettings().value(LAST_PLACE) or "")


def _kept(chosen: str) -> Path | None:
    if not chosen:
        return None
    path = Path(chosen)
    qt.QSettings().setValue(LAST_PLACE, str(path if path.is_dir() else path.parent))
    return path
