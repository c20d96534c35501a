"""Properties and methods of the stand-ins that only keep or give a value."""

import itertools
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Property

_numbers = itertools.count()


def stored(kind: type | str, default: Any, then: str = "") -> Property:
    """A property that keeps what is set, and then calls the method of this name."""
    attribute = f"_stored_{next(_numbers)}"

    def write(self: Any, value: Any) -> None:
        setattr(self, attribute, value)
        if then:
            getattr(self, then)()

    return Property(kind, lambda self: getattr(self, attribute, default), write)


def getter(attribute: str) -> Callable[[Any], Any]:
    """A method without arguments that gives an attribute."""
    return lambda self: getattr(self, attribute)
