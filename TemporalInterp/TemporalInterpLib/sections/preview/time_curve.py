"""The curve of change over time in a label: it shows where A, B and the instant are, and lets them be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import qt

from TemporalInterpLib.curve_picture import MARGIN, TEXT_HEIGHT, Curve, CurvePicture
from TemporalInterpLib.event_filter import EventFilter
from TemporalInterpLib.layout import ORANGE
from TemporalInterpLib.sections.preview.time_axis import TimeAxis

COLOR = "#3A87AD"
HEIGHT = 96
AXIS = HEIGHT - MARGIN - TEXT_HEIGHT
"""Pixels from the top to the axis of the curve."""

LINES_HEIGHT = 8
"""Below the curve, where lines lead from A and B to the ends of the slider."""

SMALLEST_WIDTH = 60
STILL = 3
"""Pixels up to which a mouse that is pressed and let go has not moved."""

NEAR = 8
"""Pixels up to which a click means a frame."""


LOOKS = (qt.QEvent.Resize, qt.QEvent.PaletteChange, qt.QEvent.StyleChange)
MOUSE = (qt.QEvent.MouseButtonPress, qt.QEvent.MouseMove, qt.QEvent.MouseButtonRelease)


@dataclass(frozen=True)
class Times:
    """What the curve shows.

    Attributes:
        picture: change over time, with marks.
        low: instant at the left end of the slider.
        high: instant at its right end.
    """

    picture: CurvePicture
    low: float
    high: float

    @classmethod
    def over(
        cls, times: Sequence[float], changes: Sequence[float], axis: TimeAxis, unit: str, *, has_phases: bool
    ) -> Times:
        """Return the curve of change over time.

        Args:
            times: of acquired frames.
            changes: how much each differs from the first.
            axis: of the slider.
            unit: of time.
            has_phases: whether the slider goes from phase A to phase B, which are marked then.
        """
        marks = [(axis.low, "A"), (axis.high, "B")] if has_phases else []
        shaded = (axis.low, axis.high) if has_phases else None
        curve = Curve(times, changes, COLOR)
        return cls(CurvePicture([curve], marks, x_unit=unit, shaded=shaded), axis.low, axis.high)


class TimeCurve:
    """Draws into a label, and listens to its mouse and its keys.

    Args:
        label: as wide as the slider below it; with a horizontal size policy that ignores what is drawn.
        on_click: called with a time that was clicked, and how far away a frame may be that is meant.
        on_drag: called with the time at the mouse while it is dragged.
        on_step: called with -1 or 1 for the keys Left and Right.
    """

    def __init__(
        self,
        label: Any,
        on_click: Callable[[float, float], None],
        on_drag: Callable[[float], None],
        on_step: Callable[[int], None],
    ) -> None:
        self._label = label
        label.minimumHeight = HEIGHT + LINES_HEIGHT
        self._on_click, self._on_drag, self._on_step = on_click, on_drag, on_step
        self._times: Times | None = None
        self._instant: float | None = None
        self._ground: Any = None
        self._pressed: int | None = None
        self._dragged = False
        self._filter = EventFilter(label, self._event, (*LOOKS, *MOUSE, qt.QEvent.KeyPress))

    def show(self, times: Times | None, instant: float | None) -> None:
        """Show the curve, or nothing where there is none; `instant` is marked by a line, None for no line."""
        if times is not self._times:
            self._times, self._ground = times, None
        if times is None:
            self._label.clear()
        elif self._ground is None or instant != self._instant:
            self._instant = instant
            self._draw()

    def _draw(self) -> None:
        width = max(self._label.width, SMALLEST_WIDTH)
        if self._ground is None or self._ground.width() != width:
            self._ground = self._drawn_ground(width)
        pixmap = self._ground.copy()
        if self._instant is not None:
            painter = qt.QPainter(pixmap)
            try:
                self._draw_instant(painter, width)
            finally:
                painter.end()
        self._label.pixmap = pixmap

    def _drawn_ground(self, width: int) -> Any:
        """Return the picture without the instant, which alone is drawn again as the slider moves."""
        foreground = self._label.palette.color(self._label.foregroundRole())
        pixmap = qt.QPixmap(width, HEIGHT + LINES_HEIGHT)
        pixmap.fill(qt.QColor(0, 0, 0, 0))
        painter = qt.QPainter(pixmap)
        try:
            painter.setRenderHint(qt.QPainter.Antialiasing, True)
            painter.drawPixmap(0, 0, self._times.picture.drawn(width, HEIGHT, foreground))
            foreground.setAlpha(120)
            painter.setPen(qt.QPen(foreground))
            for time in (self._times.low, self._times.high):
                self._draw_line(painter, time, width)
        finally:
            painter.end()
        return pixmap

    def _draw_instant(self, painter: Any, width: int) -> None:
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        pen = qt.QPen(qt.QColor(ORANGE))
        pen.setWidthF(1.8)
        painter.setPen(pen)
        place = self._times.picture.place_of(self._instant, width)
        painter.drawLine(qt.QPointF(place, MARGIN), qt.QPointF(place, AXIS))
        self._draw_line(painter, self._instant, width)

    def _draw_line(self, painter: Any, time: float, width: int) -> None:
        """Draw the line from a time on the curve's axis to its place on the slider."""
        low, high = self._times.low, self._times.high
        on_slider = MARGIN + (time - low) / (high - low) * (width - 2 * MARGIN)
        on_curve = self._times.picture.place_of(time, width)
        if time != self._instant and abs(on_curve - on_slider) < 1:
            return  # the slider ends below the curve's own end
        painter.drawLine(qt.QPointF(on_curve, AXIS), qt.QPointF(on_slider, HEIGHT + LINES_HEIGHT))

    def _event(self, event: Any) -> bool:
        kind = event.type()
        if kind in LOOKS:
            if self._times is not None and (kind != qt.QEvent.Resize or self._ground.width() != self._label.width):
                self._ground = None
                self._draw()
            return False
        if self._times is None or not self._label.enabled:
            return False
        if kind != qt.QEvent.KeyPress:
            return self._mouse(kind, event)
        if event.key() not in (qt.Qt.Key_Left, qt.Qt.Key_Right):
            return False
        self._on_step(-1 if event.key() == qt.Qt.Key_Left else 1)
        return True

    def _mouse(self, kind: int, event: Any) -> bool:
        if kind == qt.QEvent.MouseButtonPress and event.button() == qt.Qt.LeftButton:
            self._pressed, self._dragged = event.pos().x(), False
            return True
        if self._pressed is None:
            return False
        place, picture, width = event.pos().x(), self._times.picture, self._label.width
        self._dragged = self._dragged or abs(place - self._pressed) > STILL
        if self._dragged:
            self._on_drag(picture.x_at(place, width))
        if kind == qt.QEvent.MouseButtonRelease:
            self._pressed = None
            if not self._dragged:
                self._on_click(
                    picture.x_at(place, width), picture.x_at(MARGIN + NEAR, width) - picture.x_at(MARGIN, width)
                )
        return True
