"""The section that chooses the sequence and its two phases."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import TemporalInterpError
from temporal_interp.workflows.phase_selection import change_from_first, proposed_phases
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.curve_picture import Curve, CurvePicture
from TemporalInterpLib.job import Job
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.panels.panel import Panel, tell_error
from TemporalInterpLib.sequence_conversion import sequence_from_node

CURVE_HEIGHT = 110
CURVE_WIDTH = 300
CURVE_COLOR = "#3A87AD"


class SequencePanel(Panel):
    """Sequence selector, sample cine, curve of change, phases A and B."""

    def connect(self) -> None:
        """Connect the widgets."""
        self._known: tuple[object, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._acquired: list[int] = []
        self._sequence: Sequence | None = None
        self._changes: list[float] = []
        self._job: Job | None = None
        self.ui.sequenceSelector.addAttribute("vtkMRMLSequenceNode", "DataNodeClassName", "vtkMRMLScalarVolumeNode")
        self.ui.sampleButton.connect("clicked()", self._load_sample)
        self.ui.proposeButton.connect("clicked()", self._propose)
        self.ui.firstPhase.connect("activated(int)", self._choose_first)
        self.ui.lastPhase.connect("activated(int)", self._choose_last)

    def update(self) -> None:
        """Read the sequence again if it has changed, and show the phases."""
        node = self.parameters.sequence
        known = (None,) if node is None else (node, node.GetNumberOfDataNodes(), node.GetMTime())
        if known != self._known:
            self._known = known
            self._read(node)
        usable = len(self._acquired) >= 2
        for widget in (self.ui.firstPhase, self.ui.lastPhase, self.ui.proposeButton):
            widget.enabled = usable
        self.ui.changeCurve.visible = usable
        if usable:
            if not self.phases_are_valid():
                self._propose()
            self._show_phases()
            self._draw()

    def phases_are_valid(self) -> bool:
        """Tell whether the parameters name two acquired items, the first before the last."""
        first, last = self.parameters.firstPhase, self.parameters.lastPhase
        return first in self._acquired and last in self._acquired and first < last

    def stop(self) -> None:
        """Stop drawing the sample."""
        if self._job is not None:
            self._job.cancel()
        self._known = self._drawn = ()
        self._sequence, self._acquired, self._changes = None, [], []

    def _read(self, node: object) -> None:
        self._sequence, self._acquired, self._changes = None, [], []
        self.ui.sequenceMessage.text = ""
        if node is None:
            self.ui.sequenceMessage.text = _("Load a cine as a sequence, or the sample.")
        else:
            try:
                self._sequence = sequence_from_node(node)
                self._changes = change_from_first(self._sequence)
                self._acquired = self._sequence.acquired_frames
                if len(self._acquired) < 2:
                    self.ui.sequenceMessage.text = _("This sequence has fewer than two acquired frames.")
            except TemporalInterpError as error:
                self.ui.sequenceMessage.text = str(error)
        self.ui.sequenceMessage.visible = bool(self.ui.sequenceMessage.text)
        for box in (self.ui.firstPhase, self.ui.lastPhase):
            box.clear()
            for number in self._acquired:
                value = self._sequence.time_in_words(number)
                box.addItem(_("{value}  (frame {number})").format(value=value, number=number))

    def _show_phases(self) -> None:
        self._select(self.ui.firstPhase, self.parameters.firstPhase)
        self._select(self.ui.lastPhase, self.parameters.lastPhase)

    def _select(self, box: object, number: int) -> None:
        if number in self._acquired:
            box.currentIndex = self._acquired.index(number)

    def _choose_first(self, index: int) -> None:
        """Set phase A; phase B moves if it would not be later."""
        index = min(index, len(self._acquired) - 2)
        self._set_phases(index, max(self._acquired.index(self.parameters.lastPhase), index + 1))

    def _choose_last(self, index: int) -> None:
        """Set phase B; phase A moves if it would not be earlier."""
        index = max(index, 1)
        self._set_phases(min(self._acquired.index(self.parameters.firstPhase), index - 1), index)

    def _set_phases(self, first: int, last: int) -> None:
        with slicer.util.NodeModify(self.parameters.parameterNode):  # one event: A is before B at every moment
            self.parameters.firstPhase = self._acquired[first]
            self.parameters.lastPhase = self._acquired[last]
        self._show_phases()  # a choice may have been corrected

    def _propose(self) -> None:
        if self._sequence is None or len(self._acquired) < 2:
            return
        self._set_phases(*(self._acquired.index(number) for number in proposed_phases(self._sequence, self._changes)))

    def _draw(self) -> None:
        """Redraw the curve if the sequence or a phase has changed, not at every move of the slider."""
        phases = (self.parameters.firstPhase, self.parameters.lastPhase)
        if self._drawn == (self._known, phases):
            return
        self._drawn = (self._known, phases)
        values = self._sequence.times
        marks = [(values[number], letter) for number, letter in zip(phases, "AB", strict=True)]
        picture = CurvePicture([Curve(values, self._changes, CURVE_COLOR)], marks, x_unit=self._sequence.unit)
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
