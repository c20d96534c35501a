"""The frame at an instant while the user moves the slider: the blend at once, the engine's answer after."""

from __future__ import annotations

import time as clock
from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Gap, Sequence
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.protocol import Engine, PreparedSequence
from temporal_interp.errors import Progress
from TemporalInterpLib.background import Steps, in_background, share_of
from TemporalInterpLib.frame_label import frame_label
from TemporalInterpLib.instants import INSTANT_KEY
from TemporalInterpLib.job import Job, Report
from TemporalInterpLib.preview_subject import Subject
from TemporalInterpLib.remove_generated import remove_with_belongings
from TemporalInterpLib.sequence_conversion import sequence_from_node, set_attributes
from TemporalInterpLib.short_time import short_time
from TemporalInterpLib.slice_views import leave_views
from TemporalInterpLib.temporary_volume import add_temporary_volume, imitate, is_in_scene, refill

BLENDED_AT_ONCE = 5_000_000
"""Voxels up to which a blend takes much less than a tenth of a second."""

FITTED_AT_ONCE = 150_000
"""Voxels of a volume up to which a velocity field takes some seconds. Slices that are fitted one by one, as those of
most cines, take no longer however many voxels they have."""

LIVE = 0.1
"""Seconds up to which the frames of an engine are shown while the slider still moves."""


class _GapLeftError(Exception):
    """The user has moved on to another gap."""


class Preview:
    """A volume node that follows the slider.

    Attributes:
        node: the volume; None before the first instant is shown.
        frame: what it holds; None where it holds nothing.
        doing: the work of the engine for the latest instant, "" where its answer is shown.
        error: why the engine failed; the blend stays.
        waits: the engine could take long, and nobody has asked it; the blend stays until then.

    Args:
        on_change: called when one of them has changed by itself.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.on_change = on_change
        self.node: slicer.vtkMRMLScalarVolumeNode | None = None
        self.frame: Frame | None = None
        self.doing = ""
        self.error: Exception | None = None
        self.waits = False
        self._neighbours: list[slicer.vtkMRMLScalarVolumeNode] = []
        self._neighbours_of: Subject | None = None
        self._subject: Subject | None = None
        self._frames: Sequence | None = None
        self._blend: PreparedSequence | None = None
        self._engine: Engine | None = None
        self._prepared: PreparedSequence | None = None
        self._ready: int | None = None
        self._failed: int | None = None
        self._job: Job | None = None
        self._time = 0.0
        self._gap: Gap | None = None
        self._answered = False

    @property
    def is_there(self) -> bool:
        """Whether the volume is in the scene; the user may delete it."""
        return is_in_scene(self.node)

    def show(self, subject: Subject, time: float, *, asked: bool = True) -> None:
        """Show an instant: the acquired frame at its time, else the blend, then the engine's frame.

        Args:
            subject: what to show it of.
            time: in the unit of the sequence, between the phases or in the whole sequence.
            asked: the user wants to see it now; otherwise an engine that could take long waits.

        Raises:
            InvalidInputError: the sequence cannot be previewed; the current preview stays.
        """
        begins = not (subject.is_like(self._subject) and self.is_there)
        if begins:
            self._begin(subject, time)
        elif time == self._time and not (asked and self.waits):  # shown, or being computed
            return
        self._time, self._gap = time, subject.gap_at(time, self._frames, self._blend.sequence)
        self.waits = not asked and not self._is_acquired and self._can_take_long
        self._answered, self.doing = False, ""
        if self._failed != self._gap.number:
            self.error = self._failed = None
        if self._is_small or self._is_acquired:
            self._put(self._blend.at(time, gap=self._gap.number))
        elif begins:
            self._put(self._blend.at(self._gap.start, gap=self._gap.number))
        if self._is_acquired or (self._is_small and self._blend_is_all):
            return
        blend_only = self._blend_is_all
        self.doing = (
            _("The linear blend follows.") if blend_only else _("Linear blend for now; the engine's frame follows.")
        )
        if self._job is None:
            self._job = Job(
                self._answers(), on_progress=self._tell, on_error=self._fail, on_end=self._job_ended
            ).start()

    def stop(self) -> None:
        """Stop computing and forget the subject; the volume stays."""
        self._forget()
        self._engine = None

    def neighbours(self) -> list[slicer.vtkMRMLScalarVolumeNode]:
        """Return volume nodes of the acquired frames on both sides of the instant; they are made on first use."""
        if not (self._neighbours and all(is_in_scene(node) for node in self._neighbours)):
            self._neighbours, self._neighbours_of = [add_temporary_volume(self._subject.node) for _ in "AB"], None
        source, is_new = self._blend.sequence, self._neighbours_of is not self._subject
        for node, number in zip(self._neighbours, (self._gap.first, self._gap.last), strict=True):
            # no letter: the views have them, and this just fits into the corner of a view that is a third as wide
            name = frame_label(source.times[number], source.unit, is_synthetic=False)
            if is_new:
                imitate(node, self._subject.node, self._frames.times.index(source.times[number]))
            elif node.GetName() != name:
                refill(node, source.volumes[number].array)
            node.SetName(name)
            node.SetAttribute(INSTANT_KEY, short_time(source.times[number], source.unit))
        self._neighbours_of = self._subject
        return self._neighbours

    def remove(self) -> None:
        """Stop, and remove the volumes from the scene; the views show again what they did before."""
        self.stop()
        volumes = [node for node in [self.node, *self._neighbours] if is_in_scene(node)]
        leave_views(volumes, None)
        for node in volumes:
            remove_with_belongings(node, node.GetScene())
        self.node, self._neighbours, self._neighbours_of = None, [], None

    def _begin(self, subject: Subject, time: float) -> None:
        frames = sequence_from_node(subject.node)
        source = subject.request.source(frames)
        blend, gap = LinearBlend().prepare(source), subject.gap_at(time, frames, source)
        blend.prepare_gap(gap.number)  # refuses frames that cannot be shown
        engine = self._engine if self._subject is not None and self._subject.engine == subject.engine else None
        self._forget()
        self._subject, self._frames, self._blend, self._engine = subject, frames, blend, engine
        if not self.is_there:
            self.node = add_temporary_volume(subject.node)
        imitate(self.node, subject.node, frames.times.index(source.times[gap.first]))

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._subject = self._frames = self._blend = self._prepared = self._ready = self._gap = None
        self.frame = self.error = self._failed = None
        self._answered, self.doing, self.waits = False, "", False

    def _answers(self) -> Steps[None]:
        """Prepare what is needed, then synthesise the latest requested instant until there is no later one."""
        while not self._answered and not self._is_acquired:
            time = self._time
            if not self._is_small:
                yield from share_of(self._blended(), 0.0, 0.1)
            if self._blend_is_all:
                self._answered = self._time == time
                continue
            try:
                yield from share_of(self._prepared_gap(), 0.1, 0.9)
            except _GapLeftError:
                continue
            time, started = self._time, clock.monotonic()
            frame = yield from share_of(in_background(_asked(self._prepared, time, self._gap)), 0.9, 1.0)
            self._answered = self._time == time
            # a slow answer to an earlier place of the slider would make the heart jump back
            if self._answered or (clock.monotonic() - started < LIVE and not self._is_acquired):
                self._put(frame)
        if self._answered:
            self.doing = ""
            self.on_change()

    def _prepared_gap(self) -> Steps[None]:
        """Make the engine, the sequence and the gap at hand ready, as far as they are not.

        Raises:
            _GapLeftError: the user has moved on to another gap meanwhile.
        """
        subject, source, number = self._subject, self._blend.sequence, self._gap.number
        if self._ready == number:
            return
        if self._engine is None:
            self._engine = yield from in_background(lambda progress: subject.create())
        engine = self._engine
        if self._prepared is None:
            self._prepared = yield from in_background(lambda progress: engine.prepare(source, progress=progress))
        prepared = self._prepared

        def prepare(progress: Progress) -> None:
            def report(fraction: float, message: str) -> None:
                progress(fraction, message)
                if self._gap is None or self._gap.number != number:
                    raise _GapLeftError

            prepared.prepare_gap(number, progress=report)

        yield from in_background(prepare)
        self._ready = number

    @property
    def _voxels(self) -> int:
        return self._frames.volumes[0].array.size

    @property
    def _is_small(self) -> bool:
        return self._voxels <= BLENDED_AT_ONCE

    @property
    def _can_take_long(self) -> bool:
        """Whether the engine could take more than some seconds."""
        is_quick = self._is_small and self._frames.slices_are_independent
        return self._subject.create is not None and not is_quick and self._voxels > FITTED_AT_ONCE

    @property
    def _blend_is_all(self) -> bool:
        """Whether no engine is to answer: none is chosen, it has failed here, or it waits."""
        return self._subject.create is None or self.error is not None or self.waits

    @property
    def _is_acquired(self) -> bool:
        return self._gap.t_of(self._time) in (0.0, 1.0)

    def _blended(self) -> Steps[None]:
        """Show the blend of a volume that is too large to be blended between two events."""
        time = self._time
        frame = yield from in_background(_asked(self._blend, time, self._gap))
        if self._time == time:
            self._put(frame)
            self.on_change()

    def _put(self, frame: Frame) -> None:
        source = self._blend.sequence
        is_synthetic = frame.provenance is not None
        if not is_synthetic and frame.time > source.times[-1]:  # at the end of a loop its first frame comes again
            frame = Frame(frame.volume, source.times[0], 0.0)
        self.frame = frame
        with slicer.util.NodeModify(self.node):
            refill(self.node, frame.volume.array)
            self.node.SetName(frame_label(frame.time, source.unit, is_synthetic=is_synthetic))
            for key in list(self.node.GetAttributeNames()):
                self.node.RemoveAttribute(key)
            self.node.SetAttribute(INSTANT_KEY, short_time(frame.time, source.unit))
            if is_synthetic:
                set_attributes(self.node, frame.provenance.as_attributes())

    def _tell(self, report: Report) -> None:
        if not (self._answered or self._is_acquired or self._blend_is_all) and self._ready != self._gap.number:
            self.doing = _("Linear blend, until the engine is ready ({percent:.0%}).").format(percent=report.fraction)
        self.on_change()

    def _fail(self, error: Exception) -> None:
        self.error, self._failed, self.doing = error, self._gap.number, ""
        self._engine = self._prepared = self._ready = None  # it may be at fault
        self.on_change()

    def _job_ended(self) -> None:
        self._job = None


def _asked(prepared: PreparedSequence, time: float, gap: Gap) -> Callable[[Progress], Frame]:
    return lambda progress: prepared.at(time, gap=gap.number)
