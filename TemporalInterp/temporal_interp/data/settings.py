"""Settings that are checked when they are made, with the paper's value beside ours.

Bounds stand in the annotations, in pydantic's words. `paper()`, `in_one_line()`, `as_dict()` and `from_dict()` follow
from the declaration. This is the one module of `data` that needs pydantic, which a bare Slicer lacks.
"""

from __future__ import annotations

import functools
import itertools
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast, dataclass_transform

from pydantic import AfterValidator, ConfigDict, Field, PositiveInt, Strict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class Paper:
    """The paper's value of a setting, as metadata of its annotation."""

    value: Any


def coarse_to_fine(levels: tuple[int, ...]) -> tuple[int, ...]:
    """Return levels of coarsening that fall, or raise ValueError."""
    if not all(coarse > fine for coarse, fine in itertools.pairwise(levels)):
        raise ValueError("must go from coarse to fine")
    return levels


Counts = Annotated[tuple[PositiveInt, ...], Strict(False)]
"""Whole numbers from 1; a list, as YAML and JSON have it, becomes a tuple."""

Levels = Annotated[Counts, AfterValidator(coarse_to_fine)]
"""Levels of coarsening, from coarse to fine."""

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""Of random numbers; what all generators take."""

Share = Annotated[float, Field(ge=0, le=1)]
"""From 0 to 1."""

LearningRate = Annotated[float, Field(gt=0, lt=1)]
"""Of an optimiser."""


@dataclass(frozen=True)
class Settings:
    """Base of all settings; a subclass is decorated with `checked`.

    Example:
        >>> from typing import Annotated
        >>> @checked
        ... class Window(Settings):
        ...     side: Annotated[PositiveInt, Paper(9)] = 7
        ...     stride: PositiveInt = 2
        >>> Window(stride=3).in_one_line()
        'stride=3'
        >>> Window.paper()
        Window(side=9, stride=2)
        >>> Window(side=0)
        Traceback (most recent call last):
        temporal_interp.errors.InvalidInputError: The setting 'side' must be above 0, got 0.
    """

    __pydantic_fields__: ClassVar[dict[str, FieldInfo]] = {}

    kind: ClassVar[str] = ""
    """What tells these settings from others in their place."""

    @classmethod
    def paper(cls) -> Self:
        """Return the values of the paper; ours, where it gives none."""
        declared = ((name, note) for name, field in cls.__pydantic_fields__.items() for note in field.metadata)
        return cls(**{name: note.value for name, note in declared if isinstance(note, Paper)})

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Return settings from a configuration or a model file; missing ones have their defaults.

        Raises:
            InvalidInputError: a name is unknown, or a value makes no sense.
        """
        if not isinstance(given, Mapping):
            raise InvalidInputError(f"Settings are names with values, got {_shown(given)}.")
        return cls(**given)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings for JSON."""
        return TypeAdapter(type(self)).dump_python(self, mode="json")

    def in_one_line(self) -> str:
        """Return the settings that differ from the defaults, "" where none does."""
        return " ".join(self._changes(type(self)()))

    def _changes(self, default: Settings) -> Iterator[str]:
        for field in fields(self):
            value, usual = getattr(self, field.name), getattr(default, field.name)
            if isinstance(value, Settings):
                if type(value) is not type(usual):
                    yield f"{field.name}={value.kind}"
                yield from value._changes(type(value)())
            elif value != usual:
                yield f"{field.name}={value}".replace(" ", "")


Checked = TypeVar("Checked", bound=Settings)

_STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid")


@dataclass_transform(frozen_default=True)
def checked(cls: type[Checked]) -> type[Checked]:
    """Make a class of settings a frozen dataclass that raises InvalidInputError for a value that makes no sense.

    Types are strict: YAML's true is not a number, and neither is 1e-4 without a point, which YAML reads as text.
    """
    made = cast(type[Checked], pydantic_dataclass(frozen=True, config=_STRICT)(cls))
    validate = made.__init__

    @functools.wraps(validate)
    def translated(self: Checked, *args: Any, **values: Any) -> None:
        try:
            validate(self, *args, **values)
        except ValidationError as error:
            raise InvalidInputError(_message(made, error)) from error

    # mypy allows no other constructor; this is the one place where the errors of pydantic are translated
    made.__init__ = translated  # type: ignore[method-assign,assignment]
    return made


_MUST = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "tuple_type": "must be a list",
    "too_short": "must have at least {min_length} value",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "value_error": "{error}",
}


def _message(cls: type[Settings], error: ValidationError) -> str:
    """Return a readable message on the first invalid setting."""
    problems = error.errors(include_url=False)
    unknown = [str(problem["loc"][0])[:60] for problem in problems if problem["type"].startswith("unexpected_")][:20]
    if unknown:
        return f"Unknown settings: {', '.join(unknown)}. There are {', '.join(field.name for field in fields(cls))}."
    problem = problems[0]
    place, must = problem["loc"][:1], _must(problem)
    if problem["type"].startswith("dataclass"):  # one problem for every class that it could be of
        must = f"must be of {' or '.join(each['ctx']['class_name'] for each in problems if each['loc'][:1] == place)}"
    if not place:  # settings that do not fit each other, refused by __post_init__ with a message of its own
        return must
    (given,) = place  # a number where the value was given by its place
    name = fields(cls)[given].name if isinstance(given, int) else given
    values = [f"Value {number + 1} of the" for number in problem["loc"][1:] if isinstance(number, int)]
    return f"{values[0] if values else 'The'} setting '{name}' {must}, got {_shown(problem['input'])}."


_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = 200


def _shown(value: Any) -> str:
    """Return a value as it is written, cut short: it may come from a file, and be of any size."""
    return _brief.repr(value)


def _must(problem: ErrorDetails) -> str:
    otherwise = problem["msg"].replace("Input should be", "must be")
    return _MUST.get(problem["type"], otherwise).format(**problem.get("ctx", {}))
