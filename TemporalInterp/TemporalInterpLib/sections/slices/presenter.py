"""What the section that adds slices shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from TemporalInterpLib.dependencies import packages_missing


@dataclass(frozen=True)
class Stack:
    """The slices of every volume.

    Attributes:
        slices: their number.
        spacing_mm: distance from one to the next.
        frames: number of volumes.
    """

    slices: int
    spacing_mm: float
    frames: int


@dataclass(frozen=True)
class State:
    """What is there.

    Attributes:
        running: whether slices are being added.
        images: name of the images, "" where there are none.
        stack: their slices, None where none can be added.
        refusal: why none can be added to them, "" where they can.
        packages: whether the Python packages are there that it takes.
        factors: how many times closer slices can become.
        factor: the one that is chosen.
        networks: whether networks make the slices, and not motion.
        has_pair: whether a result can be compared with its source.
        is_compared: whether it is.
    """

    running: bool = False
    images: str = ""
    stack: Stack | None = None
    refusal: str = ""
    packages: bool = True
    factors: Sequence[int] = ()
    factor: int = 2
    networks: bool = False
    has_pair: bool = False
    is_compared: bool = False


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        choices: the target spacings, in the order of the factors.
        plan: the expected result, or why there is none.
        unless: why slices cannot be added, "" where they can.
        keep_unless: why there is no choice about the acquired slices, "" where there is.
        compare_button: text of the button that compares.
        compare_unless: why nothing can be compared, "" where it can.
    """

    choices: Sequence[str]
    plan: str
    unless: str
    keep_unless: str
    compare_button: str
    compare_unless: str


def present(state: State) -> View:
    """Return what the section shows."""
    comparable = state.has_pair or state.is_compared
    return View(
        choices=[_choice(factor, state.stack) for factor in state.factors],
        plan=state.refusal or _plan(state),
        unless="" if state.running else state.refusal or _missing(state),
        keep_unless="" if state.networks else _("Moved tissue always keeps the acquired slices as they are."),
        compare_button=_("Back to the previous views") if state.is_compared else _("Compare side by side"),
        compare_unless="" if comparable else _no_pair(state),
    )


def _choice(factor: int, stack: Stack | None) -> str:
    """Return a factor in words, with the spacing that it leads to where that is known."""
    if stack is None:
        return _("{factor} times closer").format(factor=factor)
    return _("{factor} times: {wide:.4g} mm → {close:.4g} mm").format(
        factor=factor, wide=stack.spacing_mm, close=stack.spacing_mm / factor
    )


def _plan(state: State) -> str:
    """Short lines: Qt cuts off long ones in a full panel."""
    stack = state.stack
    if stack is None:
        return ""
    words = _("{before} slices every {wide:.4g} mm → {after} slices every {close:.4g} mm").format(
        before=stack.slices,
        wide=stack.spacing_mm,
        after=(stack.slices - 1) * state.factor + 1,
        close=stack.spacing_mm / state.factor,
    )
    return words if stack.frames == 1 else f"{words}\n{_('in each of {count} frames').format(count=stack.frames)}"


def _missing(state: State) -> str:
    if state.packages:
        return ""
    return packages_missing(_("Adding slices"))


def _no_pair(state: State) -> str:
    if not state.images:
        return _("There are no images yet.")
    return _("Add slices to '{name}' first: there is no result to compare.").format(name=state.images)
