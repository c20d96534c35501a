"""The section that tracks motion: points that follow the tissue, and strain along a curve."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.background import Steps
from TemporalInterpLib.charts import show_chart
from TemporalInterpLib.deformation_view import colour_transform, draw_transform
from TemporalInterpLib.dependencies import engines_can_run
from TemporalInterpLib.follow_points import follows, let_go
from TemporalInterpLib.job import Job
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.motion_transforms import TrackingFacts, grids_in, motions_of
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.playback import play
from TemporalInterpLib.players import show_players
from TemporalInterpLib.region_box import add_box
from TemporalInterpLib.region_mask import segments_of
from TemporalInterpLib.section import PACKAGES, SCENE, Section
from TemporalInterpLib.sections.track.presenter import Motion, State, View, present
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import index_values_of
from TemporalInterpLib.short_time import short_time
from TemporalInterpLib.track_motion import TrackedMotion, region_mask
from TemporalInterpLib.tracking_plan import TrackingPlan, plan_steps
from TemporalInterpLib.work_button import WorkButton, tell_error

KEPT_PLANS = 16
"""Plans that are kept, so that nothing is measured twice."""


class TrackSection(Section):
    """Where to track and how long it takes, Track, the player, points that follow, strain curves."""

    title = _("Track motion")
    place = 60
    collapsed = True
    watches = frozenset(
        {
            "sequence",
            "firstPhase",
            "trackedRegion",
            "trackedSegment",
            "trackWholeImage",
            "cyclic",
            "device",
            "motionArrows",
            "fieldSpacing",
            "followingPoints",
            "strainCurve",
            PACKAGES,
            SCENE,
        }
    )

    def connect(self) -> None:
        """Connect the widgets."""
        self.work = WorkButton(
            self.ui.trackButton, self.ui.trackProgress, self.ui.trackMessage, self._steps, self._done
        )
        self.ui.trackButton.connect("clicked()", self.update)  # it stops the measuring, or lets it begin again
        self._open = not self.collapsed
        self._plans: dict[tuple[object, ...], TrackingPlan | None] = {}
        self._measuring: tuple[tuple[object, ...], Job] | None = None
        self._drawn: tuple[object, ...] = ()
        self._segments: list[str] = []
        self.ui.trackedSegment.connect("activated(int)", self._choose_segment)
        self.ui.showBoxButton.connect("clicked()", self._show_box)
        self.ui.referenceButton.connect("clicked()", self._show_reference)
        self.ui.follow.connect("clicked(bool)", self._follow)
        self.ui.strainButton.connect("clicked()", self._measure_strain)
        self._say_of_strain("")

    def fold(self, collapsed: bool) -> None:
        """Measure when the section is opened, not before, and anew each time: the computer may be less busy."""
        self._open = not collapsed
        if collapsed:
            self._plans = {}
        if self._open and self.parameters is not None:
            self.update()

    def update(self) -> None:
        """Show the choices of the tracking, and its result."""
        if self.parameters.trackedSegment not in self._segments_there():
            self.parameters.trackedSegment = ""
        if self._open:
            self._measure()
        motion = self.motion
        self._show(present(self._state(motion)))
        show_players(motion, self.ui.trackPlayWidget, self.ui.trackSeekWidget)
        points = self.parameters.followingPoints
        self.ui.follow.checked = motion is not None and points is not None and follows(points, motion)
        self._draw(motion)

    def stop(self) -> None:
        """Stop tracking, and forget the motion."""
        self.work.cancel()
        self._stop_measuring()
        self._plans, self._drawn = {}, ()
        self.work.forget()
        self._say_of_strain("")

    @property
    def motion(self) -> slicer.vtkMRMLSequenceNode | None:
        """The latest tracked motion of the chosen sequence, None if there is none."""
        return next(reversed(motions_of(self.parameters.sequence)), None)

    def _state(self, motion: slicer.vtkMRMLSequenceNode | None) -> State:
        parameters, in_use, plan = self.parameters, self.context.in_use, self._plans.get(self._key())
        region, number = parameters.trackedRegion, parameters.firstPhase
        reference = ""
        if number in in_use.acquired:
            reference = _("{time} (frame {number})").format(time=in_use.frames.time_in_words(number), number=number)
        return State(
            refusal=in_use.refusal,
            packages=engines_can_run(),
            running=self.work.running,
            reference=reference,
            frames=len(in_use.acquired),
            is_loop=in_use.frames is not None and in_use.frames.as_cyclic(self.cyclic).period is not None,
            region=region.GetName() if region is not None else "",
            segments=self._segments_there(),
            segment=parameters.trackedSegment,
            part=plan.part if plan is not None else None,
            seconds=plan.seconds if plan is not None else None,
            measuring=self._measuring is not None,
            whole_image=parameters.trackWholeImage,
            motion=_in_words(motion) if motion is not None else None,
            points=parameters.followingPoints is not None,
            curve=parameters.strainCurve is not None,
        )

    def _show(self, view: View) -> None:
        ui = self.ui
        ui.trackPlan.text, ui.trackPlan.visible = view.plan, bool(view.plan)
        self.allow(ui.trackButton, unless=view.no_track)
        self.allow(ui.trackWholeImage, unless=view.no_whole_image)
        self.allow(ui.showBoxButton, unless=view.no_box)
        self.allow(ui.referenceButton, ui.motionArrows, unless=view.no_motion)
        self.allow(ui.follow, unless=view.no_follow)
        self.allow(ui.strainButton, unless=view.no_strain)
        ui.motionLabel.text, ui.motionLabel.visible = view.motion, bool(view.motion)
        ui.trackedSegment.visible = ui.trackedSegmentLabel.visible = bool(view.segments)
        ui.trackedSegment.clear()
        for name in view.segments:
            ui.trackedSegment.addItem(name)
        ui.trackedSegment.currentIndex = view.segment
        self._segments = ["", *self._segments_there()]

    def _segments_there(self) -> dict[str, str]:
        region = self.parameters.trackedRegion
        return segments_of(region) if region is not None and region.IsA("vtkMRMLSegmentationNode") else {}

    def _choose_segment(self, index: int) -> None:
        self.parameters.trackedSegment = self._segments[index]

    def _key(self) -> tuple[object, ...]:
        """Return all that the place of the tracking and its time depend on."""
        parameters = self.parameters
        changed = tuple(
            node.GetMTime() if node is not None else None for node in (parameters.sequence, parameters.trackedRegion)
        )
        choices = (parameters.trackedSegment, parameters.trackWholeImage, parameters.cyclic, parameters.device)
        return (parameters.sequence, parameters.trackedRegion, *changed, *choices)

    def _measure(self) -> None:
        """Find where motion is tracked and how long that takes, unless that is known or being found."""
        key = self._key()
        if self._measuring is not None and self._measuring[0] != key:
            self._stop_measuring()
        in_use, parameters = self.context.in_use, self.parameters
        if self._measuring is not None or key in self._plans or in_use.refusal or self.work.running:
            return
        try:
            mask = region_mask(
                parameters.sequence, in_use.acquired[0], parameters.trackedRegion, parameters.trackedSegment
            )
        except TemporalInterpError:  # an empty region; Track says so
            return
        steps = plan_steps(
            in_use.frames.acquired(),
            mask,
            whole_image=parameters.trackWholeImage,
            whole_beat=self.cyclic,
            device=parameters.device.value if engines_can_run() else None,
        )
        job = Job(
            steps,
            on_done=lambda plan: self._keep(key, plan),
            on_error=lambda error: self._keep(key, None),  # Track says what is wrong
            on_end=self._measured,
        )
        self._measuring = (key, job)
        job.start()

    def _keep(self, key: tuple[object, ...], plan: TrackingPlan | None) -> None:
        self._plans[key] = plan
        while len(self._plans) > KEPT_PLANS:
            del self._plans[next(iter(self._plans))]
        if self.parameters is not None:
            self._show(present(self._state(self.motion)))

    def _measured(self) -> None:
        self._measuring = None

    def _stop_measuring(self) -> None:
        if self._measuring is not None:
            self._measuring[1].cancel()

    def _steps(self) -> Steps[TrackedMotion]:
        parameters = self.parameters
        self._stop_measuring()  # it would take time from the work
        return self.logic.tracking_steps(
            parameters.sequence,
            parameters.firstPhase,
            region=parameters.trackedRegion,
            segment_id=parameters.trackedSegment,
            whole_image=parameters.trackWholeImage,
            whole_beat=self.cyclic,
            device=parameters.device,
        )

    def _done(self, tracked: TrackedMotion) -> str:
        shown = tracked.browser.GetProxyNode(tracked.browser.GetMasterSequenceNode())
        if shown is not None and shown.IsA("vtkMRMLScalarVolumeNode"):
            show_in_slice_views(shown, fit=False)
        self.parameters.motionArrows = True
        self.context.announce(SCENE)
        play(tracked.browser.GetMasterSequenceNode())
        return _("Added '{name}'.").format(name=tracked.motion.GetName())

    def _show_box(self) -> None:
        """Make a region of the box that was found, which the user can change."""
        plan, frames = self._plans[self._key()], self.context.in_use.frames
        node = add_box(self.parameters.sequence, plan.part.box, frames.volumes[0].geometry)
        self.parameters.trackedRegion = node

    def _draw(self, motion: slicer.vtkMRMLSequenceNode | None) -> None:
        """Redraw the arrows if the motion or the choice has changed."""
        wanted = (motion, self.parameters.motionArrows, self.parameters.fieldSpacing)
        if self._drawn == wanted or (motion is None or not (self.parameters.motionArrows or self._drawn)):
            return
        proxy = proxy_of(motion)
        if proxy is None:
            return
        if not self._drawn or self._drawn[0] is not motion:
            colour_transform(proxy, grids_in(motion))
        self._drawn = wanted
        draw_transform(
            proxy,
            FieldStyle.ARROWS if self.parameters.motionArrows else FieldStyle.HIDDEN,
            self.parameters.fieldSpacing,
        )

    def _show_reference(self) -> None:
        """Stop at the reference phase in every browser that shows the motion."""
        for browser in browsers_of(self.motion):
            browser.SetPlaybackActive(False)
            values = index_values_of(browser.GetMasterSequenceNode())
            reference = TrackingFacts.of(self.motion).reference
            browser.SetSelectedItemNumber(min(range(len(values)), key=lambda n: abs(values[n] - reference)))

    def _follow(self, wanted: bool) -> None:
        points, motion = self.parameters.followingPoints, self.motion
        try:
            if wanted:
                self.logic.let_follow(points, motion)
            else:
                let_go(points)
        except TemporalInterpError as error:
            tell_error(error)
        self.ui.follow.checked = follows(points, motion)

    def _measure_strain(self) -> None:
        parameters, motion = self.parameters, self.motion
        thickness = parameters.wallThickness or None
        try:
            strain = self.logic.add_strain_curves(motion, parameters.strainCurve, parameters.strainView, thickness)
        except TemporalInterpError as error:
            self._say_of_strain(_("Nothing was added."))  # the dialog says why
            tell_error(error)
            return
        show_chart(strain.chart)
        peaks = [
            _("{name} {strain:+.1%} at {value}").format(name=name, strain=peak, value=_value(value, motion))
            for name, (peak, value) in strain.peaks.items()
        ]
        title = _("Peak strain along '{curve}':").format(curve=parameters.strainCurve.GetName())
        self._say_of_strain("\n".join([title, *peaks]))

    def _say_of_strain(self, text: str) -> None:
        self.ui.strainMessage.text, self.ui.strainMessage.visible = text, bool(text)


def _in_words(motion: slicer.vtkMRMLSequenceNode) -> Motion:
    facts = TrackingFacts.of(motion)
    return Motion(_value(facts.reference, motion), facts.forward_backward_mm, facts.closing_mm)


def _value(value: float, sequence_node: slicer.vtkMRMLSequenceNode) -> str:
    return short_time(value, sequence_node.GetIndexUnit())


SECTION = TrackSection
