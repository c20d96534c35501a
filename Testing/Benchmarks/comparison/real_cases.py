"""Sets of real images: from a folder of test data, and any named sequence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from comparison.cases import BenchmarkCase, CaseSet
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import errors_naming
from temporal_interp.evaluation import hold_out
from temporal_interp.evaluation.hold_out import HoldOut
from temporal_interp.io import read_sequence


class Protocol(NamedTuple):
    """Which frames are held out: all between two, or all but every n-th."""

    first: int | None = None
    last: int | None = None
    every: int | None = None

    def of(self, sequence: Sequence) -> HoldOut:
        """Return what is held out of a sequence.

        Raises:
            InvalidInputError: the sequence has no such frames, or is too short.
        """
        if self.every is not None:
            return hold_out.every(sequence, self.every)
        return hold_out.between(sequence, self.first, self.last)


ED_TO_ES = Protocol(0, 8)
"""Of the real cines: phase 8 of 25 is end systole."""

SAX_FROM_ES, TWO_CHAMBER_FROM_ES = Protocol(8, 16), Protocol(9, 17)
"""From end systole on; the two-chamber cine has it a phase later."""

EVERY_SECOND, EVERY_FOURTH = Protocol(every=2), Protocol(every=4)

SAX, TWO_CHAMBER, ECHO = "cine-sax-dicom", "cine-2ch-dicom", "echo-3dt/img4d_11f.nii.gz"

KNOWN = (
    ("cine_sax_ed_es", "real short-axis cine MR, ED to ES", SAX, ED_TO_ES),
    ("cine_sax_es", "real short-axis cine MR, from ES on", SAX, SAX_FROM_ES),
    ("cine_sax_every_2", "real short-axis cine MR, every 2nd phase kept", SAX, EVERY_SECOND),
    ("cine_sax_every_4", "real short-axis cine MR, every 4th phase kept", SAX, EVERY_FOURTH),
    ("cine_2ch_ed_es", "real two-chamber cine MR, one slice, ED to ES", TWO_CHAMBER, ED_TO_ES),
    ("cine_2ch_es", "real two-chamber cine MR, one slice, from ES on", TWO_CHAMBER, TWO_CHAMBER_FROM_ES),
    ("cine_2ch_every_2", "real two-chamber cine MR, one slice, every 2nd phase kept", TWO_CHAMBER, EVERY_SECOND),
    ("cine_2ch_every_4", "real two-chamber cine MR, one slice, every 4th phase kept", TWO_CHAMBER, EVERY_FOURTH),
    ("echo_3dt_every_2", "real 3D echo, every 2nd frame kept", ECHO, EVERY_SECOND),
)


def real_sets(data: Path, *, quick: bool) -> list[CaseSet]:
    """Return the sets of the test data, even if missing; quick takes the first gap of each, which scores no engine."""
    return [
        CaseSet(name, title, partial(_read, data / place, protocol, first_gap_only=quick), scores=not quick)
        for name, title, place, protocol in KNOWN
    ]


def named_sets(paths: list[Path], protocol: Protocol) -> list[CaseSet]:
    """Return a set for every sequence named by its path."""
    sets: list[CaseSet] = []
    for path in paths:
        name = "_".join(path.absolute().name.split(".")[0].split()) or "sequence"
        count = sum(other.name.partition("-")[0] == name for other in sets)
        sets.append(CaseSet(f"{name}-{count + 1}" if count else name, str(path), partial(_read, path, protocol)))
    return sets


def _read(path: Path, protocol: Protocol, *, first_gap_only: bool = False) -> list[BenchmarkCase]:
    sequence = read_sequence(path).acquired()
    with errors_naming(path):
        held_out = protocol.of(sequence)
    if first_gap_only:
        held_out = replace(held_out, gaps=held_out.gaps[:1])
    return [BenchmarkCase(path.name, sequence, held_out)]
