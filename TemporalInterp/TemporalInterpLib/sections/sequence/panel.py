"""The section that chooses the sequence and its two phases."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from temporal_interp.workflows.phase_selection import change_from_first, proposed_phases
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.curve_picture import Curve, CurvePicture
from TemporalInterpLib.job import Job
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.section import Section
from TemporalInterpLib.sequence_in_use import SequenceInUse
from TemporalInterpLib.work_button import tell_error

CURVE_HEIGHT = 110
CURVE_WIDTH = 300
CURVE_COLOR = "#3A87AD"


class SequenceSection(Section):
    """Sequence selector, sample cine, curve of change, phases A and B."""

    title = _("Sequence")
    place = 10
    collapsed = False
    watches = frozenset({"sequence", "firstPhase", "lastPhase"})

    def connect(self) -> None:
        """Connect the widgets."""
        self._shown: SequenceInUse | None = None
        self._drawn: tuple[object, ...] = ()
        self._changes: list[float] = []
        self._job: Job | None = None
        self.ui.sequenceSelector.addAttribute("vtkMRMLSequenceNode", "DataNodeClassName", "vtkMRMLScalarVolumeNode")
        self.ui.sampleButton.connect("clicked()", self._load_sample)
        self.ui.proposeButton.connect("clicked()", self._propose)
        self.ui.firstPhase.connect("activated(int)", self._choose_first)
        self.ui.lastPhase.connect("activated(int)", self._choose_last)

    def update(self) -> None:
        """Read the sequence again if it has changed, and show the phases."""
        in_use = self.context.in_use
        if in_use is not self._shown:
            self._shown = in_use
            self._show(in_use)
        self.allow(self.ui.firstPhase, self.ui.lastPhase, self.ui.proposeButton, unless=in_use.refusal)
        self.ui.changeCurve.visible = not in_use.refusal
        if not in_use.refusal:
            if not in_use.are_phases(self.parameters.firstPhase, self.parameters.lastPhase):
                self._propose()
            self._show_phases()
            self._draw()

    def stop(self) -> None:
        """Stop drawing the sample."""
        if self._job is not None:
            self._job.cancel()
        self._shown, self._drawn, self._changes = None, (), []

    def _show(self, in_use: SequenceInUse) -> None:
        self.ui.sequenceMessage.text = in_use.refusal
        self.ui.sequenceMessage.visible = bool(in_use.refusal)
        self._changes = [] if in_use.refusal else change_from_first(in_use.frames)
        for box in (self.ui.firstPhase, self.ui.lastPhase):
            box.clear()
            for number in [] if in_use.refusal else in_use.acquired:
                value = in_use.frames.time_in_words(number)
                box.addItem(_("{value}  (frame {number})").format(value=value, number=number))

    def _show_phases(self) -> None:
        self._select(self.ui.firstPhase, self.parameters.firstPhase)
        self._select(self.ui.lastPhase, self.parameters.lastPhase)

    def _select(self, box: object, number: int) -> None:
        if number in self._shown.acquired:
            box.currentIndex = self._shown.acquired.index(number)

    def _choose_first(self, index: int) -> None:
        """Set phase A; phase B moves if it would not be later."""
        index = min(index, len(self._shown.acquired) - 2)
        self._set_phases(index, max(self._shown.acquired.index(self.parameters.lastPhase), index + 1))

    def _choose_last(self, index: int) -> None:
        """Set phase B; phase A moves if it would not be earlier."""
        index = max(index, 1)
        self._set_phases(min(self._shown.acquired.index(self.parameters.firstPhase), index - 1), index)

    def _set_phases(self, first: int, last: int) -> None:
        with slicer.util.NodeModify(self.parameters.parameterNode):  # one event: A is before B at every moment
            self.parameters.firstPhase = self._shown.acquired[first]
            self.parameters.lastPhase = self._shown.acquired[last]
        self._show_phases()  # a choice may have been corrected

    def _propose(self) -> None:
        self._set_phases(
            *(self._shown.acquired.index(number) for number in proposed_phases(self._shown.frames, self._changes))
        )

    def _draw(self) -> None:
        """Redraw the curve if the sequence or a phase has changed, not at every move of the slider."""
        phases = (self.parameters.firstPhase, self.parameters.lastPhase)
        if self._drawn == (self._shown, phases):
            return
        self._drawn = (self._shown, phases)
        values = self._shown.frames.times
        marks = [(values[number], letter) for number, letter in zip(phases, "AB", strict=True)]
        picture = CurvePicture([Curve(values, self._changes, CURVE_COLOR)], marks, x_unit=self._shown.frames.unit)
        label = self.ui.changeCurve
        label.pixmap = picture.drawn(CURVE_WIDTH, CURVE_HEIGHT, label.palette.color(label.foregroundRole()))

    def _load_sample(self) -> None:
        if self._job is not None:
            return
        self.ui.sampleButton.enabled = False
        self.ui.sequenceMessage.text = _("Drawing the sample…")
        self.ui.sequenceMessage.visible = True
        self._job = Job(
            self.logic.sample_cine_steps(), on_done=self._use_sample, on_error=tell_error, on_end=self._sample_ended
        ).start()

    def _use_sample(self, added: AddedSequence) -> None:
        self.parameters.sequence = added.sequence
        show_in_slice_views(added.proxy, fit=True)

    def _sample_ended(self) -> None:
        self._job = None
        self.ui.sampleButton.enabled = True


SECTION = SequenceSection
