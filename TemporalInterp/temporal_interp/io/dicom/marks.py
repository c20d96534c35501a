"""What a DICOM header says on whether an image is synthetic, and how it was made.

The standard has one entry for it, SyntheticData. How an image was made, and the exact time of it, stand in a private
block beside it. Where an archive has dropped that block, the entry is left.
"""

from __future__ import annotations

import json
import math
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pydicom
from pydicom.datadict import add_private_dict_entries

from temporal_interp.data.provenance import PREFIX, SYNTHETIC_KEY
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import UnreadableFileError
from temporal_interp.io.dicom.entries import text
from temporal_interp.io.plain_text import load_json

CREATOR = "TEMPORALINTERP"
GROUP = 0x00B1
TIMES, INDEX_NAME, UNIT, PERIOD, ATTRIBUTES = range(1, 6)
"""Entries of the private block: index values, one a frame; their name, unit and period; a JSON list of attributes."""

add_private_dict_entries(  # so that they are read from files that do not say of what kind their entries are
    CREATOR,
    {
        (GROUP << 16) + 0x1000 + number: (kind, many, name, "")
        for number, kind, many, name in (
            (TIMES, "FD", "1-n", "Index Values"),
            (INDEX_NAME, "LO", "1", "Index Name"),
            (UNIT, "LO", "1", "Index Unit"),
            (PERIOD, "FD", "1", "Period"),
            (ATTRIBUTES, "UT", "1", "Attributes of Frames"),
        )
    },
)


@dataclass(frozen=True)
class Mark:
    """What is said of an image, or of a frame.

    Attributes:
        says: whether the header says anything on being synthetic.
        attributes: those of a frame of a sequence; empty where it is acquired.
        time: its index value, None where only the standard's entry is there.
        index_name: of the index.
        unit: of the index.
        period: of the loop that it is part of, None if of none.
    """

    says: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    time: float | None = None
    index_name: str = ""
    unit: str = ""
    period: float | None = None


NO_MARK = Mark()

SYNTHETIC = "synthetic"
"""What a sequence is called that has synthetic frames, where acquired ones go before it."""


def write_marks(dataset: pydicom.Dataset, sequence: Sequence, frames: abc.Sequence[int]) -> None:
    """Put what is to be said of frames of a sequence into a header, or into the item of a frame.

    The entry of the standard, which belongs at the top of the header, is not written here.
    """
    block = dataset.private_block(GROUP, CREATOR, create=True)
    block.add_new(TIMES, "FD", [sequence.times[number] for number in frames])
    block.add_new(INDEX_NAME, "LO", sequence.index_name)
    block.add_new(UNIT, "LO", sequence.unit)
    if sequence.period is not None:
        block.add_new(PERIOD, "FD", sequence.period)
    attributes = [
        {key: value for key, value in sequence.item_attributes[number].items() if key.startswith(PREFIX)}
        for number in frames
    ]
    block.add_new(ATTRIBUTES, "UT", json.dumps(attributes))


def marks_of(dataset: pydicom.Dataset, file: pydicom.Dataset, count: int = 1) -> list[Mark]:
    """Return what a header says of its frames.

    Args:
        dataset: the header of a file, or the item of a frame.
        file: the header of the file.
        count: number of frames that it speaks of.
    """
    said = text(file, "SyntheticData").upper()
    bare = Mark(said in ("YES", "NO"), {SYNTHETIC_KEY: "true"} if said == "YES" else {})
    try:
        block = dataset.private_block(GROUP, CREATOR)
        times = [float(value) for value in _many(block[TIMES].value)]
        attributes = [_texts(one) for one in load_json(str(block[ATTRIBUTES].value))]
        name, unit = (str(block[number].value or "").strip() for number in (INDEX_NAME, UNIT))
        period = float(block[PERIOD].value) if PERIOD in block else None
    except (KeyError, ValueError, TypeError, AttributeError, UnreadableFileError):
        return [bare] * count
    numbers = [*times, 1.0 if period is None else period]
    if not len(times) == len(attributes) == count or not all(map(math.isfinite, numbers)):
        return [bare] * count
    return [Mark(True, own, time, name, unit, period) for time, own in zip(times, attributes, strict=True)]


def _many(value: Any) -> abc.Iterable[Any]:
    return [value] if isinstance(value, str | float | int) else value


def _texts(attributes: Any) -> dict[str, str]:
    """Return attributes of ours; raises where they are none."""
    return {key: value for key, value in dict(attributes).items() if key.startswith(PREFIX) and value.isprintable()}
