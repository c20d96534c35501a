"""Properties and methods of the stand-ins that only keep or give a value."""

import itertools
from typing import Any

from PySide6.QtCore import Property, Slot

_numbers = itertools.count()


def stored(kind: type | str, default: Any, then: str = "") -> Property:
    """A property that keeps what is set, and then calls the method of this name."""
    attribute = f"_stored_{next(_numbers)}"

    def read(self: Any) -> Any:
        return getattr(self, attribute, default)

    def write(self: Any, value: Any) -> None:
        setattr(self, attribute, value)
        if then:
            getattr(self, then)()

    return Property(kind, read, write)


def getter(name: str, attribute: str) -> Any:
    """A method without arguments that gives an attribute."""
    return Slot(name=name, result=object)(lambda self: getattr(self, attribute))


def constant(kind: type, value: Any) -> Property:
    """A property that always has this value."""
    return Property(kind, lambda self: value, constant=True)
