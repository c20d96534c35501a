"""What the section that removes results shows, and asks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

SHOWN_ROWS = 6
"""Rows of a list that are shown without scrolling."""

NAMED = 12
"""Results that a question names one by one."""


@dataclass(frozen=True)
class ResultFacts:
    """A result of the module in the scene.

    Attributes:
        kind: "interpolation", "check", "tracked motion", "added slices", "region to track in", "instant in the slice
            views" or "synthetic frames in a sequence".
        name: of its first node.
        engine: of its frames, "" where it has none.
        frames: number of its synthetic frames.
        parts: number of nodes that hold its data.
        made: when, "" where that is not known.
        bytes: memory that it takes.
    """

    kind: str
    name: str
    engine: str = ""
    frames: int = 0
    parts: int = 1
    made: str = ""
    bytes: int = 0


@dataclass(frozen=True)
class ModelFacts:
    """A model on this computer that did not come with the program.

    Attributes:
        name: under which it is registered.
        bytes: size of its file.
    """

    name: str
    bytes: int


@dataclass(frozen=True)
class State:
    """What is there.

    Attributes:
        results: in the scene.
        chosen: numbers of those that are ticked.
        models: on this computer.
        chosen_models: numbers of those that are ticked.
        models_refusal: why the models cannot be listed, "" where they can.
    """

    results: Sequence[ResultFacts] = ()
    chosen: Collection[int] = ()
    models: Sequence[ModelFacts] = ()
    chosen_models: Collection[int] = ()
    models_refusal: str = ""


@dataclass(frozen=True)
class Row:
    """A line of a list.

    Attributes:
        what: what it is.
        size: in MB.
        tooltip: all that is known of it.
    """

    what: str
    size: str
    tooltip: str


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        total: how much there is.
        rows: the results.
        rows_shown: without scrolling.
        chosen_unless: why the chosen results cannot be removed, "" where they can.
        all_unless: likewise, all results.
        models_title: what the models are, or why they cannot be listed.
        model_rows: the models.
        models_shown: without scrolling.
        models_unless: why the chosen models cannot be removed, "" where they can.
    """

    total: str
    rows: Sequence[Row]
    rows_shown: int
    chosen_unless: str
    all_unless: str
    models_title: str
    model_rows: Sequence[Row]
    models_shown: int
    models_unless: str


def present(state: State) -> View:
    """Return what the section shows."""
    nothing = "" if state.results else _("This module has made nothing in this scene.")
    total = _("{size} MB in this scene, made by this module:").format(size=megabytes(_sum(state.results)))
    return View(
        total=nothing or total,
        rows=[_row(result) for result in state.results],
        rows_shown=min(len(state.results), SHOWN_ROWS),
        chosen_unless=nothing or ("" if state.chosen else _("Tick a result first.")),
        all_unless=nothing,
        models_title=state.models_refusal or (_("Models adapted or added on this computer:") if state.models else ""),
        model_rows=[Row(model.name, megabytes(model.bytes), _("A file on this computer")) for model in state.models],
        models_shown=min(len(state.models), SHOWN_ROWS),
        models_unless=_models_unless(state),
    )


def question(results: Sequence[ResultFacts], *, undo: bool) -> str:
    """Return the question to ask before results are removed.

    Args:
        results: are to be removed.
        undo: whether Slicer's undo is on.
    """
    names = [f"{what_it_is(result)} ({megabytes(result.bytes)} MB)" for result in results[:NAMED]]
    if len(results) > NAMED:
        names.append(_("and {count} more").format(count=len(results) - NAMED))
    title = _("Remove from the scene?") if len(results) == 1 else _("Remove these {count} results from the scene?")
    back = (
        _("Undo brings back tables and plots. Sequences and their frames cannot be brought back.")
        if undo
        else _("This cannot be undone.")
    )
    return "\n\n".join([title.format(count=len(results)), "\n".join(names), _("Acquired frames stay.") + " " + back])


def models_question(models: Sequence[ModelFacts]) -> str:
    """Return the question to ask before models are deleted."""
    names = "\n".join(f"{model.name} ({megabytes(model.bytes)} MB)" for model in models)
    return _("Delete these models from this computer? This cannot be undone.\n\n{names}").format(names=names)


def removed(results: Sequence[ResultFacts]) -> str:
    """Return what to say after results were removed."""
    size = megabytes(_sum(results))
    if len(results) == 1:
        return _("Removed: {name} ({size} MB).").format(name=what_it_is(results[0]), size=size)
    return _("{count} results removed ({size} MB).").format(count=len(results), size=size)


def models_removed(models: Sequence[ModelFacts]) -> str:
    """Return what to say after models were deleted."""
    names = ", ".join(model.name for model in models)
    return _("Deleted from this computer: {names}.").format(names=names)


def what_it_is(result: ResultFacts) -> str:
    """Return a result in words, what differs first."""
    if result.kind == "instant in the slice views":
        return _("Instant in the slice views")
    if result.kind == "synthetic frames in a sequence":
        return _("{count} synthetic frames in {name}").format(count=result.frames, name=result.name)
    if result.kind == "check":
        return _("Check: {name}").format(name=result.name)
    return result.name


def megabytes(count: int) -> str:
    """Return a number of bytes in MB, in words short enough for a column."""
    size = count / 1e6
    if 0 < size < 0.1:
        return "< 0.1"
    return f"{size:.0f}" if size >= 10 else f"{size:.1f}"


def _row(result: ResultFacts) -> Row:
    facts = [what_it_is(result), kind_in_words(result.kind)]
    if result.engine:
        facts.append(_("engine: {name}").format(name=result.engine.replace("_", " ")))
    if result.frames:
        facts.append(_("{count} synthetic frames").format(count=result.frames))
    if result.parts > 1:
        facts.append(_("{count} parts: sequences, tables and plots").format(count=result.parts))
    if result.made:
        facts.append(_("made {time}").format(time=result.made))
    when = result.made[-5:]
    what = f"{what_it_is(result)}, {when}" if when else what_it_is(result)
    return Row(what, megabytes(result.bytes), "\n".join(facts))


def kind_in_words(kind: str) -> str:
    """Return the kind of a result in words."""
    return {
        "interpolation": _("interpolated sequence, with its displacement fields"),
        "check": _("check on this patient: error maps, predicted frames, scores, plot"),
        "tracked motion": _("tracked motion, with its strain curves; points return to the reference phase"),
        "added slices": _("images with added slices"),
        "region to track in": _("the box of Track motion, with your changes to it"),
        "instant in the slice views": _("the instant, and the frames next to it; they are not saved with the scene"),
        "synthetic frames in a sequence": _("only these frames are removed; the acquired ones stay"),
    }[kind]


def _models_unless(state: State) -> str:
    if state.models_refusal:
        return state.models_refusal
    if not state.models:
        return _("All models came with the program; there is none to remove.")
    return "" if state.chosen_models else _("Tick a model first.")


def _sum(results: Sequence[ResultFacts]) -> int:
    return sum(result.bytes for result in results)
