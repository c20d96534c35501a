"""The section that loads and chooses the sequence."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import qt
import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import MissingPackageError
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.background import Steps
from TemporalInterpLib.candidate_dialog import CandidateDialog
from TemporalInterpLib.candidate_table import only_one
from TemporalInterpLib.dependencies import FOR_VIDEOS, files_can_be_read, offer_videos
from TemporalInterpLib.fitting_sequences import take_first_fitting, volume_sequences
from TemporalInterpLib.job import Job, Report
from TemporalInterpLib.layout import show_in_next_turn
from TemporalInterpLib.load_sequence import LoadedSequence
from TemporalInterpLib.places import ask_file, ask_folder
from TemporalInterpLib.section import PACKAGES, SCENE, Section
from TemporalInterpLib.sections.sequence.presenter import State, loaded_in_words, present
from TemporalInterpLib.volumes_to_sequence import FramesInScene, colour_sequences, frames_in
from TemporalInterpLib.work_button import tell_error

if TYPE_CHECKING:  # the core's readers need packages that a bare Slicer lacks
    from temporal_interp.io import Candidate, Survey


class SequenceSection(Section):
    """Sequence selector, loading of cines."""

    title = _("Sequence")
    place = 10
    collapsed = False
    watches = frozenset({"sequence", SCENE, PACKAGES})

    def connect(self) -> None:
        """Connect the widgets."""
        self._job: Job | None = None
        self._work, self._fraction = "", 0.0
        self._loaded: tuple[slicer.vtkMRMLSequenceNode, str] | None = None
        self._known: set[slicer.vtkMRMLSequenceNode] = set()
        self._frames: list[FramesInScene] = []
        self.dialog: CandidateDialog | None = None
        self._menu = qt.QMenu(self.ui.loadButton)
        self._add_entry(_("Folder (DICOM, frames)…"), ask_folder)
        self._add_entry(_("File…"), ask_file)
        self.ui.loadButton.setMenu(self._menu)
        self.ui.cancelLoadButton.connect("clicked()", self._cancel)
        self.ui.makeButton.connect("clicked()", self._make)
        self.ui.sequenceSelector.addAttribute("vtkMRMLSequenceNode", "DataNodeClassName", "vtkMRMLScalarVolumeNode")
        self.ui.sampleButton.connect("clicked()", self._load_sample)

    def update(self) -> None:
        """Take a sequence that was added, and say what is wrong with the chosen one."""
        self._take_added()
        self._present()

    def stop(self) -> None:
        """Stop loading."""
        if self._job is not None:
            self._job.cancel()
        self._close_dialog()
        self._loaded, self._known, self._frames = None, set(), []

    # Loading

    def open_place(self, path: Path) -> None:
        """Look for the sequences in a file or a folder, and load the one that is there, or let the user choose."""
        self._close_dialog()
        again = partial(self.open_place, path)
        self._start(self.logic.survey_steps(path), _("Looking at the files…"), partial(self._offer, path), again)

    def _add_entry(self, text: str, ask: Callable[[], Path | None]) -> None:
        self._menu.addAction(text).connect("triggered()", partial(self._ask, ask))

    def _ask(self, ask: Callable[[], Path | None]) -> None:
        path = ask()
        if path is not None:
            self.open_place(path)

    def _offer(self, path: Path, survey: Survey) -> None:
        only = only_one(survey)
        if only is not None:
            self.load(only)
            return
        self.dialog = CandidateDialog(survey, path, self.load)
        self.dialog.show()

    def load(self, candidate: Candidate) -> None:
        """Read a sequence that was found, and choose it."""
        again = partial(self.load, candidate)
        self._start(self.logic.load_candidate_steps(candidate), _("Loading…"), self._use_loaded, again)

    def _use_loaded(self, loaded: LoadedSequence) -> None:
        self._use(loaded.added, loaded.notes)

    def _use_sample(self, added: AddedSequence) -> None:
        self._use(added)

    def _use(self, added: AddedSequence, notes: tuple[str, ...] = ()) -> None:
        item = added.sequence.GetNthDataNode(0)
        slices = item.GetImageData().GetDimensions()[2]
        words = loaded_in_words(added.sequence.GetName(), added.sequence.GetNumberOfDataNodes(), slices, notes)
        self._loaded = (added.sequence, words)
        self.parameters.sequence = added.sequence
        show_in_next_turn(added.proxy)

    def _load_sample(self) -> None:
        self._start(self.logic.sample_cine_steps(), _("Drawing the sample…"), self._use_sample)

    def _make(self) -> None:
        frames = self._frames[0]
        question = _(
            "These images become the frames of a sequence, in this order:\n\n{frames}\n\n"
            "They stay in the scene as they are."
        ).format(frames=frames.in_words)
        if slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Make a sequence")):
            self._start(self.logic.sequence_of_frames_steps(frames), _("Making the sequence…"), self._use_sample)

    def _start(self, steps: Steps, work: str, done: Callable, again: Callable[[], None] | None = None) -> None:
        if self._job is not None:  # a job that has just found something leads to the next one
            self._job.cancel()
        self._work, self._fraction = work, 0.0
        job = Job(steps, on_done=done, on_progress=self._report)
        job.on_error, job.on_end = partial(self._failed, job, again), partial(self._ended, job)
        self._job = job.start()
        self._present()

    def _report(self, report: Report) -> None:
        self._fraction = report.fraction
        self.ui.loadProgress.value = round(100 * report.fraction)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _failed(self, job: Job, again: Callable[[], None] | None, error: Exception) -> None:
        self._ended(job)  # first: the message waits for the user
        if again is None or not isinstance(error, MissingPackageError) or error.package not in FOR_VIDEOS:
            tell_error(error)
        elif offer_videos():
            again()

    def _ended(self, job: Job) -> None:
        if job is self._job:
            self._job, self._work = None, ""
        if self.parameters is not None:
            self._present()

    def _close_dialog(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.close()

    # What is there

    def _take_added(self) -> None:
        """Choose a sequence that was added while none is chosen; one that the user gave up is not taken again."""
        if self.parameters.sequence is None:
            take_first_fitting(self.parameters, self._known)
        else:
            self._known = set(volume_sequences(self.parameters.parameterNode.GetScene()))

    def _state(self) -> State:
        in_use, node = self.context.in_use, self.parameters.sequence
        refusal, frames = in_use.refusal, in_use.frames
        scene = self.parameters.parameterNode.GetScene()
        can_read = files_can_be_read()
        self._frames = frames_in(scene) if refusal and can_read else []
        return State(
            refusal=refusal,
            work=self._work,
            fraction=self._fraction,
            loaded=self._loaded[1] if self._loaded is not None and self._loaded[0] is node else "",
            colour=tuple(one.GetName() for one in colour_sequences(scene)) if refusal else (),
            frames=self._frames[0].label if self._frames else "",
            frames_in_short=self._frames[0].short if self._frames else "",
            period="" if refusal or frames.period is None else frames.with_unit(frames.period),
            missing="" if can_read else _("Files are read with Python packages that are missing: install them above."),
        )

    def _present(self) -> None:
        view = present(self._state())
        self.ui.sequenceMessage.text = view.message
        self.ui.sequenceMessage.visible = bool(view.message)
        self.allow(self.ui.loadButton, unless=view.load)
        self.allow(self.ui.sampleButton, unless=view.busy)
        self.ui.loadProgress.visible = self.ui.cancelLoadButton.visible = view.progress is not None
        self.ui.loadProgress.value = view.progress or 0
        self.ui.cycleLabel.text, self.ui.cycleLabel.visible = view.cycle, bool(view.cycle)
        self.ui.cyclic.visible = not view.cycle
        self.ui.makeButton.text = view.make
        self.ui.makeButton.visible = bool(view.make)


SECTION = SequenceSection
