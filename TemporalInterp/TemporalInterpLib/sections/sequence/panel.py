"""The section that chooses the sequence."""

from __future__ import annotations

from slicer.i18n import tr as _

from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.job import Job
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.section import Section
from TemporalInterpLib.sequence_in_use import SequenceInUse
from TemporalInterpLib.work_button import tell_error


class SequenceSection(Section):
    """Sequence selector, sample cine."""

    title = _("Sequence")
    place = 10
    collapsed = False
    watches = frozenset({"sequence"})

    def connect(self) -> None:
        """Connect the widgets."""
        self._shown: SequenceInUse | None = None
        self._job: Job | None = None
        self.ui.sequenceSelector.addAttribute("vtkMRMLSequenceNode", "DataNodeClassName", "vtkMRMLScalarVolumeNode")
        self.ui.sampleButton.connect("clicked()", self._load_sample)

    def update(self) -> None:
        """Read the sequence again if it has changed."""
        in_use = self.context.in_use
        if in_use is not self._shown:
            self._shown = in_use
            self.ui.sequenceMessage.text = in_use.refusal
            self.ui.sequenceMessage.visible = bool(in_use.refusal)

    def stop(self) -> None:
        """Stop drawing the sample."""
        if self._job is not None:
            self._job.cancel()
        self._shown = None

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
