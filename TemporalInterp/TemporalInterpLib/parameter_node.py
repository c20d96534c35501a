"""The user's choices, kept in the scene and saved with it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Union

import slicer
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

AUTOMATIC = ""
"""Choice of engine: the default where it can run, else the linear blend."""

MIDDLE = -1e300
"""Choice of instant: none yet. It lies in no sequence, and the middle is shown for an instant that does not."""

ADAPTED = "adapted"
"""Choice of engine: the student network, adapted to the sequence."""

WIDEST_ARROWS = 30.0
"""mm: largest distance between arrows or grid lines."""


class Device(Enum):
    """Where to compute; the values are the names of the command line."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"

    def label(self) -> str:
        """Return the text of the selector."""
        return {
            Device.AUTO: _("Automatic"),
            Device.CPU: _("Processor (CPU)"),
            Device.CUDA: _("NVIDIA GPU (CUDA)"),
            Device.MPS: _("Apple GPU (MPS)"),
        }[self]


class Span(Enum):
    """What is interpolated."""

    BETWEEN = "between"
    WHOLE = "whole"

    def label(self) -> str:
        """Return the text of the selector."""
        return {
            Span.BETWEEN: _("From A to B, hiding the frames between"),
            Span.WHOLE: _("The whole sequence"),
        }[self]


class Fill(Enum):
    """Which frames to synthesise between the phases."""

    EVENLY = "evenly"
    AT_TIMES = "at times"

    def label(self) -> str:
        """Return the text of the selector."""
        return {Fill.EVENLY: _("Evenly between A and B"), Fill.AT_TIMES: _("At chosen instants")}[self]


class FillWhole(Enum):
    """Which frames to synthesise in the whole sequence."""

    FACTOR = "factor"
    IN_ALL = "in all"

    def label(self) -> str:
        """Return the text of the selector."""
        return {
            FillWhole.FACTOR: _("Several times as many"),
            FillWhole.IN_ALL: _("A number in all"),
        }[self]


class FieldStyle(Enum):
    """How to draw a displacement field."""

    HIDDEN = "hidden"
    ARROWS = "arrows"
    GRID = "grid"

    def label(self) -> str:
        """Return the text of the selector."""
        return {
            FieldStyle.HIDDEN: _("Not shown"),
            FieldStyle.ARROWS: _("Arrows"),
            FieldStyle.GRID: _("Deformed grid"),
        }[self]


class StrainView(Enum):
    """The view that the curve is drawn in; the values are the names of the command line."""

    SHORT_AXIS = "short-axis"
    LONG_AXIS = "long-axis"

    def label(self) -> str:
        """Return the text of the selector."""
        return {
            StrainView.SHORT_AXIS: _("Short axis"),
            StrainView.LONG_AXIS: _("Long axis"),
        }[self]


class SliceFactor(Enum):
    """How many times closer slices become; the values are `temporal_interp.slices.choices.FACTORS`."""

    TWO = 2
    THREE = 3
    FOUR = 4

    def label(self) -> str:
        """Return the text of the selector."""
        return _("{factor} times").format(factor=self.value)


class SliceQuality(Enum):
    """How slices are added."""

    QUICK = "quick"
    FITTED = "fitted"

    def label(self) -> str:
        """Return the text of the selector."""
        return {
            SliceQuality.QUICK: _("Motion (about a second a gap)"),
            SliceQuality.FITTED: _("Motion and networks (minutes)"),
        }[self]


@parameterNodeWrapper
class TemporalInterpParameterNode:
    """The module's parameters.

    Attributes:
        sequence: the sequence to interpolate.
        firstPhase: number of its item at t = 0, -1 for none.
        lastPhase: number of its item at t = 1, -1 for none.
        span: interpolate between the two phases, or the whole sequence.
        instant: that of the preview, in the unit of the sequence.
        sideBySide: show the instant between phases A and B, or the acquired frames around it.
        engine: how to synthesise: AUTOMATIC, ADAPTED, or the name of an engine as on the command line.
        device: where to compute.
        adaptedModel: name of the model that was adapted to the sequence, "" for none.
        fill: which frames to synthesise between the phases.
        frameCount: number of frames between the phases.
        times: index values of the frames, separated by commas.
        fillWhole: which frames to synthesise in the whole sequence.
        factor: by which the frame rate of the whole sequence is multiplied.
        framesInAll: number of frames of the whole sequence.
        cyclic: the items are one whole cycle: after the last comes the first again. A known loop is one in any case.
        fields: also make displacement fields and Jacobian determinants.
        errors: also make the error to expect of every frame.
        errorsShown: draw it over the frames.
        result: the latest interpolated sequence.
        fieldStyle: how its displacement fields are drawn.
        fieldSpacing: distance between arrows or grid lines in mm.
        jacobian: show the change of volume over the frames, from the Jacobian determinants.
        trackedRegion: where motion is tracked, None for what moves most.
        trackWholeImage: without a region, track everywhere.
        trackedSegment: identifier of the segment where it is tracked, "" for all.
        motionArrows: show the tracked motion as arrows.
        followingPoints: markups that follow the tracked motion.
        strainCurve: curve to measure strain along.
        strainView: view that it is drawn in.
        wallThickness: of the wall in whose middle it runs, in mm, 0 if unknown.
        slicesInput: volume or sequence to add slices to, None for the sequence to interpolate.
        sliceFactor: how many times closer its slices become.
        sliceQuality: how slices are added.
        keepAcquired: leave acquired slices as they are.
    """

    sequence: slicer.vtkMRMLSequenceNode
    firstPhase: int = -1  # noqa: N815
    lastPhase: int = -1  # noqa: N815
    span: Span = Span.BETWEEN
    instant: float = MIDDLE
    sideBySide: bool = False  # noqa: N815
    engine: str = AUTOMATIC
    device: Device = Device.AUTO
    adaptedModel: str = ""  # noqa: N815
    fill: Fill = Fill.EVENLY
    frameCount: Annotated[int, WithinRange(1, 500)] = 10  # noqa: N815
    times: str = ""
    fillWhole: FillWhole = FillWhole.FACTOR  # noqa: N815
    factor: Annotated[int, WithinRange(2, 50)] = 4
    framesInAll: Annotated[int, WithinRange(2, 1000)] = 60  # noqa: N815
    cyclic: bool = False
    fields: bool = True
    errors: bool = False
    errorsShown: bool = True  # noqa: N815
    result: slicer.vtkMRMLSequenceNode
    fieldStyle: FieldStyle = FieldStyle.HIDDEN  # noqa: N815
    fieldSpacing: Annotated[float, WithinRange(1, WIDEST_ARROWS)] = 5.0  # noqa: N815
    jacobian: bool = False
    trackedRegion: Union[slicer.vtkMRMLSegmentationNode, slicer.vtkMRMLMarkupsROINode, None]  # noqa: N815
    trackedSegment: str = ""  # noqa: N815
    trackWholeImage: bool = False  # noqa: N815
    motionArrows: bool = False  # noqa: N815
    followingPoints: Union[slicer.vtkMRMLMarkupsFiducialNode, slicer.vtkMRMLMarkupsCurveNode, None]  # noqa: N815
    strainCurve: slicer.vtkMRMLMarkupsCurveNode  # noqa: N815
    strainView: StrainView = StrainView.SHORT_AXIS  # noqa: N815
    wallThickness: Annotated[float, WithinRange(0, 40)] = 0.0  # noqa: N815
    slicesInput: Union[slicer.vtkMRMLScalarVolumeNode, slicer.vtkMRMLSequenceNode, None]  # noqa: N815
    sliceFactor: SliceFactor = SliceFactor.TWO  # noqa: N815
    sliceQuality: SliceQuality = SliceQuality.QUICK  # noqa: N815
    keepAcquired: bool = True  # noqa: N815


def bring_up_to_date(node: slicer.vtkMRMLScriptedModuleNode) -> None:
    """Translate parameters of scenes that were saved by earlier versions.

    The whole sequence was a kind of filling then, and tracking had a box of its own for one whole cycle.
    """
    if node.GetParameter("fill") == "WHOLE_SEQUENCE":
        node.SetParameter("fill", Fill.EVENLY.name)
        node.SetParameter("span", Span.WHOLE.name)
    if node.GetParameter("wholeBeat") == "True":
        node.SetParameter("cyclic", "True")
        node.UnsetParameter("wholeBeat")
