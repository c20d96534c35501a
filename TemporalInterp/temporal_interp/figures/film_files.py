"""Writes pictures as an animated GIF, or as an H.264 film in an MP4 file, each shown for its own time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from temporal_interp.errors import MissingPackageError
from temporal_interp.figures.canvas import OUTSIDE, SYNTHETIC
from temporal_interp.figures.film import palette
from temporal_interp.io.atomic import atomic_file

GREYS = 128
"""Greys of a GIF: with 64 the shades of a muscle show steps, with twice as many the file grows by a third."""

TITLE = "Film with SYNTHETIC frames"
CODEC = "libx264"
_QUALITY = "17"
"""Of x264, a constant rate factor: no loss that can be seen."""
_TICK = Fraction(1, 90_000)


def as_gif_picture(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB with the colours that a GIF has."""
    return picture.quantize(palette=palette((SYNTHETIC, OUTSIDE), GREYS), dither=Image.Dither.NONE)


def save_mp4(pictures: Iterator[Image.Image], durations: Sequence[float], note: str, path: Path) -> None:
    """Write an MP4 file, whole or not at all; see `film.save_gif`. Durations may be of any length.

    Raises:
        MissingPackageError: PyAV is not installed, or cannot write H.264.
    """
    av = writer_of_mp4()
    ends = [round(Fraction(end) / 1000 / _TICK) for end in itertools.accumulate(durations)]
    starts = [0, *ends[:-1]]
    with atomic_file(path, overwrite=True) as unfinished, av.open(str(unfinished), "w", format="mp4") as film:
        film.metadata.update({"title": TITLE, "comment": note})
        stream = None
        for number, picture in enumerate(pictures):
            array = _even(np.asarray(picture))
            if stream is None:
                # no B-frames: packets then come in the order of the frames, so that each keeps its duration
                stream = film.add_stream(CODEC, options={"crf": _QUALITY, "bf": "0"})
                stream.height, stream.width = array.shape[:2]
                stream.pix_fmt = "yuv420p"  # what browsers and slides play
                stream.time_base = stream.codec_context.time_base = _TICK
            frame = av.VideoFrame.from_ndarray(array, format="rgb24")
            frame.pts, frame.time_base = starts[number], _TICK
            _mux(film, stream.encode(frame), starts, ends)
        if stream is not None:
            _mux(film, stream.encode(None), starts, ends)


def _mux(film: object, packets: list, starts: list[int], ends: list[int]) -> None:
    for packet in packets:
        packet.duration = ends[starts.index(packet.pts)] - packet.pts
        film.mux(packet)  # type: ignore[attr-defined] # PyAV is imported only where it is needed


def writer_of_mp4() -> ModuleType:
    """Return PyAV.

    Raises:
        MissingPackageError: it is not installed, or cannot write H.264.
    """
    try:
        import av
    except ImportError as error:
        raise MissingPackageError(
            "MP4 films are written with PyAV, which is not installed; install it with: "
            "pip install 'temporal-interp[video]', or write a .gif.",
            "av",
        ) from error
    if CODEC not in av.codecs_available:
        raise MissingPackageError(
            "This PyAV was built without x264, which MP4 films are written with; install that of PyPI, or write a .gif."
        )
    return av


def _even(array: np.ndarray) -> np.ndarray:
    """Return a picture of an even number of rows and columns, as H.264 has it; what is added is black."""
    return np.pad(array, ((0, array.shape[0] % 2), (0, array.shape[1] % 2), (0, 0)))
