"""The section that tracks motion: points that follow the tissue, and strain along a curve."""

from __future__ import annotations

import math

import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.background import Steps
from TemporalInterpLib.charts import show_chart
from TemporalInterpLib.deformation_view import colour_transform, draw_transform
from TemporalInterpLib.follow_points import follows, let_go
from TemporalInterpLib.layout import show_in_slice_views
from TemporalInterpLib.motion_transforms import TrackingFacts, grids_in, motions_of
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.players import show_players
from TemporalInterpLib.region_mask import segments_of
from TemporalInterpLib.section import PACKAGES, SCENE, Section
from TemporalInterpLib.sequence_browser import browsers_of, proxy_of
from TemporalInterpLib.sequence_conversion import index_values_of
from TemporalInterpLib.track_motion import TrackedMotion
from TemporalInterpLib.work_button import WorkButton, tell_error


class TrackSection(Section):
    """Track, facts about the motion, its player, points that follow, strain curves."""

    title = _("Track motion")
    place = 60
    collapsed = True
    watches = frozenset(
        {
            "sequence",
            "firstPhase",
            "trackedRegion",
            "trackedSegment",
            "motionArrows",
            "fieldSpacing",
            "followingPoints",
            PACKAGES,
            SCENE,
        }
    )

    def connect(self) -> None:
        """Connect the widgets."""
        self.work = WorkButton(
            self.ui.trackButton, self.ui.trackProgress, self.ui.trackMessage, self._steps, self._done
        )
        self._segments: list[str] = []
        self._drawn: tuple[object, ...] = ()
        self.ui.trackedSegment.connect("activated(int)", self._choose_segment)
        self.ui.referenceButton.connect("clicked()", self._show_reference)
        self.ui.follow.connect("clicked(bool)", self._follow)
        self.ui.strainButton.connect("clicked()", self._measure_strain)

    def update(self) -> None:
        """Show the choices of the tracking, and its result."""
        self.ui.trackButton.enabled = self.work.running or self.parameters.sequence is not None
        self.ui.referenceLabel.text = self._reference()
        self._show_segments()
        self._show_motion()

    def stop(self) -> None:
        """Stop tracking, and forget the motion."""
        self.work.cancel()
        self._drawn = ()
        self.ui.trackMessage.text = self.ui.strainMessage.text = ""

    @property
    def motion(self) -> slicer.vtkMRMLSequenceNode | None:
        """The latest tracked motion of the chosen sequence, None if there is none."""
        return next(reversed(motions_of(self.parameters.sequence)), None)

    def _steps(self) -> Steps[TrackedMotion]:
        parameters = self.parameters
        return self.logic.tracking_steps(
            parameters.sequence,
            parameters.firstPhase,
            region=parameters.trackedRegion,
            segment_id=parameters.trackedSegment,
            whole_beat=parameters.wholeBeat or None,  # a loop is one unticked, too
            device=parameters.device,
        )

    def _done(self, tracked: TrackedMotion) -> str:
        shown = tracked.browser.GetProxyNode(tracked.browser.GetMasterSequenceNode())
        if shown is not None and shown.IsA("vtkMRMLScalarVolumeNode"):
            show_in_slice_views(shown, fit=False)
        self.context.announce(SCENE)
        return _("Added '{name}'.").format(name=tracked.motion.GetName())

    def _reference(self) -> str:
        try:
            values = index_values_of(self.parameters.sequence)
        except TemporalInterpError:  # the first section shows why
            return ""
        number = self.parameters.firstPhase
        if not 0 <= number < len(values):
            return ""
        value = _value(values[number], self.parameters.sequence)
        return _("Reference phase: phase A, {value} (frame {number}).").format(value=value, number=number)

    def _show_segments(self) -> None:
        region = self.parameters.trackedRegion
        there = segments_of(region) if region is not None and region.IsA("vtkMRMLSegmentationNode") else {}
        self.ui.trackedSegment.visible = self.ui.trackedSegmentLabel.visible = bool(there)
        if self.parameters.trackedSegment not in there:
            self.parameters.trackedSegment = ""
        self._segments = ["", *there]
        self.ui.trackedSegment.clear()
        for name in (_("All segments"), *there.values()):
            self.ui.trackedSegment.addItem(name)
        self.ui.trackedSegment.currentIndex = self._segments.index(self.parameters.trackedSegment)

    def _choose_segment(self, index: int) -> None:
        self.parameters.trackedSegment = self._segments[index]

    def _show_motion(self) -> None:
        motion, parameters = self.motion, self.parameters
        show_players(motion, self.ui.trackPlayWidget, self.ui.trackSeekWidget)
        for widget in (self.ui.referenceButton, self.ui.motionArrows, self.ui.strainButton):
            widget.enabled = motion is not None
        self.ui.motionLabel.text = _facts_in_words(motion) if motion is not None else ""
        self.ui.motionLabel.visible = motion is not None
        points = parameters.followingPoints
        self.ui.follow.enabled = motion is not None and points is not None
        self.ui.follow.checked = motion is not None and points is not None and follows(points, motion)
        self._draw(motion)

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
        """Select the reference phase in every browser that shows the motion."""
        for browser in browsers_of(self.motion):
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
            self.ui.strainMessage.text = str(error)
            tell_error(error)
            return
        show_chart(strain.chart)
        peaks = [
            _("{name} {strain:+.1%} at {value}").format(name=name, strain=peak, value=_value(value, motion))
            for name, (peak, value) in strain.peaks.items()
        ]
        title = _("Peak strain, of table '{table}':").format(table=strain.table.GetName())
        self.ui.strainMessage.text = "\n".join([title, *peaks])


def _facts_in_words(motion: slicer.vtkMRMLSequenceNode) -> str:
    """One short line per fact: Qt cuts off long lines in a full panel."""
    facts = TrackingFacts.of(motion)
    lines = [
        _("Follows the tissue of {value}. An estimate, with an error of").format(value=_value(facts.reference, motion)),
        _("{error:.2f} mm there and back (mean, in the worst phase)").format(error=facts.forward_backward_mm),
    ]
    if not math.isnan(facts.closing_mm):
        lines.append(_("{error:.2f} mm once round the beat (removed)").format(error=facts.closing_mm))
    return "\n".join(lines)


def _value(value: float, sequence_node: slicer.vtkMRMLSequenceNode) -> str:
    return f"{value:.6g} {sequence_node.GetIndexUnit() or ''}".strip()


SECTION = TrackSection
