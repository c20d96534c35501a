"""The dialog that shows the sequences that were found, for the user to choose one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.background import Steps, in_background
from TemporalInterpLib.candidate_table import Row, first_choice, heading, heads, rows
from TemporalInterpLib.job import Job
from TemporalInterpLib.thumbnail import SIDE, thumbnail

if TYPE_CHECKING:  # the core's readers need packages that a bare Slicer lacks
    from temporal_interp.io import Candidate, Survey

WIDTH, HEIGHT = 1040, 480
NAME_WIDTH, REMARKS_WIDTH = 210, 200
"""Widest column of names, and least of remarks, in pixels; longer texts break their lines."""


class CandidateDialog:
    """A table of what was found; what cannot be loaded is grey and says why.

    Attributes:
        rows: what the lines of the table stand for.
        dialog: a QDialog, not shown yet.
        table: its table.
        load_button: loads the chosen line.

    Args:
        survey: what was found.
        path: where.
        choose: called with the choice.
    """

    def __init__(self, survey: Survey, path: Path, choose: Callable[[Candidate], None]) -> None:
        self._choose = choose
        self.rows = rows(survey)
        self.dialog = qt.QDialog(slicer.util.mainWindow())
        self.dialog.windowTitle = _("Load cine")
        self.dialog.objectName = "TemporalInterpCandidates"
        layout = qt.QVBoxLayout(self.dialog)
        label = qt.QLabel(heading(self.rows, path.name))
        label.wordWrap = True
        layout.addWidget(label)
        self.table = self._filled_table()
        layout.addWidget(self.table)
        buttons = qt.QHBoxLayout()
        buttons.addStretch(1)
        self.load_button, cancel_button = qt.QPushButton(_("Load")), qt.QPushButton(_("Cancel"))
        self.load_button.setDefault(True)
        buttons.addWidget(self.load_button)
        buttons.addWidget(cancel_button)
        layout.addLayout(buttons)
        self.table.connect("itemSelectionChanged()", self._selected)
        self.table.connect("cellDoubleClicked(int,int)", self._take)
        self.load_button.connect("clicked()", self._take_current)
        cancel_button.connect("clicked()", self.close)
        self.dialog.connect("finished(int)", self._finish)
        self.dialog.resize(WIDTH, HEIGHT)
        first = first_choice(self.rows, path)
        if first >= 0:
            self.table.selectRow(first)
        self._selected()
        self._job = Job(self._pictures())

    def show(self) -> None:
        """Show it; the pictures come one by one."""
        self.dialog.open()
        self._job.start()

    def close(self) -> None:
        """Close it without a choice, if it is open."""
        if self.dialog:  # it is false once it is gone
            self.dialog.reject()

    def _filled_table(self) -> Any:
        columns = heads()
        table = qt.QTableWidget(len(self.rows), len(columns))
        table.setHorizontalHeaderLabels(list(columns))
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setIconSize(qt.QSize(SIDE, SIDE))
        table.setWordWrap(True)
        table.verticalHeader().hide()
        for number, row in enumerate(self.rows):
            for column, text in enumerate(row.cells):
                table.setItem(number, column, _item(text, row))
        table.resizeColumnsToContents()
        table.setColumnWidth(0, SIDE + 8)
        table.setColumnWidth(1, min(table.columnWidth(1), NAME_WIDTH))
        table.setColumnWidth(len(columns) - 1, REMARKS_WIDTH)
        table.horizontalHeader().setStretchLastSection(True)
        table.resizeRowsToContents()
        for number, row in enumerate(self.rows):
            least = SIDE + 8 if row.candidate is not None else 0
            table.setRowHeight(number, max(table.rowHeight(number), least))
        return table

    def _usable(self, number: int) -> bool:
        return 0 <= number < len(self.rows) and self.rows[number].candidate is not None and not self.rows[number].reason

    def _selected(self) -> None:
        self.load_button.enabled = self._usable(self.table.currentRow())

    def _take_current(self) -> None:
        self._take(self.table.currentRow())

    def _take(self, number: int) -> None:
        if self._usable(number):
            self.dialog.accept()
            self._choose(self.rows[number].candidate)

    def _finish(self) -> None:
        """Draw no more, and leave nothing behind: the main window would keep it."""
        self._job.cancel()
        self.dialog.deleteLater()

    def _pictures(self) -> Steps[None]:
        """Return the steps that draw the pictures, one by one; one that cannot be drawn is left blank."""
        for number, row in enumerate(self.rows):
            if row.candidate is not None and row.candidate.picture is not None:
                try:
                    picture = yield from in_background(lambda _, one=row.candidate: _picture_of(one))
                except TemporalInterpError:
                    continue
                pixmap = qt.QPixmap()
                pixmap.loadFromData(picture, "PGM")
                self.table.item(number, 0).setIcon(qt.QIcon(pixmap))
                yield number / len(self.rows), ""


def _item(text: str, row: Row) -> Any:
    item = qt.QTableWidgetItem(text)
    item.setToolTip(row.details)
    if row.reason:
        item.setFlags(qt.Qt.NoItemFlags)
    return item


def _picture_of(candidate: Candidate) -> bytes:
    columns, rows, _ = candidate.spacing or (1.0, 1.0, 1.0)
    return thumbnail(candidate.picture(), (rows, columns), candidate.window)
