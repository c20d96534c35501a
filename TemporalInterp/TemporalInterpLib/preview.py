"""The instant between two phases while the user drags the slider: the blend at once, the engine's answer after."""

from __future__ import annotations

import time
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import slicer
from slicer.i18n import tr as _

from temporal_interp.data.frame import Frame
from temporal_interp.data.provenance import PERIOD_KEY, SLICE_THICKNESS_KEY
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.protocol import Engine, PreparedSequence
from temporal_interp.errors import Progress
from temporal_interp.workflows.request import BetweenPhases
from TemporalInterpLib.background import Steps, in_background, share_of
from TemporalInterpLib.instants import INSTANT_KEY, instant_text
from TemporalInterpLib.job import Job, Report
from TemporalInterpLib.remove_generated import remove_with_belongings
from TemporalInterpLib.sequence_browser import SourceView, put_under_same_parent, show_like
from TemporalInterpLib.sequence_conversion import items_of, sequence_from_node, set_attributes
from TemporalInterpLib.volume_conversion import copy_meaning, copy_place, set_voxels

BLENDED_AT_ONCE = 5_000_000
"""Voxels up to which a blend takes much less than a tenth of a second."""

LIVE = 0.1
"""Seconds up to which the frames of an engine are shown while the slider still moves."""


@dataclass(frozen=True)
class Pair:
    """The two items of a sequence to preview, and the engine between them, which sees what lies around, too.

    Attributes:
        sequence: the acquired sequence.
        first: number of the item at t = 0.
        last: number of the item at t = 1.
        create: makes the engine; called in a thread. None for the linear blend alone.
        key: identifies engine and device.
        cyclic: whether the sequence is a loop; None takes it as it is.
    """

    sequence: slicer.vtkMRMLSequenceNode
    first: int
    last: int
    create: Callable[[], Engine] | None
    key: tuple[str, ...]
    cyclic: bool | None = None

    def phases(self, frames: Sequence) -> Sequence:
        """Return the frames of the sequence that an engine sees.

        Raises:
            InvalidInputError: a phase is itself synthetic.
        """
        return BetweenPhases(self.first, self.last, 1, self.cyclic).source(frames)

    def is_like(self, other: Pair | None) -> bool:
        """Tell whether the preparation of another pair serves this one."""
        return self._identity == (other._identity if other is not None else None)

    @cached_property
    def _identity(self) -> tuple[object, ...]:
        """The identity of the pair, as it was at first: the sequence may lose items, or change them, later.

        All items belong to it: an engine may look at those around the phases, and all give the intensity range.
        """
        attributes = tuple(map(self.sequence.GetAttribute, (PERIOD_KEY, SLICE_THICKNESS_KEY)))
        items = tuple(
            (self.sequence.GetNthIndexValue(number), item, _changed_at(item))
            for number, item in enumerate(items_of(self.sequence))
        )
        return (self.sequence, attributes, items, self.first, self.last, self.cyclic, *self.key)


class Preview:
    """A volume node that follows the slider.

    Args:
        on_report: called with a text on the source of the frame and the work of the engine.
        on_error: called with the exception if the engine fails; the blend stays.
    """

    def __init__(self, on_report: Callable[[str], None], on_error: Callable[[Exception], None]) -> None:
        self.on_report = on_report
        self.on_error = on_error
        self.node: slicer.vtkMRMLScalarVolumeNode | None = None
        self._phases: list[slicer.vtkMRMLScalarVolumeNode] = []
        self._pair: Pair | None = None
        self._pair_of_phases: Pair | None = None
        self._frames: Sequence | None = None
        self._gap: Gap | None = None
        self._blend: PreparedSequence | None = None
        self._engine: Engine | None = None
        self._prepared: PreparedSequence | None = None
        self._job: Job | None = None
        self._shown: Frame | None = None
        self._t = 0.0
        self._answered = False

    @property
    def is_there(self) -> bool:
        """Whether the volume is in the scene; the user may delete it."""
        return _is_in_scene(self.node)

    def show(self, pair: Pair, t: float) -> None:
        """Show the instant t of a pair: acquired voxels at the ends, else the blend, then the engine's frame.

        Raises:
            InvalidInputError: the sequence cannot be previewed; the current preview stays.
        """
        if not (pair.is_like(self._pair) and self.is_there):
            self._begin(pair)
        elif t == self._t:  # shown, or being computed
            return
        self._t, self._answered = t, False
        if self._is_small or t in (0.0, 1.0):
            self._put(_frame_of(self._blend, self._gap, t))
        if t in (0.0, 1.0):
            self.on_report("")
        elif self._is_small and self._pair.create is None:
            self._report_maker()
        elif self._job is None:
            self._job = Job(
                self._answers(),
                on_progress=self._tell,
                on_error=self.on_error,
                on_end=self._job_ended,
            ).start()

    def stop(self) -> None:
        """Stop computing and forget the pair; the volume stays."""
        if self._job is not None:
            self._job.cancel()
        self._pair = self._frames = self._gap = self._blend = self._engine = self._prepared = self._shown = None
        self._answered = False

    def phases(self) -> list[slicer.vtkMRMLScalarVolumeNode]:
        """Return volume nodes of the two acquired phases, to be shown next to the instant; they are made on first
        use."""
        there = bool(self._phases) and all(_is_in_scene(node) for node in self._phases)
        if there and self._pair.is_like(self._pair_of_phases):
            return self._phases
        if not there:
            self._phases = [_add_temporary_volume(self._pair.sequence) for _letter in "AB"]
        self._pair_of_phases = self._pair
        for node, number, letter in zip(self._phases, (self._pair.first, self._pair.last), "AB", strict=True):
            value = self._frames.times[number]
            node.SetName(f"{letter} acquired {value:.4g} {self._frames.unit}".strip())
            node.SetAttribute(INSTANT_KEY, instant_text(value, self._frames.unit))
            self._imitate(node, number)
        return self._phases

    def remove(self) -> None:
        """Stop, and remove the volumes from the scene."""
        self.stop()
        for node in [self.node, *self._phases]:
            if _is_in_scene(node):
                remove_with_belongings(node, node.GetScene())
        self.node, self._phases, self._pair_of_phases = None, [], None

    def _begin(self, pair: Pair) -> None:
        frames = sequence_from_node(pair.sequence)
        phases = pair.phases(frames)
        blend, gap = LinearBlend().prepare(phases), phases.gap_at(frames.times[pair.first])
        blend.prepare_gap(gap.number)  # refuses phases that cannot be shown
        self.stop()
        self._pair, self._frames, self._gap, self._blend = pair, frames, gap, blend
        if not self.is_there:
            self.node = _add_temporary_volume(pair.sequence)
        self._imitate(self.node, pair.first)

    def _imitate(self, node: slicer.vtkMRMLScalarVolumeNode, number: int) -> None:
        """Give a volume the voxels, place, meaning, display and parent transform of an item."""
        item, view = self._pair.sequence.GetNthDataNode(number), SourceView.of(self._pair.sequence)
        set_voxels(node, self._frames.volumes[number].array, item.GetImageData().GetScalarType())
        copy_place(node, item)
        copy_meaning(node, item)
        put_under_same_parent(node, view)
        show_like(node, view)
        node.GetDisplayNode().SetSaveWithScene(False)

    def _answers(self) -> Steps[None]:
        """Prepare the pair once, then synthesise the latest requested time until there is no later one."""
        pair, phases, gap = self._pair, self._blend.sequence, self._gap
        if pair.create is None:
            self._engine, self._prepared = LinearBlend(), self._blend
        if self._prepared is None:
            if not self._is_small:
                yield from share_of(self._blended(), 0.0, 0.1)
            self._engine, self._prepared = yield from share_of(
                in_background(lambda progress: _prepare(pair, phases, gap, progress)), 0.1, 0.9
            )
        while not self._answered and self._t not in (0.0, 1.0):
            t, prepared, started = self._t, self._prepared, time.monotonic()
            answer = in_background(lambda progress: _frame_of(prepared, gap, t))  # noqa: B023
            frame = yield from share_of(answer, 0.9, 1.0)
            self._answered = self._t == t
            # a slow answer to an earlier place of the slider would make the heart jump back
            if self._answered or (time.monotonic() - started < LIVE and self._t not in (0.0, 1.0)):
                self._put(frame)
        if self._answered:
            self._report_maker()

    @property
    def _is_small(self) -> bool:
        return self._frames.volumes[0].array.size <= BLENDED_AT_ONCE

    def _report_maker(self) -> None:
        """Say who made the frame that is shown, and from which acquired ones."""
        if self._pair.create is None:
            words = _("by the linear blend")
        else:
            words = _("by the engine '{name}'").format(name=self._engine.name.replace("_", " "))
        frames = _in_words(self._shown.provenance.frames, self._frames.unit)
        self.on_report(_("{maker}; rests on {frames}").format(maker=words, frames=frames) if frames else words)

    def _blended(self) -> Steps[None]:
        """Show the blend of a volume that is too large to be blended between two events."""
        t, blend, gap = self._t, self._blend, self._gap
        frame = yield from in_background(lambda progress: _frame_of(blend, gap, t))
        if self._t == t:
            self._put(frame)

    def _put(self, frame: Frame) -> None:
        self._shown = frame
        # short, since slice views shorten long names in the middle
        kind = "acquired" if frame.provenance is None else "SYNTHETIC"
        name = f"{kind} {frame.time:.4g} {self._frames.unit}".strip()
        with slicer.util.NodeModify(self.node):
            slicer.util.arrayFromVolume(self.node)[:] = frame.volume.array
            self.node.SetName(name)
            for key in list(self.node.GetAttributeNames()):
                self.node.RemoveAttribute(key)
            self.node.SetAttribute(INSTANT_KEY, instant_text(frame.time, self._frames.unit))
            if frame.provenance is not None:
                set_attributes(self.node, frame.provenance.as_attributes())
            slicer.util.arrayFromVolumeModified(self.node)

    def _tell(self, report: Report) -> None:
        if not self._answered and self._t not in (0.0, 1.0):
            doing = f"{report.message}, {report.fraction:.0%}" if self._prepared is None else _("computing")
            self.on_report(_("linear blend, until the engine is ready ({doing})").format(doing=doing))

    def _job_ended(self) -> None:
        self._job = None


def _frame_of(prepared: PreparedSequence, gap: Gap, t: float) -> Frame:
    """Return the frame at a place of the slider, from 0 at the first phase to 1 at the last."""
    return prepared.at(gap.time_of(t), gap=gap.number)


def _prepare(pair: Pair, phases: Sequence, gap: Gap, progress: Progress) -> tuple[Engine, PreparedSequence]:
    engine = pair.create()
    prepared = engine.prepare(phases)
    prepared.prepare_gap(gap.number, progress=progress)
    return engine, prepared


def _in_words(times: abc.Sequence[float], unit: str) -> str:
    """Return the times of acquired frames, the two around the instant first, in words; "" where there are none."""
    shown = [f"{time:.4g}" for time in times]
    nearest, others = (_listed(part, unit) for part in (shown[:2], shown[2:]))
    return _("{nearest}, then {others}").format(nearest=nearest, others=others) if others else nearest


def _listed(words: abc.Sequence[str], unit: str) -> str:
    if not words:
        return ""
    *others, last = words
    listed = _("{others} and {last}").format(others=", ".join(others), last=last) if others else last
    return f"{listed} {unit}".strip()


def _changed_at(item: slicer.vtkMRMLScalarVolumeNode) -> int | None:
    """Return VTK's time of the last change of an item's voxels; None where it has none."""
    voxels = item.GetImageData() if item is not None and item.IsA("vtkMRMLVolumeNode") else None
    return None if voxels is None else voxels.GetMTime()


def _add_temporary_volume(sequence: slicer.vtkMRMLSequenceNode) -> slicer.vtkMRMLScalarVolumeNode:
    """Add a volume that is not saved with the scene: the panel makes it again."""
    node = sequence.GetScene().AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    node.SetSaveWithScene(False)
    return node


def _is_in_scene(node: slicer.vtkMRMLNode | None) -> bool:
    return node is not None and node.GetScene() is not None
