"""What the strip at the top says of missing Python packages, without Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slicer.i18n import tr as _


@dataclass(frozen=True)
class State:
    """What is installed.

    Attributes:
        missing: requirements of pip that are not met.
        engines_can_run: whether engines other than the linear blend can be used.
    """

    missing: tuple[str, ...] = ()
    engines_can_run: bool = True


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        text: the packages that are missing and what that means; "" hides the strip.
    """

    text: str


def present(state: State) -> View:
    """Return what is shown of a state."""
    if not state.missing:
        return View("")
    effect = (
        _("Some functions cannot be used yet.")
        if state.engines_can_run
        else _("Until they are installed, only the linear blend can be used.")
    )
    names = ", ".join(re.match(r"[\w.-]+", requirement).group() for requirement in state.missing)
    return View(_("Python packages are missing: {packages}. {effect}").format(packages=names, effect=effect))
