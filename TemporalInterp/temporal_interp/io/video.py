"""Videos, such as echo clips that were exported without DICOM: one slice over time, read with PyAV."""

from __future__ import annotations

import itertools
from collections import abc
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import SYNTHETIC_KEY
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, MissingPackageError, UnreadableFileError
from temporal_interp.io.files import first_bytes
from temporal_interp.io.film_note import synthetic_by_note
from temporal_interp.io.format_registry import Format
from temporal_interp.io.luminance import luminance
from temporal_interp.io.notes import COLOUR_NOTE, PIXEL_SIZE_NOTE

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_BYTES = 2 * 1024**3
"""Longer videos are refused (our choice): processing a sequence takes several times its memory."""

ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
"""How a .wmv begins."""

CHANGED_NOTE = (
    "This is a film with synthetic frames that was cut or converted since, so that which they are is not known; all "
    "count as synthetic."
)

PICTURES, TEXT = ("_pipe", "image2"), ("tty",)
"""What FFmpeg calls single pictures, and text, which it shows as one."""


def is_video(path: Path) -> bool:
    """Tell by its content whether PyAV opens a file as a video; without PyAV, whether it begins as common videos do."""
    start = first_bytes(path, 12)
    is_avi = start[:4] == b"RIFF" and start[8:] == b"AVI "
    if is_avi or start[4:8] == b"ftyp" or start.startswith((b"\x1aE\xdf\xa3", b"GIF87a", b"GIF89a", ASF)):
        return True
    return bool(start) and _opens(path)


def _opens(path: Path) -> bool:
    try:
        import av
    except ImportError:
        return False
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            pictures = container.format.name.endswith(PICTURES) or container.format.name in TEXT
            return bool(container.streams.video) and not pictures
    except (av.FFmpegError, OSError, ValueError):
        return False


def read_video(path: Path) -> Sequence:
    """Return the frames of a video, each a volume of one slice of uint8; colour becomes luminance.

    The index is the time at which the file shows each frame, in ms from the first. Pixels are taken to be 1 mm high;
    their width follows from the aspect ratio in the file.

    Raises:
        MissingPackageError: PyAV is not installed.
        UnreadableFileError: the file is damaged, or holds no video.
        InvalidInputError: the video is too long, or its frames differ in size.
    """
    av = _av()
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            stream = _stream(container)
            sequence = _sequence(stream, _decoded(container, stream))
            return _marked(sequence, container.metadata.get("comment", ""))
    except av.FFmpegError as error:
        raise UnreadableFileError(f"this is not a video, or it is cut short or damaged ({error.strerror}).") from error


def _av() -> ModuleType:
    try:
        import av  # takes a while, and is not needed by those who have no videos
    except ImportError as error:
        raise MissingPackageError(
            "videos are read with PyAV, which is not installed; install it with: pip install 'temporal-interp[video]'",
            "av",
        ) from error
    return av


def _stream(container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise UnreadableFileError("the file holds no video, only other things such as sound.")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise UnreadableFileError("its pictures are coded in a way that is not known here; convert it to H.264 first.")
    return stream


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield the frames.

    Raises:
        InvalidInputError: one is damaged, or has another size than the first, or there are too many to hold.
    """
    size: tuple[int, int] | None = None
    for number, frame in enumerate(container.decode(stream)):
        size = size or (frame.height, frame.width)
        if frame.is_corrupt:
            raise UnreadableFileError(f"frame {number} is damaged; get the file again.")
        if (frame.height, frame.width) != size:
            raise InvalidInputError(f"frame {number} has another size than the first; cut the video in two there.")
        count = max(number + 1, stream.frames)
        if count * size[0] * size[1] > MAX_BYTES:
            raise InvalidInputError(
                f"the video is too long: its frames take more than {MAX_BYTES / 1024**3:g} GB of memory. Cut it to "
                f"one or a few heart beats or breaths, or make its picture smaller."
            )
        yield frame


def _sequence(stream: VideoStream, frames: Iterator[VideoFrame]) -> Sequence:
    pictures: list[np.ndarray] = []
    times: list[Fraction | None] = []
    turned = 0
    for frame in frames:
        pictures.append(luminance(frame.to_ndarray(format="rgb24"))[None])
        times.append(None if frame.pts is None or frame.time_base is None else 1000 * frame.pts * frame.time_base)
        turned = frame.rotation
    if not pictures:
        raise UnreadableFileError("the video has no frames, or they are damaged; get the file again.")
    values, name, unit, notes = _index(times, stream.average_rate)
    aspect = float(stream.sample_aspect_ratio or 1)
    geometry = Geometry(pictures[0].shape, (aspect, 1.0, 1.0))
    notes.append(PIXEL_SIZE_NOTE)
    if aspect != 1:
        notes.append(f"According to the file, pixels are {aspect:g} times as wide as high.")
    if not stream.format.name.startswith("gray"):
        notes.append(COLOUR_NOTE)
    if turned:
        notes.append(f"The file asks for its picture to be turned by {turned} degrees; that was not done.")
    if len(pictures) < stream.frames:
        notes.append(f"The file announces {stream.frames} frames, but only {len(pictures)} are there.")
    return Sequence([Volume(picture, geometry) for picture in pictures], values, name, unit, notes=notes)


def _marked(sequence: Sequence, comment: str) -> Sequence:
    """Return a film of ours with its synthetic frames marked; if it was changed since, all of them, with a note."""
    try:
        synthetic = synthetic_by_note(comment, len(sequence))
    except ValueError:
        synthetic = [True] * len(sequence)
        sequence = replace(sequence, notes=[*sequence.notes, CHANGED_NOTE])
    if synthetic is None:
        return sequence
    return replace(sequence, item_attributes=[{SYNTHETIC_KEY: "true"} if made else {} for made in synthetic])


def _index(times: abc.Sequence[Fraction | None], rate: Fraction | None) -> tuple[list[float], str, str, list[str]]:
    """Return the index values of the frames, their name and unit, and notes.

    Args:
        times: when each frame is shown, in ms.
        rate: frames per second on average, None where the file does not say.
    """
    known = [time for time in times if time is not None]
    if len(known) == len(times) and all(earlier < later for earlier, later in itertools.pairwise(known)):
        return [round(float(time - known[0]), 6) for time in known], "time", "ms", []
    if rate:
        note = f"The file does not say when each frame is shown; its average of {float(rate):g} a second was taken."
        return [round(float(number * 1000 / rate), 6) for number in range(len(times))], "time", "ms", [note]
    note = "The file does not say how far apart in time its frames are; they are numbered."
    return list(map(float, range(len(times)))), "frame", "", [note]


FORMAT = Format(
    name="video",
    label="a video",
    extensions=(".mp4", ".m4v", ".avi", ".mov", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg", ".gif"),
    sniff=is_video,
    read=read_video,
    asked_last=True,
)
