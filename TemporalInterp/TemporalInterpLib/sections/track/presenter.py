"""What the section shows that tracks motion, without Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from slicer.i18n import tr as _

from TemporalInterpLib.dependencies import packages_missing
from TemporalInterpLib.time_left import duration_in_words
from TemporalInterpLib.tracking_plan import TrackedPart, Where


@dataclass(frozen=True)
class Motion:
    """A tracked motion.

    Attributes:
        reference: the phase whose tissue is followed, in words.
        forward_backward_mm: its error there and back.
        closing_mm: once round the beat, NaN where there is no such.
    """

    reference: str
    forward_backward_mm: float
    closing_mm: float


@dataclass(frozen=True)
class State:
    """What the section knows.

    Attributes:
        refusal: why the sequence cannot be tracked, "" where it can.
        packages: whether the packages that tracking needs are installed.
        running: whether motion is being tracked.
        reference: the phase whose tissue is followed, in words; "" for none.
        frames: number of acquired frames.
        is_loop: whether the frames are one whole cycle.
        region: name of the chosen region, "" for none.
        segments: names of its segments by identifier, none where it is no segmentation.
        segment: the chosen one, "" for all.
        part: where motion will be tracked; None while that is not known.
        seconds: how long that takes; None while that is not known.
        measuring: whether both are being found.
        whole_image: whether the user wants all of the images.
        motion: about the latest tracked motion; None where there is none.
        points: whether points to follow are chosen.
        curve: whether a curve to measure strain along is chosen.
    """

    refusal: str = ""
    packages: bool = True
    running: bool = False
    reference: str = ""
    frames: int = 0
    is_loop: bool = False
    region: str = ""
    segments: Mapping[str, str] = field(default_factory=dict)
    segment: str = ""
    part: TrackedPart | None = None
    seconds: float | None = None
    measuring: bool = False
    whole_image: bool = False
    motion: Motion | None = None
    points: bool = False
    curve: bool = False


@dataclass(frozen=True)
class View:
    """What is shown; a reason is "" where a widget can be used.

    Attributes:
        plan: what Track will do, and how long it takes; "" for nothing.
        no_track: why Track is off.
        no_whole_image: why the box of the whole image is off.
        no_box: why the box that was found cannot be shown.
        segments: the entries of the selector, none where it is hidden.
        segment: number of the chosen entry.
        motion: about the tracked motion; "" hides it.
        no_motion: why what needs a motion is off.
        no_follow: why points cannot follow.
        no_strain: why strain cannot be measured.
    """

    plan: str
    no_track: str
    no_whole_image: str
    no_box: str
    segments: tuple[str, ...]
    segment: int
    motion: str
    no_motion: str
    no_follow: str
    no_strain: str


def present(state: State) -> View:
    """Return what is shown of a state."""
    no_motion = "" if state.motion is not None else _("There is no motion yet: press Track first.")
    segments = (_("All segments"), *state.segments.values()) if state.segments else ()
    return View(
        plan="" if state.refusal or not state.reference else _plan(state),
        no_track="" if state.running else _no_track(state),
        no_whole_image=_("Choose no region to track in the whole image.") if state.region else "",
        no_box="" if state.part is not None and state.part.where is Where.MOVING else _no_box(state),
        segments=segments,
        segment=["", *state.segments].index(state.segment) if segments else 0,
        motion=_facts(state.motion) if state.motion is not None else "",
        no_motion=no_motion,
        no_follow=no_motion or ("" if state.points else _("Choose the points first.")),
        no_strain=no_motion or ("" if state.curve else _("Choose a curve in the middle of the wall first.")),
    )


def _no_track(state: State) -> str:
    if state.refusal:
        return state.refusal
    if not state.packages:
        return packages_missing(_("Tracking"))
    return ""


def _no_box(state: State) -> str:
    if state.region:
        return _("A region is chosen.")
    if state.whole_image:
        return _("The whole image is chosen.")
    if state.measuring:
        return _("What moves most is still being looked for.")
    if state.part is None:
        return _("What moves most is not known yet.")
    return _("No part of the images was found that moves more than the rest.")


def _plan(state: State) -> str:
    follows = (
        _("Follows the tissue of phase A, {reference}, through {count} frames and back to it, as one whole cycle.")
        if state.is_loop
        else _("Follows the tissue of phase A, {reference}, through {count} frames.")
    )
    lines = [follows.format(reference=state.reference, count=state.frames)]
    if state.part is not None:
        lines.append(_where(state.part, state.region))
    if state.seconds is not None:
        lines.append(_("Takes {time} here.").format(time=duration_in_words(state.seconds)))
    elif state.measuring:
        lines.append(_("Measuring how long that takes here…"))
    return "\n".join(lines)


def _where(part: TrackedPart, region: str) -> str:
    if part.where is Where.MOVING:
        width, height = part.size_mm
        return _(
            "Looks at what moves most, such as the heart: a box of {width:.0f} x {height:.0f} mm. Choose a region to "
            "change it."
        ).format(width=width, height=height)
    if part.where is Where.REGION:
        return _("Looks at the region '{name}'.").format(name=region)
    if part.where is Where.SCAN:
        return _("Looks at the scan, without the text around it.")
    return _("Looks at the whole image. A region around the heart takes less time.")


def _facts(facts: Motion) -> str:
    lines = [
        _("The motion of the tissue of {value} is an estimate. Its error:").format(value=facts.reference),
        _("{error:.2f} mm there and back (mean, in the worst phase)").format(error=facts.forward_backward_mm),
    ]
    if not math.isnan(facts.closing_mm):
        lines.append(_("{error:.2f} mm once round the beat (removed)").format(error=facts.closing_mm))
    return "\n".join(lines)
