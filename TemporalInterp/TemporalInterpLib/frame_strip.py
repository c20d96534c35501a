"""A strip of ticks for a player: one for every frame, coloured by whether it was acquired, and the current one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import qt
import slicer

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.layout import BLUE, ORANGE
from TemporalInterpLib.sequence_conversion import index_values_of, synthetic_items_of

MARGIN = 4
"""Pixels at either end."""


@dataclass(frozen=True)
class FrameStrip:
    """Ticks at the instants of frames.

    Attributes:
        values: index values of the frames, rising.
        synthetic: for every frame, whether it is synthetic.
    """

    values: Sequence[float]
    synthetic: Sequence[bool]

    @classmethod
    def of(cls, browser: slicer.vtkMRMLSequenceBrowserNode) -> FrameStrip | None:
        """Return the strip of what a browser plays; None where it has no frames."""
        sequence = browser.GetMasterSequenceNode()
        if sequence is None or sequence.GetNumberOfDataNodes() == 0:
            return None
        try:
            values = index_values_of(sequence)
        except InvalidInputError:  # no times to go by
            values = [float(n) for n in range(sequence.GetNumberOfDataNodes())]
        synthetic = set(synthetic_items_of(sequence))
        return cls(values, [n in synthetic for n in range(len(values))])

    def place(self, number: int, width: int) -> float:
        """Return how far from the left, in pixels, the tick of a frame stands."""
        low, high = self.values[0], self.values[-1]
        share = (self.values[number] - low) / (high - low) if high > low else 0.5
        return MARGIN + share * (width - 2 * MARGIN)

    def ticks(self, width: int, height: int) -> qt.QPixmap:
        """Return a picture of the ticks with a transparent background, in pixels."""
        pixmap = qt.QPixmap(width, height)
        pixmap.fill(qt.QColor(0, 0, 0, 0))
        painter = qt.QPainter(pixmap)
        try:
            # acquired ticks are drawn last and taller: there are few of them
            for synthetic, color, top in ((True, ORANGE, 0.55), (False, BLUE, 0.25)):
                pen = qt.QPen(qt.QColor(color))
                pen.setWidthF(1.5)
                painter.setPen(pen)
                for number in (n for n, kind in enumerate(self.synthetic) if kind is synthetic):
                    across = self.place(number, width)
                    painter.drawLine(qt.QPointF(across, top * height), qt.QPointF(across, height - 1.0))
        finally:
            painter.end()
        return pixmap

    def with_current(self, ticks: qt.QPixmap, current: int, foreground: qt.QColor) -> qt.QPixmap:
        """Return a copy of a picture of the ticks in which a frame is marked."""
        pixmap = qt.QPixmap(ticks)
        if 0 <= current < len(self.values):
            across, height = self.place(current, pixmap.width()), pixmap.height()
            painter = qt.QPainter(pixmap)
            try:
                painter.setPen(qt.QPen(foreground))
                painter.drawLine(qt.QPointF(across, 0.0), qt.QPointF(across, float(height)))
                for inset in range(4):  # a small triangle that points down
                    painter.drawLine(qt.QPointF(across - 4 + inset, inset), qt.QPointF(across + 4 - inset, inset))
            finally:
                painter.end()
        return pixmap
