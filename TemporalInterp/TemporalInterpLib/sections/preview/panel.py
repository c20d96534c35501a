"""The section that chooses the phases and the instant, and shows the instant."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from temporal_interp.workflows.phase_selection import change_from_first, proposed_phases
from temporal_interp.workflows.request import BetweenPhases, Request, WholeSequence
from TemporalInterpLib.engines import creator, engine_name
from TemporalInterpLib.layout import ShownVolumes, SideBySide, show_in_slice_views
from TemporalInterpLib.moved_players import MovedPlayers
from TemporalInterpLib.parameter_node import MIDDLE, Span
from TemporalInterpLib.playback import is_playing, play, players_of, set_natural_speed
from TemporalInterpLib.preview import Preview
from TemporalInterpLib.preview_subject import Subject
from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.section import PACKAGES, SCENE, Section
from TemporalInterpLib.sections.preview.phase_choice import PhaseChoice
from TemporalInterpLib.sections.preview.presenter import Shown, State, present
from TemporalInterpLib.sections.preview.time_axis import TimeAxis
from TemporalInterpLib.sections.preview.time_curve import TimeCurve, Times
from TemporalInterpLib.sections.preview.widgets import InstantWidgets
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_in_use import SequenceInUse
from TemporalInterpLib.slice_views import took_preview_away


class PreviewSection(Section):
    """What is interpolated, phases A and B, the curve of change, the slider, and what the views show."""

    title = _("Instant")
    place = 20
    collapsed = False
    watches = frozenset(
        {
            "sequence",
            "span",
            "firstPhase",
            "lastPhase",
            "instant",
            "sideBySide",
            "engine",
            "device",
            "adaptedModel",
            "cyclic",
            SCENE,
            PACKAGES,
        }
    )

    def connect(self) -> None:
        """Connect the widgets."""
        self.preview = Preview(self._show_state)
        self.side_by_side = SideBySide()
        self.shown_volumes = ShownVolumes(self._show_state)
        self.players = MovedPlayers(self._player_moved, self._player_played)
        self.curve = TimeCurve(self.ui.changeCurve, self._click_curve, self._move, self._step)
        self.widgets = InstantWidgets(self.ui, self.allow)
        self._forget()
        self.ui.proposeButton.connect("clicked()", self._propose)
        self.ui.firstPhase.connect("activated(int)", lambda place: self._choose(self._phases.with_first(place)))
        self.ui.lastPhase.connect("activated(int)", lambda place: self._choose(self._phases.with_last(place)))
        self.ui.timeSlider.connect("valueChanged(double)", self._slide)
        self.ui.instantBox.connect("valueChanged(double)", self._slide)
        self.ui.previousInstant.connect("clicked()", lambda: self._step(-1))
        self.ui.nextInstant.connect("clicked()", lambda: self._step(1))
        self.ui.playAcquired.connect("clicked(bool)", self._play_acquired)
        self.ui.showInstant.connect("clicked()", self._bring_back)

    def update(self) -> None:
        """Show the instant if the user has moved it, or if the phases or the engine have changed."""
        self._use(self.context.in_use)
        if self._in_use.refusal:
            self._instant = None
            self.preview.stop()
            qt.QTimer.singleShot(0, self._leave_unfit)  # the sequence may just be leaving the scene
            self._follow()
            self._keep_choice()
            self._show_state()
            return
        if self.preview.node is not None and not self.preview.is_there:
            self.preview.stop()  # the user has removed it
        if not self._in_use.are_phases(self.parameters.firstPhase, self.parameters.lastPhase):
            self._propose()
        instant = self._axis().inside(self.parameters.instant)
        begins = self._instant is None
        has_moved = self._instant not in (None, instant) and instant == self.parameters.instant
        if not has_moved:  # what takes longer need not be looked at while the slider moves
            self._follow()
            self._engine_of = ()
        self._instant = self.parameters.instant = instant
        was_beside, self._beside = self._beside, self.parameters.sideBySide
        if was_beside and not self._beside:
            self.side_by_side.hide()
        if has_moved or (self._beside and not was_beside):
            self._stop_players()
        was_there = begins and took_preview_away(self.parameters.parameterNode.GetScene())
        is_there = was_there or (self.preview.is_there and not self._elsewhere())
        if has_moved or was_beside or self._beside or is_there:
            self._show_instant(asked=has_moved or not (begins or self.preview.waits), fit=not was_there)
        self._keep_choice()
        self._show_state()

    def _follow(self) -> None:
        """Hear of views and players that have come, and no more of those that have gone."""
        scene = self.parameters.parameterNode.GetScene()
        self.shown_volumes.follow(scene)
        self.players.follow(scene)
        self.ui.playAcquired.checked = is_playing(self.parameters.sequence)

    def _leave_unfit(self) -> None:
        """Remove the preview where it is of no sequence that is chosen."""
        if self._in_use is not None and self._in_use.refusal and self.preview.is_there:
            self.side_by_side.hide()
            self.preview.remove()
            self._show_state()

    def _keep_choice(self) -> None:
        parameters = self.parameters
        self._chosen = (parameters.firstPhase, parameters.lastPhase, parameters.instant)

    def stop(self) -> None:
        """Stop computing and remove the preview from the scene."""
        self.shown_volumes.release()
        self.players.release()
        self.side_by_side.hide()
        self.preview.remove()
        self.widgets.forget()
        self._forget()

    def _forget(self) -> None:
        self._in_use: SequenceInUse | None = None
        self._changes: list[float] = []
        self._period: float | None = None
        self._instant: float | None = None
        self._drawn: tuple[object, ...] = ()
        self._times: Times | None = None
        self._beside = self._place_is_new = False
        self._chosen: tuple[int, int, float] | None = None
        self._choices: dict[slicer.vtkMRMLSequenceNode, tuple[int, int, float]] = {}
        self._engine_of: tuple[object, ...] = ()
        self._engine = self._refusal = self._engine_refusal = ""

    # what is chosen

    def _use(self, in_use: SequenceInUse) -> None:
        """Read what has changed of the sequence."""
        if in_use is not self._in_use:
            before, self._in_use = self._in_use, in_use
            if before is not None and before.node is not in_use.node:
                self._change(before)
            self._changes = [] if in_use.refusal else change_from_first(in_use.frames)
        self._period = None if in_use.refusal else in_use.frames.as_cyclic(self.cyclic).period

    def _change(self, before: SequenceInUse) -> None:
        """Another sequence was chosen: it has its own place, phases and instant."""
        parameters = self.parameters
        self._place_is_new = True
        self._instant = None
        if self._chosen != (parameters.firstPhase, parameters.lastPhase, parameters.instant):
            return  # they came with it, in a scene that was loaded
        self._choices = {node: choice for node, choice in self._choices.items() if node.GetScene() is not None}
        if before.node is not None and before.node.GetScene() is not None and not before.refusal:
            play(before.node, False)
            self._choices[before.node] = self._chosen
        chosen = self._choices.get(self._in_use.node, (-1, -1, MIDDLE))  # otherwise they are proposed
        with slicer.util.NodeModify(parameters.parameterNode):
            parameters.firstPhase, parameters.lastPhase, parameters.instant = chosen

    @property
    def _acquired_times(self) -> list[float]:
        return [self._in_use.frames.times[number] for number in self._in_use.acquired]

    @property
    def _phases(self) -> PhaseChoice:
        numbers = self._in_use.acquired
        first, last = (numbers.index(n) for n in (self.parameters.firstPhase, self.parameters.lastPhase))
        return PhaseChoice(first, last, len(numbers))

    def _axis(self) -> TimeAxis:
        return present(self._state()).axis

    def _propose(self) -> None:
        numbers = self._in_use.acquired
        first, last = proposed_phases(self._in_use.frames, self._changes)
        self._choose(PhaseChoice(numbers.index(first), numbers.index(last), len(numbers)))

    def _choose(self, phases: PhaseChoice) -> None:
        """Set the phases; the instant stays between them."""
        numbers, times, parameters = self._in_use.acquired, self._acquired_times, self.parameters
        with slicer.util.NodeModify(parameters.parameterNode):  # one event: A is before B at every moment
            parameters.firstPhase, parameters.lastPhase = numbers[phases.first], numbers[phases.last]
            if self._instant is not None and parameters.span is Span.BETWEEN:
                parameters.instant = min(max(parameters.instant, times[phases.first]), times[phases.last])
        self._show_state()  # a choice may have been corrected

    def _click_curve(self, time: float, reach: float) -> None:
        """Make the frame that was clicked the nearer of A and B; elsewhere, choose the instant."""
        times, phases = self._acquired_times, self._phases
        place = min(range(len(times)), key=lambda number: abs(times[number] - time))
        is_frame = abs(times[place] - time) <= reach
        if not is_frame or self.parameters.span is Span.WHOLE or place in (phases.first, phases.last):
            self._move(times[place] if is_frame else time)
        else:
            self._choose(phases.with_nearer(place, times))

    def _slide(self, value: float) -> None:
        if not self.widgets.filling:
            self._move(value)

    def _move(self, instant: float) -> None:
        if self.widgets.view.axis is not None:
            self.parameters.instant = self.widgets.view.axis.snapped(instant)

    def _step(self, steps: int) -> None:
        if self.widgets.view.axis is not None:
            self.parameters.instant = self.widgets.view.axis.stepped(self.parameters.instant, steps)

    # what is shown

    def _player_moved(self, browser: slicer.vtkMRMLSequenceBrowserNode) -> None:
        """Give the slice views back to what a player plays, where they show the instant."""
        if self.context.parameters is None:  # a scene is being loaded
            return
        shown = browser.GetProxyNode(browser.GetMasterSequenceNode())
        takes_views = self.side_by_side.is_shown or (self.preview.is_there and not self._elsewhere())
        if takes_views and shown is not None and shown.IsA("vtkMRMLScalarVolumeNode"):
            self._show_instead(shown)

    def _player_played(self, browser: slicer.vtkMRMLSequenceBrowserNode) -> None:
        if self.context.parameters is not None and browser.GetMasterSequenceNode() is self.parameters.sequence:
            self.ui.playAcquired.checked = browser.GetPlaybackActive()

    def _play_acquired(self, wanted: bool) -> None:
        sequence = self.parameters.sequence
        if wanted:
            for browser in players_of(sequence):
                set_natural_speed(browser)
            if (shown := proxy_of(sequence)) is not None:
                self._show_instead(shown)
        play(sequence, wanted)
        self.ui.playAcquired.checked = is_playing(sequence)

    def _show_instead(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        self.parameters.sideBySide = False
        show_in_slice_views(volume, fit=False)

    def _stop_players(self) -> None:
        """Stop what plays: it would take the views back from the instant that the user wants to see."""
        for browser in nodes_of(self.parameters.parameterNode.GetScene(), "vtkMRMLSequenceBrowserNode"):
            if browser.GetPlaybackActive():
                browser.SetPlaybackActive(False)

    def _bring_back(self) -> None:
        self._stop_players()
        self._show_instant()
        self._show_state()

    def _show_instant(self, *, asked: bool = True, fit: bool = True) -> None:
        """Show the instant in the slice views.

        Args:
            asked: by the user, who waits for it; see `Preview.show`.
            fit: turn and zoom the views where the preview is new, which those of a loaded scene need not be.
        """
        is_new, self._refusal = self._place_is_new or not self.preview.is_there, ""
        try:
            self.preview.show(self._subject(), self.parameters.instant, asked=asked)
        except TemporalInterpError as error:  # the preview still shows what it did
            self._refusal = str(error)
            return
        self._place_is_new = False
        if self.parameters.sideBySide:
            self.side_by_side.show(self.preview.neighbours(), self.preview.node)
        elif is_new or self._elsewhere():
            show_in_slice_views(self.preview.node, fit=fit and is_new)

    def _choose_engine(self) -> None:
        parameters = self.parameters
        chosen = (parameters.engine, parameters.sequence, parameters.adaptedModel)
        if chosen == self._engine_of:
            return
        self._engine_of = chosen
        try:
            self._engine, self._engine_refusal = engine_name(*chosen), ""
        except TemporalInterpError as error:
            self._engine, self._engine_refusal = "linear_blend", str(error)

    def _subject(self) -> Subject:
        self._choose_engine()
        name, device = self._engine, self.parameters.device
        return Subject(self.parameters.sequence, self._request(), creator(name, device), (name, device.value))

    def _request(self) -> Request:
        parameters = self.parameters
        if parameters.span is Span.WHOLE:
            return WholeSequence(2, self.cyclic)
        return BetweenPhases(parameters.firstPhase, parameters.lastPhase, 1, self.cyclic)

    def _elsewhere(self) -> str:
        """Return the name of a volume that the slice views show, where they do not show the preview."""
        volumes = self.shown_volumes()
        if not volumes or (self.preview.is_there and self.preview.node in volumes):
            return ""
        return volumes[0].GetName()

    def _state(self) -> State:
        in_use, parameters = self._in_use, self.parameters
        if in_use.refusal:
            return State(refusal=in_use.refusal)
        frame = self.preview.frame if self.preview.is_there else None
        return State(
            times=self._acquired_times,
            numbers=in_use.acquired,
            unit=in_use.frames.unit,
            period=self._period,
            whole=parameters.span is Span.WHOLE,
            first=parameters.firstPhase,
            last=parameters.lastPhase,
            instant=parameters.instant,
            shown=None if frame is None else Shown(frame.time, frame.provenance),
            elsewhere=self._elsewhere(),
            doing=self.preview.doing,
            waits=self.preview.waits,
            failure="" if self.preview.error is None else str(self.preview.error),
            refused=self._refusal or self._engine_refusal,
        )

    def _show_state(self) -> None:
        """Show all that can have changed, also while the engine works."""
        if self._in_use is None or self.context.parameters is None:
            return
        view = present(self._state())
        self.widgets.show(view, self.parameters.instant)
        self._draw(view.axis)

    def _draw(self, axis: TimeAxis | None) -> None:
        """Draw the curve where the sequence or a phase has changed, and the line at the instant alone otherwise."""
        drawn = (self._in_use, axis, self._period)
        if drawn != self._drawn:
            self._drawn = drawn
            self._times = None if axis is None else self._curve_of(axis)
            self.ui.changeCurve.visible = axis is not None
        self.curve.show(self._times, self.parameters.instant)

    def _curve_of(self, axis: TimeAxis) -> Times:
        times, changes = self._acquired_times, [self._changes[number] for number in self._in_use.acquired]
        if self._period is not None:
            times, changes = [*times, times[0] + self._period], [*changes, changes[0]]
        is_whole = self.parameters.span is Span.WHOLE
        return Times.over(times, changes, axis, self._in_use.frames.unit, has_phases=not is_whole)


SECTION = PreviewSection
