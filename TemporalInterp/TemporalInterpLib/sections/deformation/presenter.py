"""What the section says of the motion of a result, without Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from slicer.i18n import tr as _

from TemporalInterpLib.deformation_facts import DeformationFacts
from TemporalInterpLib.parameter_node import FieldStyle


@dataclass(frozen=True)
class State:
    """What the section knows.

    Attributes:
        has_fields: whether the result has displacement fields.
        has_jacobians: whether it has Jacobian determinants.
        facts: what was measured of them; None while that is not known.
        instants: of the frames of the result, as they are written.
        style: how the motion is drawn.
        from_a: whether it is counted from phase A; else from the acquired frame before.
        arrow_scale: how many times their length arrows are drawn; 1 where none are.
        failure: why the motion could not be measured or drawn, "" where it could.
    """

    has_fields: bool
    has_jacobians: bool
    facts: DeformationFacts | None
    instants: tuple[str, ...]
    style: FieldStyle = FieldStyle.HIDDEN
    from_a: bool = True
    arrow_scale: int = 1
    failure: str = ""


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        message: what the motion is like, or how to get one.
        unless: why nothing can be drawn, "" where something can.
        spacing_label: what the spacing is of.
        spacing_unless: why the spacing cannot be chosen.
        jacobian_unless: why the change of volume cannot be drawn.
    """

    message: str
    unless: str
    spacing_label: str
    spacing_unless: str
    jacobian_unless: str


def present(state: State) -> View:
    """Return what is shown."""
    unless, message = "", state.failure
    if not state.has_fields:
        unless = message = _("Tick 'Also keep the motion' and press Interpolate to see it. The linear blend has none.")
    elif state.facts is None:
        unless = _("The motion is being measured.")
        message = message or unless
    elif not message:
        message = _said(state.facts, state.instants, state.from_a)
        if state.style is FieldStyle.ARROWS:
            message += " " + _arrows(state.arrow_scale)
    without_jacobians = "" if state.has_jacobians else _("This result has no Jacobian determinants.")
    return View(
        message=message,
        unless=unless,
        spacing_label=_("Grid spacing:") if state.style is FieldStyle.GRID else _("Arrow spacing:"),
        spacing_unless=unless or (_("Choose arrows or a grid first.") if state.style is FieldStyle.HIDDEN else ""),
        jacobian_unless=unless or without_jacobians,
    )


def _arrows(scale: int) -> str:
    if scale > 1:
        return _("Arrows, {scale} times as long as the motion, point back to where the tissue was.").format(scale=scale)
    return _("Arrows point back to where the tissue was.")


def _said(facts: DeformationFacts, instants: tuple[str, ...], from_a: bool) -> str:
    moves = (
        _("The tissue moves by up to {longest:.1f} mm since phase A, at {instant}.")
        if from_a
        else _("The tissue moves by up to {longest:.1f} mm since the acquired frame before, at {instant}.")
    )
    said = [moves.format(longest=facts.longest_mm, instant=instants[facts.item])]
    if math.isnan(facts.smallest):
        pass
    elif facts.folded == 0:
        said.append(_("No folds: the smallest Jacobian determinant is {smallest:.2f}.").format(smallest=facts.smallest))
    else:
        said.append(
            _(
                "It folds in {share} of the tissue at {instant}, magenta in the map: do not trust the motion there."
            ).format(share=_percent(facts.folded), instant=instants[facts.folded_item])
        )
    return " ".join(said)


def _percent(share: float) -> str:
    return _("less than 0.01 %") if share < 1e-4 else f"{100 * share:.2f} %"
