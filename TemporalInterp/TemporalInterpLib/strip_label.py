"""A label of a panel that shows the strip of ticks of a browser, and follows it."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from TemporalInterpLib.frame_strip import FrameStrip

HEIGHT = 18
LEAST_WIDTH = 120
"""Pixels: a label that is not shown yet has no width of its own."""


class StripLabel:
    """Shows the strip of a browser in a label, which is hidden where there is none.

    Args:
        label: a QLabel.
    """

    def __init__(self, label: Any) -> None:
        self._label = label
        self._browser: slicer.vtkMRMLSequenceBrowserNode | None = None
        self._tag: int | None = None
        self._strip: FrameStrip | None = None
        self._ticks: Any = None
        self._current: int | None = None
        label.visible = False

    def follow(self, browser: slicer.vtkMRMLSequenceBrowserNode | None) -> None:
        """Follow a browser from now on, or none."""
        if self._browser is not None:
            self._browser.RemoveObserver(self._tag)
        self._browser, self._ticks = browser, None
        self._strip = FrameStrip.of(browser) if browser is not None else None
        if browser is not None:
            self._tag = browser.AddObserver(vtk.vtkCommand.ModifiedEvent, self._show)
        self._label.visible = self._strip is not None
        self._show()

    def _show(self, *_event: object) -> None:
        if self._strip is None:
            return
        current, width = self._browser.GetSelectedItemNumber(), max(self._label.width, LEAST_WIDTH)
        if self._ticks is None or self._ticks.width() != width:  # drawn once: a browser plays 50 frames a second
            self._ticks, self._current = self._strip.ticks(width, HEIGHT), None
        if current != self._current:
            self._current = current
            foreground = self._label.palette.color(self._label.foregroundRole())
            self._label.pixmap = self._strip.with_current(self._ticks, current, foreground)
