"""The section with the time slider."""

from __future__ import annotations

from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.engines import creator, engine_name
from TemporalInterpLib.layout import SideBySide, show_in_slice_views
from TemporalInterpLib.preview import Pair, Preview
from TemporalInterpLib.section import PACKAGES, Section
from TemporalInterpLib.sequence_conversion import index_values_of


class PreviewSection(Section):
    """Time slider, label of the instant, side by side."""

    title = _("Preview")
    place = 20
    collapsed = False
    watches = frozenset(
        {
            "sequence",
            "firstPhase",
            "lastPhase",
            "time",
            "sideBySide",
            "engine",
            "device",
            "adaptedModel",
            "cyclic",
            PACKAGES,
        }
    )

    def connect(self) -> None:
        """Connect the widgets."""
        self.preview = Preview(self._say, self._fail)
        self.side_by_side = SideBySide()
        self._time: float | None = None
        self._refusal = ""

    def update(self) -> None:
        """Show the instant if the user has moved the slider, or if the phases or the engine have changed."""
        has_moved = self._time is not None and self._time != self.parameters.time
        self._time = self.parameters.time
        pair = self._pair()
        usable = pair is not None
        self.ui.timeSlider.enabled = self.ui.sideBySide.enabled = usable
        if not usable:
            self.preview.stop()
            self.ui.instantLabel.text = self.ui.previewStatus.text = ""
            return
        self.ui.instantLabel.text = self._instant(pair)
        if has_moved or self.preview.is_there or self.parameters.sideBySide:
            self._show(pair)

    def stop(self) -> None:
        """Stop computing and remove the preview from the scene."""
        self.side_by_side.hide()
        self.preview.remove()
        self._time = None

    def _pair(self) -> Pair | None:
        parameters = self.parameters
        try:
            count = len(index_values_of(parameters.sequence))
        except TemporalInterpError:  # the section above says why
            return None
        if not 0 <= parameters.firstPhase < parameters.lastPhase < count:
            return None
        try:
            name, self._refusal = engine_name(parameters.engine, parameters.sequence, parameters.adaptedModel), ""
        except TemporalInterpError as error:
            name, self._refusal = "linear_blend", str(error)
        device = parameters.device
        return Pair(
            parameters.sequence,
            parameters.firstPhase,
            parameters.lastPhase,
            creator(name, device),
            (name, device.value),
            self.cyclic,
        )

    def _show(self, pair: Pair) -> None:
        first_time = not self.preview.is_there
        try:
            self.preview.show(pair, self.parameters.time)
        except TemporalInterpError as error:  # the preview shows other phases
            self.ui.instantLabel.text = ""
            self._say(str(error))
            return
        if self.parameters.sideBySide:
            self.side_by_side.show(self.preview.phases(), self.preview.node)
        else:
            self.side_by_side.hide()
            if first_time:
                show_in_slice_views(self.preview.node, fit=True)

    def _instant(self, pair: Pair) -> str:
        first, last = (float(pair.sequence.GetNthIndexValue(n)) for n in (pair.first, pair.last))
        t, unit = self.parameters.time, pair.sequence.GetIndexUnit() or ""
        value = f"{first + t * (last - first):.4g} {unit}".strip()
        if t in (0.0, 1.0):
            return _("{value}: acquired, phase {letter}").format(value=value, letter="B" if t else "A")
        return _("{value}: SYNTHETIC").format(value=value)

    def _say(self, words: str) -> None:
        self.ui.previewStatus.text = f"{words}. {self._refusal}" if words and self._refusal else words

    def _fail(self, error: Exception) -> None:
        self.ui.previewStatus.text = _("The engine failed, so this is the linear blend. {error}").format(error=error)


SECTION = PreviewSection
