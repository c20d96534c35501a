"""Derived series as one enhanced multi-frame file, where the source is one or several."""

from __future__ import annotations

from collections import abc
from copy import deepcopy
from pathlib import Path

import numpy as np
import pydicom
from pydicom.valuerep import DSfloat

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress
from temporal_interp.io.dicom.entries import items, number, texts
from temporal_interp.io.dicom.headers import SliceImage
from temporal_interp.io.dicom.marks import write_marks
from temporal_interp.io.dicom.writing.classic import storage_of, stored_image
from temporal_interp.io.dicom.writing.entry_times import entry_at
from temporal_interp.io.dicom.writing.frame_groups import (
    derived_type,
    frame_types,
    group,
    put_dimensions,
    put_origin,
    put_place,
    put_summary,
)
from temporal_interp.io.dicom.writing.header import DerivedSeries, read_source_header, save, without_acquisition
from temporal_interp.io.dicom.writing.identity import Identity
from temporal_interp.io.dicom.writing.keywords import OF_PULSE_SEQUENCE
from temporal_interp.io.dicom.writing.origins import Origin
from temporal_interp.io.dicom.writing.source import DicomSource
from temporal_interp.io.dicom.writing.stored import Stored, put_pixels

_IN_GROUP = {
    "NominalCardiacTriggerDelayTime": "CardiacSynchronizationSequence",
    "NominalPercentageOfCardiacPhase": "CardiacSynchronizationSequence",
    "NominalPercentageOfRespiratoryPhase": "RespiratorySynchronizationSequence",
    "TemporalPositionTimeOffset": "TemporalPositionSequence",
}
"""Functional groups of the entries that enhanced files have."""

_OF_SOURCE = ("DerivationImageSequence", "ReferencedImageSequence")
"""Groups that hold for the frames of the source alone."""


def write_enhanced(
    sequence: Sequence,
    plan: list[Origin],
    source: DicomSource,
    identity: Identity,
    series: DerivedSeries,
    folder: Path,
    progress: Progress,
) -> float:
    """Write the file of a sequence, frame by frame and each from slice to slice; see `write_classic`."""
    headers = {path: read_source_header(path, identity) for path in source.instances}
    header = headers[source.slices[0][0].path]
    shared, own = _groups(headers)
    frames: list[pydicom.Dataset] = []
    pixels: list[Stored] = []
    kept = True
    for position, origin in enumerate(plan):
        for k, images in enumerate(source.slices):
            progress(len(frames) / (len(plan) * len(source.slices)), f"frame {len(frames) + 1}")
            image = images[origin.phases[0]]
            frame = deepcopy(own[image.path][image.frame])
            put_place(frame, position, k)
            _put_times(frame, header, sequence, origin, images, source)
            used = [images[phase] for phase in origin.phases]
            put_origin(frame, origin, [_reference(one, source, identity) for one in used])
            write_marks(frame, sequence, [origin.number])
            frames.append(frame)
            pixels.append(stored_image(sequence.volumes[origin.number].array[k], image, used))
            kept &= (pixels[-1].slope, pixels[-1].intercept) == (image.slope, image.intercept)
    if not kept:
        _put_rescaling(shared, frames, pixels)
    series.unify(header)
    _finish(header, shared, frames, plan, source, identity)
    bits = max(one.bits for one in pixels)
    put_pixels(header, np.stack([one.values for one in pixels]), storage_of(source.slices[0][0]), bits)
    save(header, folder / "SYN00001.dcm")
    return max(one.error for one in pixels)


def _groups(
    headers: dict[Path, pydicom.Dataset],
) -> tuple[pydicom.Dataset, dict[Path, list[pydicom.Dataset]]]:
    """Return the functional groups that all frames of all files share, and those of every frame, file by file."""
    of_files = {
        path: (items(header, "SharedFunctionalGroupsSequence") or [pydicom.Dataset()])[0]
        for path, header in headers.items()
    }
    first, *others = of_files.values()
    shared = pydicom.Dataset()
    for element in first:
        if all(element.tag in other and other[element.tag] == element for other in others):
            shared.add(element)
    own = {}
    for path, header in headers.items():
        frames = items(header, "PerFrameFunctionalGroupsSequence")
        for frame in frames:
            for element in of_files[path]:
                if element.tag not in shared and element.tag not in frame:
                    frame.add(element)
            for keyword in _OF_SOURCE:
                frame.pop(keyword, None)
        own[path] = frames
    for keyword in _OF_SOURCE:
        shared.pop(keyword, None)
    for kind in frame_types(shared):
        kind.FrameType = derived_type(texts(kind, "FrameType"))
    return shared, own


def _put_times(
    frame: pydicom.Dataset,
    header: pydicom.Dataset,
    sequence: Sequence,
    origin: Origin,
    images: abc.Sequence[SliceImage],
    source: DicomSource,
) -> None:
    """Say when in the cycle a frame is; where the source has no entry for that, in one that claims no acquisition."""
    time = sequence.times[origin.number]
    for keyword, sequence_keyword in _IN_GROUP.items():
        value = entry_at(keyword, images, source, time)
        if value is not None and items(frame, sequence_keyword):
            setattr(items(frame, sequence_keyword)[0], keyword, value)
    if sequence.unit != "ms":
        return
    for cardiac in items(frame, "CardiacSynchronizationSequence"):
        if number(cardiac, "NominalCardiacTriggerDelayTime") is None:
            cardiac.NominalCardiacTriggerDelayTime = time
        return
    if not items(frame, "TemporalPositionSequence"):
        group(frame, "TemporalPositionSequence").TemporalPositionTimeOffset = (time - sequence.times[0]) / 1000


def _reference(image: SliceImage, source: DicomSource, identity: Identity) -> tuple[str, str, int]:
    kind, uid = source.instances[image.path]
    return kind, identity.uid(uid), image.frame + 1


def _put_rescaling(shared: pydicom.Dataset, frames: list[pydicom.Dataset], pixels: list[Stored]) -> None:
    """Give every frame a rescaling of its own."""
    of_all = shared.get("PixelValueTransformationSequence")
    shared.pop("PixelValueTransformationSequence", None)
    for frame, stored in zip(frames, pixels, strict=True):
        if of_all is not None:
            frame.PixelValueTransformationSequence = deepcopy(list(of_all))
        item = group(frame, "PixelValueTransformationSequence")
        item.RescaleSlope = DSfloat(stored.slope, auto_format=True)
        item.RescaleIntercept = DSfloat(stored.intercept, auto_format=True)
        item.RescaleType = item.get("RescaleType") or "US"


def _finish(
    header: pydicom.Dataset,
    shared: pydicom.Dataset,
    frames: list[pydicom.Dataset],
    plan: list[Origin],
    source: DicomSource,
    identity: Identity,
) -> None:
    """Put the frames into the header of a file, and what is said of the file as a whole."""
    kinds = [texts(kind, "FrameType") for kind in (*frame_types(shared), *frame_types(frames[0]))]
    header.ImageType = derived_type(texts(header, "ImageType") or next(iter(kinds), ()))
    header.InstanceNumber, header.NumberOfFrames = 1, len(frames)
    header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence = [shared], frames
    for keyword in OF_PULSE_SEQUENCE:
        header.pop(keyword, None)
    put_dimensions(header)
    put_summary(header, plan, len(source.slices))
    if all(origin.is_synthetic for origin in plan):
        without_acquisition(header)
    header.SourceImageEvidenceSequence = [_evidence(header, source, identity)]


def _evidence(header: pydicom.Dataset, source: DicomSource, identity: Identity) -> pydicom.Dataset:
    """Return the item that names all files of the source, by study and series."""
    study = pydicom.Dataset()
    study.StudyInstanceUID = header.get("StudyInstanceUID", "")
    of_series: dict[str, dict[Path, None]] = {}
    for image in source.images:
        of_series.setdefault(image.series.uid, {})[image.path] = None
    study.ReferencedSeriesSequence = []
    for uid, paths in of_series.items():
        series = pydicom.Dataset()
        series.SeriesInstanceUID = identity.uid(uid)
        series.ReferencedSOPSequence = []
        for path in paths:
            instance = pydicom.Dataset()
            instance.ReferencedSOPClassUID, own = source.instances[path]
            instance.ReferencedSOPInstanceUID = identity.uid(own)
            series.ReferencedSOPSequence.append(instance)
        study.ReferencedSeriesSequence.append(series)
    return study
