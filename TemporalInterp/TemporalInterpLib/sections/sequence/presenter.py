"""What the section of the sequence shows, without Qt."""

from __future__ import annotations

from dataclasses import dataclass

from slicer.i18n import tr as _


@dataclass(frozen=True)
class State:
    """What the section knows.

    Attributes:
        refusal: why the chosen sequence cannot be used, "" where it can.
        work: what is being read or drawn, in words; "" where nothing is.
        fraction: how much of it is done, from 0 to 1.
        loaded: what was loaded last, in words, as long as it is the chosen one.
        colour: names of the sequences of colour images in the scene.
        frames: what images of the scene could be made a sequence, with their names; "" where there are none.
        frames_in_short: the same, in short.
        missing: why files cannot be read, "" where they can.
        period: of a sequence that says that it is one whole cycle, in words; "" of another.
    """

    refusal: str = ""
    work: str = ""
    fraction: float = 0.0
    loaded: str = ""
    colour: tuple[str, ...] = ()
    frames: str = ""
    frames_in_short: str = ""
    missing: str = ""
    period: str = ""


@dataclass(frozen=True)
class View:
    """What it shows.

    Attributes:
        message: below the buttons, "" for none.
        busy: why nothing can be loaded, "" where something can.
        load: why *Load cine…* is off, "" where it is not.
        progress: per cent done; None while nothing is read.
        make: text of the button that makes a sequence, "" where there is nothing to make one of.
        cycle: in place of the box that says that the frames are a cycle, where they are known to be one; "" elsewhere.
    """

    message: str
    busy: str
    load: str
    progress: int | None
    make: str
    cycle: str


def present(state: State) -> View:
    """Return what is shown."""
    busy = _("Something is being loaded; cancel it first.") if state.work else ""
    hints = [] if state.work or not state.refusal else _hints(state)
    words = [state.work or state.refusal or state.loaded, *hints]
    return View(
        message="\n".join(word for word in words if word),
        busy=busy,
        load=busy or state.missing,
        progress=round(100 * state.fraction) if state.work else None,
        make=_("Make a sequence from {frames}").format(frames=state.frames_in_short) if hints and state.frames else "",
        cycle=_("The frames are one whole cycle of {period}.").format(period=state.period) if state.period else "",
    )


def loaded_in_words(name: str, frames: int, slices: int, notes: tuple[str, ...]) -> str:
    """Return what is said of a sequence that was just loaded, with what its reader assumed."""
    size = _("'{name}': {frames} frames of {slices} slices.") if slices > 1 else _("'{name}': {frames} frames.")
    return " ".join([size.format(name=name, frames=frames, slices=slices), *notes])


def _hints(state: State) -> list[str]:
    """Return what else the scene has, and how it becomes a sequence."""
    hints = []
    if state.colour:
        hints.append(_("'{name}' is a colour video: use Load cine… to read it as grey.").format(name=state.colour[0]))
    if state.frames:
        hints.append(_("The scene has {frames}; they are no sequence yet.").format(frames=state.frames))
    return hints
