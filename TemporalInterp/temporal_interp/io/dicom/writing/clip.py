"""Derived clips: one multi-frame file without places in the patient, such as of ultrasound, from another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom.valuerep import DSfloat

from temporal_interp.data.sequence import Sequence
from temporal_interp.io.dicom.entries import integer, text
from temporal_interp.io.dicom.marks import write_marks
from temporal_interp.io.dicom.writing.frame_groups import put_summary
from temporal_interp.io.dicom.writing.header import (
    LONGEST_TEXT,
    DerivedSeries,
    mark_derived,
    read_source_header,
    save,
    without_acquisition,
)
from temporal_interp.io.dicom.writing.identity import Identity
from temporal_interp.io.dicom.writing.keywords import OF_COLOUR, OF_FRAMES
from temporal_interp.io.dicom.writing.origins import SYNTHESIS, Origin, coded, put_sources
from temporal_interp.io.dicom.writing.source import DicomSource
from temporal_interp.io.dicom.writing.stored import Storage, put_pixels

SAME_STEP = 1e-3
"""Steps in ms that differ by less are the same."""

FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065


def write_clip(
    sequence: Sequence,
    plan: list[Origin],
    source: DicomSource,
    identity: Identity,
    series: DerivedSeries,
    folder: Path,
) -> float:
    """Write the file of a sequence of one slice; frames that were in colour are grey, as they were read.

    Args:
        sequence: the frames.
        plan: where those to be written come from.
        source: a clip.
        identity: what is done to its header.
        series: what the file has in common with others.
        folder: where to; it exists.

    Returns:
        0: the voxels are those that are stored.
    """
    assert source.clip is not None
    path = source.clip.path
    header = read_source_header(path, identity)
    series.unify(header)
    made = [origin for origin in plan if origin.is_synthetic]
    mark_derived(header, is_synthetic=bool(made), words=(made or plan)[0].words)
    put_summary(header, plan, 1)
    if made:
        header.DerivationDescription = f"{header.ImageComments} The first: {made[0].words}"[:LONGEST_TEXT]
    header.DerivationCodeSequence = [coded(SYNTHESIS if made else plan[0].code)]
    kind, uid = source.instances[path]
    put_sources(header, [(kind, identity.uid(uid), None)])
    if len(made) == len(plan):
        without_acquisition(header)
    header.InstanceNumber, header.NumberOfFrames = 1, len(plan)
    for keyword in OF_FRAMES:
        header.pop(keyword, None)
    put_frame_times(header, [sequence.times[origin.number] for origin in plan], sequence.unit)
    write_marks(header, sequence, [origin.number for origin in plan])
    frames = np.stack([sequence.volumes[origin.number].array[0] for origin in plan])
    _put_grey(header, frames)
    save(header, folder / "SYN00001.dcm")
    return 0.0


def put_frame_times(header: pydicom.Dataset, times: list[float], unit: str) -> None:
    """Write the steps from frame to frame; nothing where times are no times."""
    steps = np.diff(times)
    if unit != "ms" or not steps.size:
        return
    step = float(np.median(steps))
    if np.ptp(steps) < SAME_STEP:
        header.FrameTime = DSfloat(float(np.mean(steps)), auto_format=True)
        header.FrameIncrementPointer = FRAME_TIME
    else:
        header.FrameTimeVector = [DSfloat(float(value), auto_format=True) for value in (0.0, *steps)]
        header.FrameIncrementPointer = FRAME_TIME_VECTOR
    header.CineRate = header.RecommendedDisplayFrameRate = max(1, round(1000 / step))


def _put_grey(header: pydicom.Dataset, frames: np.ndarray) -> None:
    was_grey = text(header, "PhotometricInterpretation") in ("MONOCHROME1", "MONOCHROME2")
    for keyword in () if was_grey else OF_COLOUR:
        header.pop(keyword, None)
    if not was_grey:
        header.PhotometricInterpretation = "MONOCHROME2"
        if "UltrasoundColorDataPresent" in header:
            header.UltrasoundColorDataPresent = 0
    allocated = 8 * frames.dtype.itemsize
    bits = min(integer(header, "BitsStored") or allocated, allocated) if was_grey else allocated
    storage = Storage(allocated, bits, frames.dtype.kind == "i")
    if frames.max() > storage.limits(bits)[1]:
        bits = allocated
    put_pixels(header, frames, storage, bits)
