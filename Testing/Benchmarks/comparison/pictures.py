"""One held-out frame as acquired and as every engine predicted it, with error maps."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from comparison.run import SetResult
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation.evaluate import Row
from temporal_interp.evaluation.nearest_endpoint import BASELINE
from temporal_interp.evaluation.presets import scale_native
from temporal_interp.figures.canvas import (
    ACQUIRED,
    SYNTHETIC,
    draw_colour_bar,
    draw_image,
    hide_ticks,
    new_figure,
    save,
    write_in_corner,
)
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.view import View, view_of_motion
from temporal_interp.simulation import PHANTOM_KEY

MAX_COLUMNS = 7
TITLE_HEIGHT, LINE_HEIGHT, GAP_HEIGHT = 0.36, 0.22, 0.03
"""Inches: for the title, above every line of pictures for their names, and between a picture and its error."""

LETTERS_PER_INCH = 13
_ERROR_COLOURS = "inferno"
_UNIT_RANGE = IntensityRange(0.0, 1.0)


def save_picture(result: SetResult, path: Path) -> bool:
    """Draw the frame that the set shows: the slice with most motion, cropped to the motion, or the coronal plane.

    Below every picture is its error; all pictures share one grey scale and all errors one colour scale, which ends at
    the 99.5th percentile.

    Returns:
        Whether any engine made that frame.
    """
    made = [(engine, engine.shown) for engine in result.engines if engine.shown is not None]
    if not made:
        return False
    case_number, frame = result.shown
    case = result.cases[case_number]
    scaled = scale_native(case.sequence)
    truth = scaled.volumes[frame]
    if result.case_set.coronal:
        made = [(engine, middle_coronal(truth.with_array(shown)).array) for engine, shown in made]
        truth = middle_coronal(truth)
        _, height, width = truth.geometry.shape
        view = View(0, slice(0, height), slice(0, width), truth.geometry)
    else:
        view = view_of_motion(scaled)
    grids = grids_for(1 + len(made), view.height_over_width)
    figure = new_figure(grids[-1].top_of(1) + grids[-1].height + grids[-1].bottom)
    errors = [np.abs(view.of(np.clip(shown, 0.0, 1.0) - truth.array)) for _, shown in made]
    scale = Normalize(0.0, float(np.percentile(errors, 99.5)) or 1.0)
    _draw_truth(figure, grids[0], truth.array, view, drawn=PHANTOM_KEY in case.sequence.item_attributes[frame])
    for number, ((engine, shown), error) in enumerate(zip(made, errors, strict=True), 1):
        line, column = divmod(number, grids[0].columns)
        row = next(row for row in engine.rows if (row.patient, row.frame) == (case.name, frame))
        _draw_prediction(figure, grids[line], column, engine.engine, shown, view)
        _draw_error(figure, grids[line], column, error, row, view, scale)
    _draw_scale(figure, grids[0], scale)
    plane = "middle coronal plane" if result.case_set.coronal else f"slice {view.k}"
    title = f"{result.name}: {result.case_set.title}; frame {frame}, t = {row.t:.2f}, {plane}"
    wrapped = textwrap.fill(title, round(LETTERS_PER_INCH * figure.get_figwidth()))
    figure.suptitle(wrapped, fontsize=9, y=1 - 0.08 / figure.get_figheight())
    save(figure, path)
    return True


def middle_coronal(volume: Volume) -> Volume:
    """Return the middle coronal plane of axial slices from the feet to the head, the head on top, as a volume of one
    slice; its place in the patient is lost."""
    middle = volume.array.shape[1] // 2
    array = volume.array[::-1, middle][None]
    along_i, along_j, along_k = volume.geometry.spacing
    return Volume(array, Geometry(array.shape, (along_i, along_k, along_j)))


def grids_for(count: int, height_over_width: float) -> list[PictureGrid]:
    """Return the places of the pictures, each with its error below: a grid of two rows for every line of pictures."""
    lines = -(-count // MAX_COLUMNS)
    first = PictureGrid(
        2, -(-count // lines), height_over_width, top=TITLE_HEIGHT + LINE_HEIGHT, row_gap=GAP_HEIGHT, max_height=2.2
    )
    step = 2 * first.height + GAP_HEIGHT + LINE_HEIGHT
    return [replace(first, top=first.top + line * step) for line in range(lines)]


def _draw_truth(figure: Figure, grid: PictureGrid, truth: np.ndarray, view: View, *, drawn: bool) -> None:
    axes = grid.axes(figure, 0, 0)
    draw_image(axes, truth, view, _UNIT_RANGE)
    axes.set_title("truth", fontsize=8.5, pad=2)
    write_in_corner(axes, "simulated" if drawn else "acquired", ACQUIRED)


def _draw_prediction(figure: Figure, grid: PictureGrid, column: int, name: str, shown: np.ndarray, view: View) -> None:
    axes = grid.axes(figure, 0, column)
    draw_image(axes, shown, view, _UNIT_RANGE)
    axes.set_title(name.replace("_", " "), fontsize=8.5, pad=2)
    write_in_corner(axes, *(("repeated", ACQUIRED) if name == BASELINE else ("SYNTHETIC", SYNTHETIC)))


def _draw_error(
    figure: Figure, grid: PictureGrid, column: int, error: np.ndarray, row: Row, view: View, scale: Normalize
) -> None:
    axes = grid.axes(figure, 1, column)
    axes.imshow(error, cmap=_ERROR_COLOURS, norm=scale, aspect=view.pixel_aspect, interpolation="nearest")
    hide_ticks(axes)
    write_in_corner(axes, f"{row.measures['psnr_moving']:.1f} dB moving", "white")


def _draw_scale(figure: Figure, grid: PictureGrid, scale: Normalize) -> None:
    """Draw the scale of the errors into the room below the truth, which has none."""
    left, height = grid.left + 0.4 * grid.width, 0.86 * grid.height
    drawn = ScalarMappable(scale, _ERROR_COLOURS)
    draw_colour_bar(figure, drawn, "error", left, grid.top_of(1) + 0.07 * grid.height, height, extend="max")
