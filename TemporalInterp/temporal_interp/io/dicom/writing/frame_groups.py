"""Functional groups of frames of multi-frame files: their place in the stack and in time, and how they came about."""

from __future__ import annotations

from collections import abc

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.tag import BaseTag, Tag
from pydicom.uid import generate_uid

from temporal_interp.io.dicom.entries import items, texts
from temporal_interp.io.dicom.writing.header import LONGEST_TEXT, without_acquisition
from temporal_interp.io.dicom.writing.origins import Origin, coded, put_sources

STACK = "1"
DIMENSIONS = ("StackID", "InStackPositionNumber", "TemporalPositionIndex")
"""Entries by which frames are told apart, all of FrameContentSequence."""


def group(frame: pydicom.Dataset, keyword: str) -> pydicom.Dataset:
    """Return the item of a functional group of a frame; it is made where the frame has none."""
    if not items(frame, keyword):
        setattr(frame, keyword, [pydicom.Dataset()])
    return items(frame, keyword)[0]


def put_place(frame: pydicom.Dataset, position: int, slice_number: int) -> None:
    """Number a frame in time and in the stack, both from 0."""
    content = group(frame, "FrameContentSequence")
    content.StackID, content.InStackPositionNumber = STACK, slice_number + 1
    content.TemporalPositionIndex = position + 1
    content.DimensionIndexValues = [1, slice_number + 1, position + 1]


def put_origin(frame: pydicom.Dataset, origin: Origin, images: abc.Sequence[tuple[str, str, int | None]] = ()) -> None:
    """Say how a frame came about, and from which images, as in `put_sources`."""
    derivation = pydicom.Dataset()
    derivation.DerivationDescription = origin.words[:LONGEST_TEXT]
    derivation.DerivationCodeSequence = [coded(origin.code)]
    put_sources(derivation, images)
    frame.DerivationImageSequence = [derivation]
    for kind in frame_types(frame):
        kind.FrameType = derived_type(texts(kind, "FrameType"))
    if origin.is_synthetic:
        group(frame, "FrameContentSequence").FrameComments = origin.words
        for element in list(frame):
            for item in element.value if element.VR == "SQ" else ():
                without_acquisition(item)


def frame_types(groups: pydicom.Dataset) -> list[pydicom.Dataset]:
    """Return the items that hold the kind of a frame."""
    return [item for element in groups if element.keyword.endswith("FrameTypeSequence") for item in element.value]


def derived_type(values: abc.Sequence[str]) -> list[str]:
    """Return the kind of a derived frame, for that of its source.

    The second value of enhanced files is always PRIMARY; pixels that are resampled have a contrast of their own.

    Example:
        >>> derived_type(["ORIGINAL", "PRIMARY", "CARDIAC", "NONE"])
        ['DERIVED', 'PRIMARY', 'CARDIAC', 'RESAMPLED']
    """
    kept = list(values[2:])
    return ["DERIVED", "PRIMARY", *("RESAMPLED" if number == 1 and v == "NONE" else v for number, v in enumerate(kept))]


def put_dimensions(header: pydicom.Dataset) -> None:
    """Say by which entries the frames of a file are told apart."""
    organisation = pydicom.Dataset()
    organisation.DimensionOrganizationUID = generate_uid(None)
    header.DimensionOrganizationSequence = [organisation]
    header.pop("DimensionOrganizationType", None)
    indices = []
    for keyword in DIMENSIONS:
        item = pydicom.Dataset()
        item.DimensionOrganizationUID = organisation.DimensionOrganizationUID
        item.DimensionIndexPointer = _tag(keyword)
        item.FunctionalGroupPointer = _tag("FrameContentSequence")
        item.DimensionDescriptionLabel = keyword
        indices.append(item)
    header.DimensionIndexSequence = indices


def put_summary(header: pydicom.Dataset, plan: abc.Sequence[Origin], each: int) -> None:
    """Say of a file which of its frames are synthetic; there are `each` of every instant, one after the other."""
    made = [n for n, origin in enumerate(plan) if origin.is_synthetic]
    header.SyntheticData = "YES" if made else "NO"
    if not made:
        return
    frames = [f"{n * each + 1}" if each == 1 else f"{n * each + 1}-{(n + 1) * each}" for n in made]
    named = ", ".join(frames)
    of = f"frames {named} " if len(named) < MOST_NAMED else f"{len(made) * each} "
    header.ImageComments = f"SYNTHETIC, not acquired: {of}of {len(plan) * each}. For research, not for diagnosis."
    if "ContentQualification" in header:
        header.ContentQualification = "RESEARCH"


MOST_NAMED = 700
"""Characters of a list of frames."""


def _tag(keyword: str) -> BaseTag:
    tag = tag_for_keyword(keyword)
    assert tag is not None  # they are in the standard
    return Tag(tag)
