"""Which acquired frames every frame of a sequence comes from, and how that is said in a header."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass

import pydicom
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

import temporal_interp
from temporal_interp.data.provenance import FIRST_KEY, LAST_KEY, MODEL_KEY, PREFIX, is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.writing.source import DicomSource

PROGRAM = "TemporalInterp"
SCHEME = "99TEMPORALINTERP"
SYNTHESIS = Code("SYNTHESIS", SCHEME, "Synthesis between acquired frames")
COPY = Code("COPY", SCHEME, "Copy of an acquired frame")
"""Kinds of derivation; the standard's list has none of interpolation in time."""


@dataclass(frozen=True)
class Origin:
    """Where a frame of a sequence comes from.

    Attributes:
        number: of the frame.
        is_synthetic: whether it is synthetic; else it is a copy.
        phases: numbers of the phases of the source that it was made from, the nearest first; of a copy, itself.
        words: how it came about.
    """

    number: int
    is_synthetic: bool
    phases: tuple[int, ...]
    words: str

    @property
    def code(self) -> Code:
        """The kind of derivation."""
        return SYNTHESIS if self.is_synthetic else COPY


def origins(sequence: Sequence, source: DicomSource | None) -> list[Origin]:
    """Return where the frames of a sequence come from.

    Args:
        sequence: the frames.
        source: the images that the acquired ones were read from; None where there are none with a header.

    Raises:
        InvalidInputError: an acquired frame is not in the source.
    """
    return [
        _synthetic(sequence, number, source)
        if is_synthetic(sequence.item_attributes[number])
        else _copy(sequence, number, source)
        for number in range(len(sequence))
    ]


def _copy(sequence: Sequence, number: int, source: DicomSource | None) -> Origin:
    if source is None:
        return Origin(number, False, (), f"Copy of an acquired frame, {sequence.time_in_words(number)}.")
    phase = source.phase_at(sequence.times[number])
    if phase is None:
        raise InvalidInputError(
            f"frame {number} at {sequence.time_in_words(number)} is not marked as synthetic, but its DICOM source has "
            "no such phase."
        )
    return Origin(number, False, (phase,), "Copy of an acquired image with the same pixels, beside synthetic images.")


def _synthetic(sequence: Sequence, number: int, source: DicomSource | None) -> Origin:
    attributes = sequence.item_attributes[number]
    around = [float(attributes[key]) for key in (FIRST_KEY, LAST_KEY) if key in attributes]
    rests_on = [float(value) for value in attributes.get(PREFIX + "IndexValues", "").split()] or around
    time = sequence.times[number]
    engine, model = attributes.get(PREFIX + "Engine", "unknown"), attributes.get(MODEL_KEY, "")
    by = f"engine {engine}" + (f", model {model}" if model else "")
    frames = ", ".join(sequence.with_unit(value) for value in rests_on) or "frames that are not known"
    version = attributes.get(PREFIX + "ProgramVersion", temporal_interp.__version__)
    words = (
        f"SYNTHETIC, not acquired: computed for {sequence.with_unit(time)} by {PROGRAM} {version} ({by}) from the "
        f"acquired frames at {frames}. For research, not for diagnosis."
    )
    return Origin(number, True, () if source is None else _phases(rests_on, around, time, source), words)


def _phases(
    rests_on: abc.Sequence[float], around: abc.Sequence[float], time: float, source: DicomSource
) -> tuple[int, ...]:
    known = [phase for phase in map(source.phase_at, rests_on) if phase is not None]
    if not known:
        return (source.nearest(time),)
    # the nearest first: its header is taken over; near the end of a loop, that may be the first phase
    beside = [phase for phase in map(source.phase_at, around) if phase is not None] or known
    nearest = min(beside, key=lambda phase: abs(source.times[phase] - time))
    return (nearest, *dict.fromkeys(phase for phase in known if phase != nearest))


def coded(code: Code) -> pydicom.Dataset:
    """Return the item of a sequence of codes."""
    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def put_sources(dataset: pydicom.Dataset, images: abc.Sequence[tuple[str, str, int | None]]) -> None:
    """Name in a header, or in an item, the images that something was made from.

    Args:
        dataset: where to.
        images: SOP class, SOP instance and, in a multi-frame file, number of the frame from 1. Those of old files that
            have no such names are left out.
    """
    purpose = codes.DCM.SourceImageForImageProcessingOperation
    frames: dict[tuple[str, str], list[int]] = {}
    for sop_class, instance, frame in images:
        if sop_class and instance:
            frames.setdefault((sop_class, instance), []).extend([] if frame is None else [frame])
    found = []
    for (sop_class, instance), numbers in frames.items():
        item = pydicom.Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        if numbers:
            item.ReferencedFrameNumber = numbers
        item.PurposeOfReferenceCodeSequence = [coded(purpose)]
        found.append(item)
    if found:
        dataset.SourceImageSequence = found
