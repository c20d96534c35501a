"""Entries of DICOM headers as plain values; one that is empty, of another multiplicity or no number has no value."""

from __future__ import annotations

import functools
import math
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pydicom
from pydicom.config import disable_value_validation
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.tag import BaseTag, Tag

_PLAIN = frozenset(("CS", "DA", "DS", "DT", "FD", "FL", "IS", "TM", "UI", "UL", "US"))
"""Value representations that do not depend on other entries, such as the character set."""

DAY = 86_400_000.0
"""Length of a day in ms."""

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2}):?(\d{2})(\.\d+)?")
"""With the full stops and colons of ACR-NEMA."""


@contextmanager
def odd_values_accepted() -> Iterator[None]:
    """Let pydicom accept odd values without a warning: those that are needed are named by the errors they cause."""
    with warnings.catch_warnings(), disable_value_validation():
        warnings.filterwarnings("ignore", module="pydicom")
        yield


def entry(dataset: pydicom.Dataset, keyword: str) -> Any:
    """Return an entry, None where it is missing, empty or cannot be understood."""
    tag = _tag(keyword)
    if tag is None or tag not in dataset:
        return None
    try:
        raw = dataset.get_item(tag)
        if isinstance(raw, RawDataElement) and raw.VR in _PLAIN and isinstance(raw.value, bytes):
            value = _converted(tag, raw.VR, raw.value, raw.is_little_endian)
        else:
            value = dataset[tag].value
    except Exception:  # pydicom converts an entry when it is looked at, and raises whatever goes wrong
        return None
    return None if value is None or (isinstance(value, str | bytes) and not value.strip()) else value


def text(dataset: pydicom.Dataset, keyword: str) -> str:
    """Return an entry as text, "" where it has none."""
    value = entry(dataset, keyword)
    return "" if value is None else str(value).strip()


def texts(dataset: pydicom.Dataset, keyword: str) -> tuple[str, ...]:
    """Return the values of an entry as texts."""
    value = entry(dataset, keyword)
    if value is None:
        return ()
    return (value.strip(),) if isinstance(value, str) else tuple(str(one).strip() for one in _many(value))


def number(dataset: pydicom.Dataset, keyword: str) -> float | None:
    """Return an entry that is one finite number, else None."""
    values = numbers(dataset, keyword)
    return values[0] if len(values) == 1 else None


def integer(dataset: pydicom.Dataset, keyword: str) -> int | None:
    """Return an entry that is one whole number, else None."""
    value = number(dataset, keyword)
    return int(value) if value is not None and value.is_integer() else None


def numbers(dataset: pydicom.Dataset, keyword: str) -> tuple[float, ...]:
    """Return an entry that is finite numbers; none of them where one is something else."""
    value = entry(dataset, keyword)
    if value is None:
        return ()
    try:
        found = tuple(map(float, [value] if isinstance(value, str | float | int) else _many(value)))
    except (TypeError, ValueError, OverflowError):
        return ()
    return found if all(map(math.isfinite, found)) else ()


def items(dataset: pydicom.Dataset, keyword: str) -> list[pydicom.Dataset]:
    """Return the items of a sequence, none where the entry is no sequence."""
    value = entry(dataset, keyword)
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        return []
    return [one for one in value if isinstance(one, pydicom.Dataset)]


def milliseconds(dataset: pydicom.Dataset, date: str, time: str) -> float | None:
    """Return the instant of a date entry and a time entry in ms; `date` and `time` are the same for a date with time.

    It counts from the year 2000 where there is a date, else from midnight. None where the time is not given to the
    second.
    """
    if date == time:
        day, clock = text(dataset, date)[:8], text(dataset, date)[8:]
    else:
        day, clock = text(dataset, date), text(dataset, time)
    match = _TIME.match(clock)
    if match is None:
        return None
    hours, minutes, seconds = map(int, match.groups()[:3])
    since_midnight = 1000 * (3600 * hours + 60 * minutes + seconds + float(match[4] or 0))
    return since_midnight + (_days(day) or 0) * DAY


def _days(date: str) -> int | None:
    """Return the days from the year 2000 to a date, None where it is none."""
    match = _DATE.match(date)
    try:
        return (datetime(*map(int, match.groups())) - datetime(2000, 1, 1)).days if match else None  # type: ignore[arg-type]
    except ValueError:
        return None


@functools.lru_cache(maxsize=1 << 14)
def _converted(tag: BaseTag, kind: str, value: bytes, is_little_endian: bool) -> Any:
    """Return the value of an entry; images of a series have most values in common, and converting takes longest."""
    return convert_raw_data_element(RawDataElement(tag, kind, len(value), value, 0, False, is_little_endian)).value


@functools.cache
def _tag(keyword: str) -> BaseTag | None:
    tag = tag_for_keyword(keyword)
    return None if tag is None else Tag(tag)


def _many(value: Any) -> Iterable[Any]:
    return value if isinstance(value, Iterable) and not isinstance(value, bytes) else [value]
