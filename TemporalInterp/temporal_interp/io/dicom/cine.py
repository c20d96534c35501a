"""DICOM cines: a multi-frame file, or a folder with one file per image as scanners export it."""

from __future__ import annotations

from collections import abc
from dataclasses import replace
from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.dicom.clip import Clip
from temporal_interp.io.dicom.headers import SliceImage, dicom_files, is_multiframe, read_header, slice_images
from temporal_interp.io.dicom.stack import Stack, stacks
from temporal_interp.io.format_registry import readable


def read_dicom(path: Path) -> Sequence:
    """Return the one cine in a DICOM file, or in a folder with all its subfolders.

    A stack of slices may be one series, one series per slice, one series per phase, or an enhanced multi-frame file.
    Files that are not DICOM or hold no image are skipped, and so are images without motion (localisers) beside a cine.

    Raises:
        UnreadableFileError: there is no image, or a file is damaged.
        InvalidInputError: there is more than one cine, or images do not fit together.
    """
    images: list[SliceImage] = []
    clips: list[Clip] = []
    placeless = 0
    for file in dicom_files(path):
        header = read_header(file)
        if header is None:
            continue
        found = slice_images(header, file)
        if found:
            images += found
        elif is_multiframe(header):
            clips.append(Clip(file, header))
        else:
            placeless += 1
    if path.is_file() and len(images) == 1:
        raise InvalidInputError("this file holds a single image; choose the folder with all files of the cine.")
    chosen, notes = _choose([*stacks(images), *clips], placeless)
    sequence = chosen.sequence()
    return replace(sequence, notes=[*sequence.notes, *notes])


def _choose(candidates: abc.Sequence[Stack | Clip], placeless: int) -> tuple[Stack | Clip, list[str]]:
    """Return the one candidate that moves, or the only one, and notes on what was left out."""
    moving = [candidate for candidate in candidates if candidate.phases > 1] or list(candidates)
    if not moving:
        also = f"; {placeless} images do not say where in the patient they lie" if placeless else ""
        raise UnreadableFileError(
            f"there is no DICOM image that could be part of a cine here{also}. What can be read: {readable()}."
        )
    if len(moving) > 1:
        listed = "".join(f"\n- {candidate}" for candidate in moving)
        raise InvalidInputError(f"there is more than one cine here. Point at the folder or file of one:{listed}")
    others = [candidate for candidate in candidates if candidate is not moving[0]]
    _require_whole_series(moving[0], others)
    notes = [f"Left out: {other}." for other in others]
    if placeless:
        notes.append(f"Left out: {placeless} images that do not say where in the patient they lie.")
    return moving[0], notes


def _require_whole_series(chosen: Stack | Clip, others: abc.Sequence[Stack | Clip]) -> None:
    """Raise InvalidInputError if a series of the cine has images of another size, pixel spacing or orientation."""
    if not isinstance(chosen, Stack):
        return
    series = {image.series.uid for image in chosen.images}
    for other in others:
        if isinstance(other, Stack):
            mixed = next((image for image in other.images if image.series.uid in series), None)
            if mixed is not None:
                raise InvalidInputError(
                    f"the images of {mixed.series} differ in size, pixel spacing or orientation; remove those that "
                    f"do not belong to the cine."
                )
