"""The widgets of the section, which show a view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from TemporalInterpLib.sections.preview.presenter import View
from TemporalInterpLib.sections.preview.time_axis import TimeAxis


class InstantWidgets:
    """Writes a view into the widgets, as far as it has changed: at a move of the slider that is little.

    Attributes:
        view: that is shown.
        filling: whether they are being written, so that what they tell is no gesture of the user.

    Args:
        ui: the widgets by name.
        allow: see `Section.allow`.
    """

    def __init__(self, ui: Any, allow: Callable[..., None]) -> None:
        self.filling = False
        self._ui, self._allow = ui, allow
        self.forget()

    def forget(self) -> None:
        """Write all of the next view: what the widgets show may have been cleared."""
        self.view = View(no_phases="-", no_instant="-", label="-", status="-", bring_back="-")

    def show(self, view: View, instant: float) -> None:
        """Show a view, and the instant on its axis."""
        before, self.view, self.filling = self.view, view, True
        try:
            self._fill(view, before)
            if view.axis is not None:
                if (view.axis, view.unit) != (before.axis, before.unit):
                    self._fill_axis(view.axis, view.unit)
                self._fill_instant(view.axis, instant)
        finally:
            self.filling = False

    def _fill(self, view: View, before: View) -> None:
        ui = self._ui
        if (view.no_phases, view.no_instant) != (before.no_phases, before.no_instant):
            self._allow(ui.firstPhase, ui.lastPhase, ui.proposeButton, unless=view.no_phases)
            instant = (
                ui.timeSlider,
                ui.instantBox,
                ui.previousInstant,
                ui.nextInstant,
                ui.playAcquired,
                ui.showInstant,
            )
            self._allow(*instant, ui.sideBySide, ui.span, unless=view.no_instant)
        if view.phases != before.phases:
            for box in (ui.firstPhase, ui.lastPhase):
                box.clear()
                box.addItems(list(view.phases))
        if view.chosen is not None:  # also where it is as before: the user may have chosen what was corrected
            ui.firstPhase.currentIndex, ui.lastPhase.currentIndex = view.chosen
        for label, text, old in (
            (ui.instantLabel, view.label, before.label),
            (ui.previewStatus, view.status, before.status),
            (ui.showInstant, view.bring_back, before.bring_back),
        ):
            if text != old:
                label.text, label.visible = text, bool(text)
        if view.side_by_side != before.side_by_side:
            ui.sideBySide.text = view.side_by_side

    def _fill_axis(self, axis: TimeAxis, unit: str) -> None:
        for widget in (self._ui.timeSlider, self._ui.instantBox):
            widget.decimals = axis.decimals
            widget.minimum, widget.maximum, widget.singleStep = axis.low, axis.high, axis.step
            widget.suffix = f" {unit}" if unit else ""
        self._ui.timeSlider.pageStep = axis.page

    def _fill_instant(self, axis: TimeAxis, instant: float) -> None:
        self._ui.instantBox.value = instant
        if abs(self._ui.timeSlider.value - instant) > axis.step / 2:  # else it is there already, and may be dragged
            self._ui.timeSlider.value = instant
