"""Held-out frames and the predictions of the engines, with error maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import Evaluation, Row
from temporal_interp.evaluation.nearest_endpoint import BASELINE
from temporal_interp.evaluation.presets import presets_named
from temporal_interp.figures.canvas import (
    ACQUIRED,
    ERROR_COLOURS,
    SYNTHETIC,
    draw_image,
    hide_ticks,
    high_percentile,
    index_label,
    place,
    save,
    write_in_corner,
)
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.view import View, view_of_motion

_UNIT_RANGE = IntensityRange(0.0, 1.0)


def save_frames(sequence: Sequence, evaluation: Evaluation, path: Path, *, preset: str = "native") -> None:
    """Draw the kept predictions: the acquired frames on top, then each engine's frames with their error maps.

    The baseline that repeats acquired frames is left out.

    Columns are the frames that the evaluation kept (three to five look best). The slice with most motion is shown,
    cropped around the motion; all pictures share one grey scale and all maps one colour scale.

    Args:
        sequence: the sequence that was evaluated.
        evaluation: its result, with kept frames.
        path: the file to write.
        preset: which of the evaluation's presets to draw.

    Raises:
        InvalidInputError: the evaluation kept no frames of that preset, or had no engine but the baseline.
    """
    rows = [
        row
        for row in evaluation.rows
        if row.preset == preset and row.engine != BASELINE and (preset, row.engine, row.frame) in evaluation.kept
    ]
    if not rows:
        raise InvalidInputError(f"The evaluation kept no frames of an engine under the preset '{preset}'; keep some.")
    scaled = presets_named(preset)[0].scale(sequence)
    view = view_of_motion(scaled)
    engines = list(dict.fromkeys(row.engine for row in rows))
    numbers = sorted({row.frame for row in rows})
    grid = PictureGrid(
        1 + 2 * len(engines), len(numbers), view.height_over_width, left=0.32, right=0.75, top=0.62, max_height=2.4
    )
    figure = grid.new_figure()
    for column, number in enumerate(numbers):
        time = index_label(scaled.times[number], scaled.unit)
        _draw_truth(figure, grid, column, scaled.volumes[number], view, f"frame {number}, {time}")
    scale = _error_scale(evaluation, rows, scaled, view)
    for row in rows:
        image = evaluation.kept[preset, row.engine, row.frame].volume.array
        place_of = 1 + 2 * engines.index(row.engine), numbers.index(row.frame)
        _draw_prediction(figure, grid, place_of, row, image, view)
        _draw_error(figure, grid, place_of, row, image - scaled.volumes[row.frame].array, view, scale)
    _label_rows(figure, grid, engines)
    _draw_colour_bar(figure, grid, scale)
    figure.suptitle(f"held-out frames, slice {view.k}", fontsize=10, y=1 - 0.12 / figure.get_figheight())
    save(figure, path)


def _error_scale(evaluation: Evaluation, rows: list[Row], scaled: Sequence, view: View) -> Normalize:
    """Return the shared scale of all error maps; a few brightest voxels may exceed it."""
    errors = np.array(
        [
            view.of(evaluation.kept[r.preset, r.engine, r.frame].volume.array - scaled.volumes[r.frame].array)
            for r in rows
        ]
    )
    return Normalize(0.0, high_percentile(np.abs(errors)) or 1.0)


def _draw_truth(figure: Figure, grid: PictureGrid, column: int, volume: Volume, view: View, title: str) -> None:
    axes = grid.axes(figure, 0, column)
    draw_image(axes, volume.array, view, _UNIT_RANGE)
    axes.set_title(title, fontsize=9, pad=3)
    write_in_corner(axes, "acquired", ACQUIRED)


def _draw_prediction(
    figure: Figure, grid: PictureGrid, place_of: tuple[int, int], row: Row, image: np.ndarray, view: View
) -> None:
    axes = grid.axes(figure, *place_of)
    draw_image(axes, image, view, _UNIT_RANGE)
    write_in_corner(axes, f"SYNTHETIC  t = {row.t:.2f}", SYNTHETIC)


def _draw_error(
    figure: Figure,
    grid: PictureGrid,
    place_of: tuple[int, int],
    row: Row,
    difference: np.ndarray,
    view: View,
    scale: Normalize,
) -> None:
    axes = grid.axes(figure, place_of[0] + 1, place_of[1])
    axes.imshow(np.abs(view.of(difference)), cmap=ERROR_COLOURS, norm=scale, aspect=view.pixel_aspect)
    hide_ticks(axes)
    score = row.measures.get("psnr_moving", row.measures["psnr"])
    where = "moving" if "psnr_moving" in row.measures else "volume"
    write_in_corner(axes, f"{score:.1f} dB {where}", "white")


def _label_rows(figure: Figure, grid: PictureGrid, engines: list[str]) -> None:
    labels = ["acquired", *(text for engine in engines for text in (engine.replace("_", " "), "error"))]
    height = figure.get_figheight()
    for row, text in enumerate(labels):
        y = 1 - (grid.top_of(row) + grid.height / 2) / height
        figure.text(0.17 / figure.get_figwidth(), y, text, rotation=90, ha="center", va="center", fontsize=9)


def _draw_colour_bar(figure: Figure, grid: PictureGrid, scale: Normalize) -> None:
    axes = place(figure, grid.right_edge + 0.12, grid.top_of(2), 0.13, grid.height)
    bar = figure.colorbar(ScalarMappable(scale, ERROR_COLOURS), cax=axes, extend="max")
    bar.set_label("error, share of the intensity range", fontsize=7.5)
    bar.ax.tick_params(labelsize=7.5)
