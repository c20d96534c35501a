"""An animated GIF of a figure whose contents are exchanged from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image

from temporal_interp.figures.canvas import GREY, hide_ticks
from temporal_interp.figures.view import View
from temporal_interp.io.atomic import atomic_file

FILM_SECONDS = 4.0
"""How long a film lasts, about."""

MIN_FRAME_MS = 20
"""Browsers slow down a GIF whose frames are shorter than this."""

_DOTS_PER_INCH = 100


class Film:
    """Pictures of one figure, on black, in 64 greys and shades of a few colours.

    With 256 free colours the file would be three times as large.
    """

    def __init__(self, figure: Figure, colours: Sequence[str]) -> None:
        figure.set_dpi(_DOTS_PER_INCH)
        figure.set_facecolor("black")
        self._canvas = FigureCanvasAgg(figure)
        self._palette = palette(colours)
        self._images: list[Image.Image] = []

    def take(self) -> None:
        """Add the figure as it is now."""
        self._canvas.draw()
        drawn = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        self._images.append(drawn.quantize(palette=self._palette, dither=Image.Dither.NONE))

    def save(self, path: Path, durations: Sequence[int]) -> None:
        """Write the pictures as an endless GIF, whole or not at all; `durations` are in ms, one for each."""
        save_gif(self._images, durations, "", path)


def save_gif(pictures: Sequence[Image.Image], durations: Sequence[int], note: str, path: Path) -> None:
    """Write an endless GIF, whole or not at all.

    Args:
        pictures: with a palette, all of one size; equal neighbours would be made one.
        durations: of each, in ms, multiples of 10.
        note: kept in the file as its comment; "" for none.
        path: where to; a file that is there is replaced.
    """
    first, *others = pictures
    with atomic_file(path, overwrite=True) as unfinished:
        first.save(
            unfinished,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=list(durations),
            loop=0,
            optimize=False,
            comment=note.encode(),
        )


def frame_durations(times: Sequence[float]) -> list[int]:
    """Return how long every frame stays, in ms, in the steps of 10 ms that GIF knows; `FILM_SECONDS` or so together.

    A frame lasts as long as its gap to the next on the index, the last one as long as the median gap.
    """
    gaps = np.diff(times)
    gaps = np.append(gaps, np.median(gaps) if gaps.size else 1.0)
    return [max(MIN_FRAME_MS, int(10 * round(100 * FILM_SECONDS * gap / gaps.sum()))) for gap in gaps]


def empty_picture(axes: Axes, view: View) -> AxesImage:
    """Return a black picture with the shape of a view, for data from 0 to 1."""
    shape = (view.rows.stop - view.rows.start, view.columns.stop - view.columns.start)
    aspect = view.pixel_aspect
    picture = axes.imshow(np.zeros(shape), cmap=GREY, vmin=0, vmax=1, aspect=aspect, interpolation="bilinear")
    hide_ticks(axes)
    return picture


def palette(colours: Sequence[str], greys: int = 64) -> Image.Image:
    """Return an image that holds the colours of a GIF: so many greys, and three shades of each colour."""
    levels = [(level, level, level) for level in np.linspace(0, 1, greys)]
    shades = [tuple(share * part for part in to_rgb(colour)) for colour in colours for share in (0.4, 0.7, 1.0)]
    holder = Image.new("P", (1, 1))
    holder.putpalette([round(255 * part) for colour in levels + shades for part in colour])
    return holder
