"""A film, side by side: the acquired frames alone, and with the synthetic frames between them."""

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

from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import ACQUIRED, SYNTHETIC, hide_ticks, index_label
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.view import View, display_range, view_of_motion
from temporal_interp.provenance import is_synthetic
from temporal_interp.sequences import VolumeSequence
from temporal_interp.whole_files import whole_file

SHORTEST_MS = 20
"""Browsers slow down a GIF whose frames are shorter than this."""

_DOTS_PER_INCH = 100


def save_animation(sequence: VolumeSequence, path: Path, *, seconds: float = 4.0) -> None:
    """Write an endless animated GIF, 900 pixels wide or less, that plays the whole sequence in about `seconds`.

    Left, only the acquired frames, each until the next comes; right, all frames. Under each picture stands whether it
    is acquired or SYNTHETIC, and its time. Frames last as long as their gap to the next on the index; the last frame
    as long as the median gap.

    Raises:
        InvalidInputError: every frame of the sequence is synthetic, or the duration is not positive.
    """
    if not 0 < seconds < float("inf"):
        raise InvalidInputError(f"The film must last a positive number of seconds, got {seconds}.")
    view, grey = view_of_motion(sequence), display_range(sequence)
    pictures = [grey.normalise(view.of(volume.array)) for volume in sequence.volumes]
    synthetic = [is_synthetic(attributes) for attributes in sequence.item_attributes]
    stage = _Stage(view, sequence)
    images, shown = [], synthetic.index(False)
    for number in range(len(sequence)):
        if not synthetic[number]:
            shown = number
        stage.show(0, pictures[shown], shown, synthetic=False)
        stage.show(1, pictures[number], number, synthetic=synthetic[number])
        images.append(stage.image())
    _write(images, _durations(sequence.index_values, seconds), path)


class _Stage:
    """A figure with two pictures whose contents are exchanged from frame to frame."""

    def __init__(self, view: View, sequence: VolumeSequence) -> None:
        self._sequence = sequence
        grid = PictureGrid(1, 2, view.height_over_width, top=0.35, bottom=0.4, gap=0.12, widest=4.35, tallest=4.35)
        figure: Figure = grid.new_figure()
        figure.set_dpi(_DOTS_PER_INCH)
        figure.set_facecolor("black")
        self._canvas = FigureCanvasAgg(figure)
        self._palette = _palette()
        self._axes = [grid.axes(figure, 0, column) for column in (0, 1)]
        self._pictures = [_empty_picture(axes, view) for axes in self._axes]
        for axes, title in zip(self._axes, ("acquired frames only", "with synthetic frames"), strict=True):
            axes.set_title(title, fontsize=11, pad=5, color="white")

    def show(self, column: int, picture: np.ndarray, number: int, *, synthetic: bool) -> None:
        """Put a picture and its label into a column."""
        self._pictures[column].set_data(picture)
        time = index_label(self._sequence.index_values[number], self._sequence.index_unit)
        kind = "SYNTHETIC" if synthetic else "acquired"
        colour = SYNTHETIC if synthetic else ACQUIRED
        self._axes[column].set_xlabel(f"{kind}   {time}", fontsize=11, fontweight="bold", color=colour)

    def image(self) -> Image.Image:
        """Return the figure as it is now, in the colours of the film."""
        self._canvas.draw()
        drawn = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        return drawn.quantize(palette=self._palette, dither=Image.Dither.NONE)


def _palette() -> Image.Image:
    """Return 64 greys and shades of the label colours; with 256 colours the file would be three times as large."""
    greys = [(level, level, level) for level in np.linspace(0, 1, 64)]
    shades = [tuple(share * part for part in to_rgb(c)) for c in (ACQUIRED, SYNTHETIC) for share in (0.4, 0.7, 1.0)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([round(255 * part) for colour in greys + shades for part in colour])
    return palette


def _empty_picture(axes: Axes, view: View) -> AxesImage:
    shape = (view.rows.stop - view.rows.start, view.columns.stop - view.columns.start)
    aspect = view.pixel_aspect
    picture = axes.imshow(np.zeros(shape), cmap="gray", vmin=0, vmax=1, aspect=aspect, interpolation="bilinear")
    hide_ticks(axes)
    return picture


def _durations(index_values: Sequence[float], seconds: float) -> list[int]:
    """Return how long every frame stays, in ms, in the steps of 10 ms that GIF knows."""
    gaps = np.diff(index_values)
    gaps = np.append(gaps, np.median(gaps) if gaps.size else 1.0)
    return [max(SHORTEST_MS, int(10 * round(100 * seconds * gap / gaps.sum()))) for gap in gaps]


def _write(images: list[Image.Image], durations: list[int], path: Path) -> None:
    with whole_file(path) as unfinished:
        images[0].save(
            unfinished,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=durations,
            loop=0,
            optimize=False,
        )
