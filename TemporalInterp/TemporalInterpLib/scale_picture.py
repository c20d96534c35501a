"""A grey scale with its numbers, drawn with Qt: the legend of an image."""

from __future__ import annotations

from collections.abc import Sequence

import qt

BAR_HEIGHT = 12
TEXT_HEIGHT = 16
LETTER = 8
"""Pixels that a letter takes, roughly."""


def scale_picture(numbers: Sequence[str], width: int, foreground: qt.QColor) -> qt.QPixmap:
    """Return a bar from black to white, and numbers below it at even distances.

    Args:
        numbers: from black to white.
        width: in pixels.
        foreground: of the text and the frame.
    """
    pixmap = qt.QPixmap(width, BAR_HEIGHT + TEXT_HEIGHT)
    pixmap.fill(qt.QColor(0, 0, 0, 0))
    painter = qt.QPainter(pixmap)
    try:
        greys = qt.QLinearGradient(0, 0, width, 0)
        greys.setColorAt(0, qt.QColor(0, 0, 0))
        greys.setColorAt(1, qt.QColor(255, 255, 255))
        painter.fillRect(qt.QRectF(0, 0, width, BAR_HEIGHT), qt.QBrush(greys))
        painter.setPen(qt.QPen(foreground))
        painter.drawRect(qt.QRectF(0, 0, width - 1, BAR_HEIGHT - 1))
        for place, text in enumerate(numbers):
            centre = place / (len(numbers) - 1) * width
            left = min(max(centre - LETTER * len(text) / 2, 0), width - LETTER * len(text))
            painter.drawText(qt.QPointF(left, BAR_HEIGHT + TEXT_HEIGHT - 4), text)
    finally:
        painter.end()
    return pixmap
