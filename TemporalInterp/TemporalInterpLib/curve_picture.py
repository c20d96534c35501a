"""Small curves for a panel, drawn with Qt: no plotting library is needed, and they follow its colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import qt

from TemporalInterpLib.short_time import short_time

MARGIN = 6
TEXT_HEIGHT = 16
SHADE = 30
"""Opacity of a shaded ground, of 255."""


@dataclass(frozen=True)
class Curve:
    """One line of a picture.

    Attributes:
        x: rising numbers.
        y: one for every x; where it is not finite, the curve has no point.
        color: as Qt names it, "#0072B2".
        name: for the legend, "" for none.
    """

    x: Sequence[float]
    y: Sequence[float]
    color: str
    name: str = ""


@dataclass(frozen=True)
class CurvePicture:
    """Curves over one axis, with marks.

    Attributes:
        curves: one or more.
        marks: x of vertical lines, and their labels.
        unit: of y, whose extremes are written at the right, "" for a curve whose height means little.
        x_unit: of x, likewise.
        shaded: a range of x whose ground is shaded, None for none.
    """

    curves: Sequence[Curve]
    marks: Sequence[tuple[float, str]] = field(default=())
    unit: str = ""
    x_unit: str = ""
    shaded: tuple[float, float] | None = None

    def place_of(self, x: float, width: int) -> float:
        """Return where an x is drawn in a picture of a width, in pixels from the left."""
        low, high = self._x_range
        return MARGIN + (x - low) / ((high - low) or 1.0) * (width - 2 * MARGIN)

    def x_at(self, place: float, width: int) -> float:
        """Return the x that is drawn at a place, in pixels from the left; beyond the ends, that of the end."""
        low, high = self._x_range
        return low + (high - low) * min(max((place - MARGIN) / max(width - 2 * MARGIN, 1), 0.0), 1.0)

    @property
    def _x_range(self) -> tuple[float, float]:
        xs = [x for curve in self.curves for x in curve.x]
        return min(xs), max(xs)

    def drawn(self, width: int, height: int, foreground: qt.QColor) -> qt.QPixmap:
        """Return the picture with a transparent background, in pixels; text and axes are in `foreground`."""
        pixmap = qt.QPixmap(width, height)
        pixmap.fill(qt.QColor(0, 0, 0, 0))
        painter = qt.QPainter(pixmap)
        try:
            painter.setRenderHint(qt.QPainter.Antialiasing, True)
            _Axes.around(self, width, height).draw(painter, self, foreground)
        finally:
            painter.end()
        return pixmap


@dataclass(frozen=True)
class _Axes:
    """The mapping of numbers to the picture."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    width: int
    height: int

    @classmethod
    def around(cls, picture: CurvePicture, width: int, height: int) -> _Axes:
        xs = [x for curve in picture.curves for x in curve.x]
        ys = [y for curve in picture.curves for y in curve.y if math.isfinite(y)] or [0.0]
        y_low, y_high = min(ys), max(ys)
        return cls(min(xs), max(xs), y_low, y_high if y_high > y_low else y_low + 1.0, width, height)

    def point(self, x: float, y: float) -> qt.QPointF:
        across = (x - self.x_low) / ((self.x_high - self.x_low) or 1.0)
        up = (y - self.y_low) / (self.y_high - self.y_low)
        top, bottom = MARGIN + TEXT_HEIGHT, self.height - MARGIN - TEXT_HEIGHT
        return qt.QPointF(MARGIN + across * (self.width - 2 * MARGIN), bottom - up * (bottom - top))

    def draw(self, painter: qt.QPainter, picture: CurvePicture, foreground: qt.QColor) -> None:
        if picture.shaded is not None:
            self._shade(painter, picture.shaded, foreground)
        painter.setPen(qt.QPen(foreground))
        painter.drawLine(self.point(self.x_low, self.y_low), self.point(self.x_high, self.y_low))
        bottom = self.height - MARGIN
        painter.drawText(qt.QPointF(MARGIN, bottom), short_time(self.x_low))
        self._right(painter, short_time(self.x_high, picture.x_unit), bottom)
        if picture.unit:
            self._right(painter, f"{self.y_high:.1f} {picture.unit}", TEXT_HEIGHT - 3)
            self._right(painter, f"{self.y_low:.1f} {picture.unit}", bottom - TEXT_HEIGHT - 4)
        for x, name in picture.marks:
            top = self.point(x, self.y_high)
            pen = qt.QPen(foreground)
            pen.setStyle(qt.Qt.DashLine)
            painter.setPen(pen)
            painter.drawLine(top, self.point(x, self.y_low))
            painter.setPen(qt.QPen(foreground))
            painter.drawText(qt.QPointF(min(top.x(), self.width - 40) + 3, top.y() - 4), name)
        for curve in picture.curves:
            self._draw_curve(painter, curve)
        self._legend(painter, picture)

    def _shade(self, painter: qt.QPainter, shaded: tuple[float, float], foreground: qt.QColor) -> None:
        color = qt.QColor(foreground)
        color.setAlpha(SHADE)
        top, bottom = self.point(shaded[0], self.y_high), self.point(shaded[1], self.y_low)
        painter.fillRect(qt.QRectF(top, bottom), color)

    def _draw_curve(self, painter: qt.QPainter, curve: Curve) -> None:
        pen = qt.QPen(qt.QColor(curve.color))
        pen.setWidthF(1.8)
        painter.setPen(pen)
        points = [self.point(x, y) for x, y in zip(curve.x, curve.y, strict=True) if math.isfinite(y)]
        for start, stop in pairwise(points):
            painter.drawLine(start, stop)
        for point in points:
            painter.drawEllipse(point, 1.8, 1.8)

    def _legend(self, painter: qt.QPainter, picture: CurvePicture) -> None:
        across = MARGIN
        for curve in picture.curves:
            if curve.name:
                painter.setPen(qt.QPen(qt.QColor(curve.color)))
                painter.drawText(qt.QPointF(across, TEXT_HEIGHT - 3), curve.name)
                across += 8 * len(curve.name) + 14

    def _right(self, painter: qt.QPainter, text: str, bottom: float) -> None:
        painter.drawText(qt.QPointF(self.width - MARGIN - 7 * len(text), bottom), text)
