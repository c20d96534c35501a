"""Videos, such as echo clips that were exported without DICOM: one slice over time, read with PyAV."""

from __future__ import annotations

import itertools
from collections import abc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.luminance import COLOUR_NOTE, luminance
from temporal_interp.io.paths import PIXEL_SIZE_NOTE, VIDEO_ENDINGS, require_there

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

MOST_BYTES = 2 * 1024**3
"""Longer videos are refused (our choice): what is done with a sequence takes several times its memory."""


def is_video(path: Path) -> bool:
    """Tell by its name whether a file is a video."""
    return path.name.lower().endswith(VIDEO_ENDINGS)


def read_video(path: Path) -> Sequence:
    """Return the frames of a video, each a volume of one slice of uint8; colour becomes luminance.

    The index is time in ms from the first frame on, as the file says when frames are shown. Pixels are taken to be
    1 mm high, and as much wider as the file says.

    Raises:
        InvalidInputError: PyAV is not installed, or the file is damaged, holds no video, or is too long.
    """
    require_there(path)
    av = _av()
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            stream = _stream(container)
            return _sequence(stream, _decoded(container, stream))
    except av.FFmpegError as error:
        raise InvalidInputError(f"this is not a video, or it is cut short or damaged ({error.strerror}).") from error


def _av() -> ModuleType:
    try:
        import av  # takes a while, and is not needed by those who have no videos
    except ImportError as error:
        raise InvalidInputError(
            "videos are read with PyAV, which is not installed; install it with: pip install av"
        ) from error
    return av


def _stream(container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise InvalidInputError("the file holds no video, only other things such as sound.")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise InvalidInputError("its pictures are coded in a way that is not known here; convert it to H.264 first.")
    return stream


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield the frames.

    Raises:
        InvalidInputError: one is damaged, or has another size than the first, or there are too many to hold.
    """
    size = None
    for number, frame in enumerate(container.decode(stream)):
        size = size or (frame.height, frame.width)
        if frame.is_corrupt:
            raise InvalidInputError(f"frame {number} is damaged; get the file again.")
        if (frame.height, frame.width) != size:
            raise InvalidInputError(f"frame {number} has another size than the first; cut the video in two there.")
        count = max(number + 1, stream.frames)
        if count * size[0] * size[1] > MOST_BYTES:
            raise InvalidInputError(
                f"the video is too long: its frames take more than {MOST_BYTES / 1024**3:g} GB of memory. Cut it to "
                f"one or a few heart beats or breaths, or make its picture smaller."
            )
        yield frame


def _sequence(stream: VideoStream, frames: Iterator[VideoFrame]) -> Sequence:
    pictures, times, turned = [], [], 0
    for frame in frames:
        pictures.append(luminance(frame.to_ndarray(format="rgb24"))[None])
        times.append(None if frame.pts is None else 1000 * frame.pts * frame.time_base)
        turned = frame.rotation
    if not pictures:
        raise InvalidInputError("the video has no frames, or they are damaged; get the file again.")
    values, name, unit, notes = _index(times, stream.average_rate)
    aspect = float(stream.sample_aspect_ratio or 1)
    geometry = Geometry(pictures[0].shape, (aspect, 1.0, 1.0))
    notes.append(PIXEL_SIZE_NOTE)
    if aspect != 1:
        notes.append(f"By what the file says, pixels are {aspect:g} times as wide as high.")
    if not stream.format.name.startswith("gray"):
        notes.append(COLOUR_NOTE)
    if turned:
        notes.append(f"The file asks for its picture to be turned by {turned} degrees; that was not done.")
    if len(pictures) < stream.frames:
        notes.append(f"The file announces {stream.frames} frames, but only {len(pictures)} are there.")
    return Sequence([Volume(picture, geometry) for picture in pictures], values, name, unit, notes=notes)


def _index(times: abc.Sequence[Fraction | None], rate: Fraction | None) -> tuple[list[float], str, str, list[str]]:
    """Return the index values of the frames, their name and unit, and notes.

    Args:
        times: when each frame is shown, in ms.
        rate: frames per second on average, None where the file does not say.
    """
    if None not in times and all(earlier < later for earlier, later in itertools.pairwise(times)):
        return [round(float(time - times[0]), 6) for time in times], "time", "ms", []
    if rate:
        note = f"The file does not say when each frame is shown; its average of {float(rate):g} a second was taken."
        return [round(float(number * 1000 / rate), 6) for number in range(len(times))], "time", "ms", [note]
    note = "The file does not say how far apart in time its frames are; they are numbered."
    return list(map(float, range(len(times)))), "frame", "", [note]
