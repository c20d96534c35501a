"""Where motion is tracked, and how long that takes on this machine: found before the work, alongside the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress
from temporal_interp.tracking.moving_box import Box, mask_of, moving_box, size_of
from TemporalInterpLib.background import Steps, in_background

START_S = 5.0
"""Seconds in which the child process starts and ends. Measured on two cores, as the next."""

SECONDS_A_VOXEL = 0.8e-6
"""Seconds in which the motion of a voxel in a frame is followed, written and read again."""


class Where(Enum):
    """What part of the images motion is tracked in."""

    REGION = "the region that the user chose"
    MOVING = "a box around what moves"
    SCAN = "the scan in an ultrasound picture"
    WHOLE = "all of the images"


@dataclass(frozen=True, eq=False)
class TrackedPart:
    """A part of the images.

    Attributes:
        where: what part it is.
        mask: (K, J, I) bool; None for all of the images.
        box: of `Where.MOVING`.
        size_mm: width and height of the box.
    """

    where: Where
    mask: np.ndarray | None = None
    box: Box | None = None
    size_mm: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class TrackingPlan:
    """What is known before the work.

    Attributes:
        part: where motion is tracked.
        seconds: how long that takes, about; None where it was not measured.
    """

    part: TrackedPart
    seconds: float | None


def tracked_part(sequence: Sequence, region: np.ndarray | None, *, whole_image: bool) -> TrackedPart:
    """Return where a sequence is tracked: in the region, or else in what moves. It takes up to a second.

    Args:
        sequence: the acquired frames.
        region: (K, J, I) bool, chosen by the user; None if none is.
        whole_image: track in all of the images where no region is chosen.
    """
    if region is not None:
        return TrackedPart(Where.REGION, region)
    if whole_image:
        return TrackedPart(Where.WHOLE)
    from temporal_interp.tracking.sector import scan_sector

    scan = scan_sector(sequence)
    if scan is not None:
        return TrackedPart(Where.SCAN, scan)
    box = moving_box(sequence)
    if box is None:
        return TrackedPart(Where.WHOLE)
    geometry = sequence.volumes[0].geometry
    return TrackedPart(Where.MOVING, mask_of(box, geometry.shape), box, size_of(box, geometry)[:2])


def plan_steps(
    sequence: Sequence, region: np.ndarray | None, *, whole_image: bool, whole_beat: bool | None, device: str | None
) -> Steps[TrackingPlan]:
    """Return the steps that find where a sequence is tracked, and measure on its first frames how long that takes.

    Args:
        sequence: the acquired frames, two or more.
        region: as in `tracked_part`.
        whole_image: likewise.
        whole_beat: the frames cover one whole beat; None as the sequence says.
        device: as `temporal_interp.tensors.devices.choose_device` takes it; None measures no time, and needs no
            PyTorch.
    """

    def plan(progress: Progress) -> TrackingPlan:
        part = tracked_part(sequence, region, whole_image=whole_image)
        if device is None:
            return TrackingPlan(part, None)
        from temporal_interp.tensors.devices import choose_device
        from temporal_interp.tracking.duration import seconds_to_track

        seconds = seconds_to_track(sequence, closed=whole_beat, mask=part.mask, device=choose_device(device))
        return TrackingPlan(part, seconds + START_S + SECONDS_A_VOXEL * len(sequence) * sequence[0].array.size)

    return in_background(plan)
