"""What all figures share: size, colours, labels and saving. It uses matplotlib's objects, never its global state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.view import View
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.notes import PIXEL_SIZE_NOTE

WIDTH = 9.0
"""Width of every figure in inches; at 100 dots per inch it fits a README; files have 150."""
DOTS_PER_INCH = 150

ACQUIRED = "#56B4E9"
SYNTHETIC = "#E69F00"
ENGINE_COLOURS = ("#7F7F7F", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
"""Okabe and Ito's palette, which colour-blind readers can distinguish; grey is for the first, the baseline."""

OUTSIDE = "#3C4757"
"""Voxels that are NaN or infinite: no grey of an image, and no colour of an error."""
GREY = colormaps["gray"].with_extremes(bad=OUTSIDE)
ERROR_COLOURS = colormaps["inferno"].with_extremes(bad=OUTSIDE)


def new_figure(height: float, *, width: float = WIDTH) -> Figure:
    """Return an empty figure on a white ground; sizes in inches."""
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure as a file of the kind its name ends in (PNG, PDF, SVG), whole or not at all.

    Raises:
        InvalidInputError: the ending of the name is not that of a picture.
    """
    kinds = figure.canvas.get_supported_filetypes()
    if path.suffix.lower().lstrip(".") not in kinds:
        raise InvalidInputError(f"{path} has no known ending of a picture; use one of {', '.join(sorted(kinds))}.")
    with atomic_file(path, overwrite=True) as unfinished:
        figure.savefig(unfinished, dpi=DOTS_PER_INCH)


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes at a place given in inches from the top left corner of the figure."""
    figure_width, figure_height = figure.get_size_inches()
    box = (left / figure_width, 1 - (top + height) / figure_height, width / figure_width, height / figure_height)
    return figure.add_axes(box)


def draw_image(axes: Axes, array: np.ndarray, view: View, intensity_range: IntensityRange) -> None:
    """Draw the part of a (K, J, I) array that the view shows, in grey, with pixels of their true shape.

    What is no number has the colour `OUTSIDE`.
    """
    grey = intensity_range.normalise(view.of(array))
    axes.imshow(grey, cmap=GREY, vmin=0, vmax=1, aspect=view.pixel_aspect, interpolation="nearest")
    hide_ticks(axes)


def high_percentile(values: np.ndarray) -> float:
    """Return what a few of the largest numbers in an array exceed, for the end of a scale; 0 if it has no number."""
    known = values[np.isfinite(values)]
    return float(np.percentile(known, 99.5)) if known.size else 0.0


def draw_colour_bar(
    figure: Figure,
    drawn: ScalarMappable,
    label: str,
    left: float,
    top: float,
    height: float,
    *,
    extend: str = "neither",
) -> None:
    """Draw the scale of a coloured drawing, upright, at a place given in inches from the top left corner."""
    bar = figure.colorbar(drawn, cax=place(figure, left, top, 0.12, height), extend=extend)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7.5)


def hide_ticks(axes: Axes) -> None:
    """Remove ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def write_in_corner(axes: Axes, text: str, colour: str) -> None:
    """Write a few words into the left upper corner of a picture."""
    axes.text(
        0.02,
        0.97,
        text,
        transform=axes.transAxes,
        color=colour,
        fontsize=7.5,
        fontweight="bold",
        va="top",
        bbox={"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.2},
    )


def length_unit(sequence: Sequence) -> str:
    """Return the true unit of a mm of the sequence's geometry: "mm", or "pixels" where their size is not known."""
    return "pixels" if PIXEL_SIZE_NOTE in sequence.notes else "mm"


def index_label(value: float, unit: str) -> str:
    """Return an index value as it is written on pictures: "33 ms", "5 %", "0.25"."""
    return f"{value:.4g} {unit}".strip()
