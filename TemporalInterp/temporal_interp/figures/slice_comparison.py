"""Held-out slices as several methods restored them, seen from the side, with error maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from temporal_interp.data.geometry import Geometry
from temporal_interp.evaluation.slice_cuts import AXES, SliceCut
from temporal_interp.evaluation.slice_table import SliceEvaluation
from temporal_interp.figures.canvas import (
    ACQUIRED,
    ERROR_COLOURS,
    GREY,
    SYNTHETIC,
    draw_colour_bar,
    hide_ticks,
    high_percentile,
    save,
    write_in_corner,
)
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.slices.add_slices import ORDINALS
from temporal_interp.slices.classical import Classical
from temporal_interp.slices.degradation import Degradation

_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""Patient directions towards which x, y and z (LPS) fall, and towards which they rise."""
_UPWARD = (1, -1, 1)
"""Sign of x, y and z that points up in a picture: to the head, else to the front."""
_RIGHTWARD = (1, 1, 1)
"""Sign that points right: to the patient's left, or to the back."""


@dataclass(frozen=True)
class Side:
    """One axis of a picture in the patient.

    Attributes:
        start: letter of the direction at its left, or lower, end.
        end: letter at its right, or upper, end.
        reversed: the image has to be flipped along this axis.
    """

    start: str
    end: str
    reversed: bool


def sides_of(cut: SliceCut) -> tuple[Side, Side]:
    """Return the vertical and the horizontal axis of a plane in radiological convention: head up, patient's left or
    back to the right. In an oblique volume the nearest direction counts."""
    return _side(cut.geometry, 2, _UPWARD), _side(cut.geometry, AXES[cut.view] - 1, _RIGHTWARD)


def _side(geometry: Geometry, axis: int, wanted: tuple[int, int, int]) -> Side:
    """Return the side along an axis of the volume, counted I, J, K."""
    along = np.asarray(geometry.direction)[:, axis]
    nearest = int(np.abs(along).argmax())
    start, end = _LETTERS[nearest][:: wanted[nearest]]
    return Side(start, end, bool(along[nearest] * wanted[nearest] < 0))


def save_slice_comparison(
    evaluation: SliceEvaluation, cut: SliceCut, path: Path, *, methods: Sequence[str], title: str = ""
) -> None:
    """Draw a plane as the nearest given slices, as synthesised by the methods, and as acquired.

    The upper row shows the whole plane, the middle one the detail in the box, with greys over the range of the truth,
    the lower one the absolute error in the detail; all maps share one colour scale, which ends at the 99.5th
    percentile. Pixels have their true shape.

    Args:
        evaluation: with the scores in the titles; nearest interpolation must be among its methods.
        cut: one of its planes.
        path: the file to write.
        methods: names of those to show, in this order, in addition to nearest interpolation.
        title: precedes the description, such as the name of the file.
    """
    names = [str(Classical.NEAREST), *methods]
    whole = PictureGrid(
        1, len(names) + 1, _height_over_width(cut, cut.truth.shape), left=0.32, right=0.1, top=0.72, max_height=2.6
    )
    size = tuple(part.stop - part.start for part in cut.detail)
    details = replace(
        whole, rows=2, height_over_width=_height_over_width(cut, size), top=whole.top + whole.height + 0.06,
        max_width=whole.width, max_height=np.inf,
    )  # fmt: skip
    figure = details.new_figure()
    errors = {name: np.abs(cut.images[name] - cut.truth)[cut.detail] for name in names}
    scale = Normalize(0.0, high_percentile(np.array(list(errors.values()))) or 1.0)
    shown = cut.truth[cut.detail]
    darkest, brightest = np.percentile(shown[np.isfinite(shown)], (0.5, 99.5)) if np.isfinite(shown).any() else (0, 1)
    for column, name in enumerate([*names, None]):
        image = cut.truth if name is None else cut.images[name]
        upper = whole.axes(figure, 0, column)
        _draw_whole(upper, image, cut)
        upper.set_title(_heading(evaluation, name), fontsize=8.5, pad=4)
        middle = details.axes(figure, 0, column)
        _draw(middle, image[cut.detail], cut, cmap=GREY, vmin=darkest, vmax=brightest)
        write_in_corner(middle, *_mark(name))
        if name is not None:
            _draw(details.axes(figure, 1, column), errors[name], cut, cmap=ERROR_COLOURS, norm=scale)
    _draw_letters(whole.axes(figure, 0, 0), cut)
    _label_rows(figure, whole, details)
    left, top = details.left + len(names) * (details.width + details.gap) + 0.1, details.top_of(1)
    bar = ScalarMappable(scale, ERROR_COLOURS)
    draw_colour_bar(figure, bar, "error (share of range)", left, top, details.height, extend="max")
    figure.suptitle(_title(evaluation, cut, title), fontsize=10, y=1 - 0.12 / figure.get_figheight())
    save(figure, path)


def _height_over_width(cut: SliceCut, size: tuple[int, int]) -> float:
    return size[0] / size[1] * _pixel_aspect(cut)


def _pixel_aspect(cut: SliceCut) -> float:
    spacing = cut.geometry.spacing_kji
    return spacing[0] / spacing[3 - AXES[cut.view]]


def _draw(axes: Axes, image: np.ndarray, cut: SliceCut, **colours: Any) -> None:
    """Draw slices one above the other, flipped as `sides_of` says."""
    axes.imshow(image, origin="lower", aspect=_pixel_aspect(cut), interpolation="nearest", **colours)
    upright, level = sides_of(cut)
    if upright.reversed:
        axes.invert_yaxis()
    if level.reversed:
        axes.invert_xaxis()
    hide_ticks(axes)


def _draw_whole(axes: Axes, image: np.ndarray, cut: SliceCut) -> None:
    _draw(axes, image, cut, cmap=GREY, vmin=0, vmax=1)
    slices, columns = cut.detail
    corner = columns.start - 0.5, slices.start - 0.5
    width, height = columns.stop - columns.start, slices.stop - slices.start
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="white", linewidth=1.0))


def _draw_letters(axes: Axes, cut: SliceCut) -> None:
    """Write the patient directions over a picture of the whole plane."""
    axes.patch.set_alpha(0.0)
    hide_ticks(axes)
    upright, level = sides_of(cut)
    look: dict[str, Any] = {"color": "white", "fontsize": 7.5, "fontweight": "bold", "transform": axes.transAxes}
    look["path_effects"] = [withStroke(linewidth=1.5, foreground="black")]
    axes.text(0.5, 0.97, upright.end, ha="center", va="top", **look)
    axes.text(0.02, 0.5, level.start, ha="left", va="center", **look)


def _heading(evaluation: SliceEvaluation, name: str | None) -> str:
    if name is None:
        return "truth"
    shown = "given, repeated" if name == Classical.NEAREST else name
    return f"{shown}\n{evaluation.scores[name].psnr:.2f} dB"


def _mark(name: str | None) -> tuple[str, str]:
    if name is None:
        return "acquired", ACQUIRED
    return ("repeated", ACQUIRED) if name == Classical.NEAREST else ("SYNTHETIC", SYNTHETIC)


def _label_rows(figure: Figure, whole: PictureGrid, details: PictureGrid) -> None:
    rows = ((whole, 0, "whole"), (details, 0, "detail"), (details, 1, "error"))
    for grid, row, text in rows:
        y = 1 - (grid.top_of(row) + grid.height / 2) / figure.get_figheight()
        figure.text(0.17 / figure.get_figwidth(), y, text, rotation=90, ha="center", va="center", fontsize=8.5)


def _title(evaluation: SliceEvaluation, cut: SliceCut, title: str) -> str:
    given = f"every {ORDINALS[evaluation.factor]} slice given"
    if evaluation.degradation is Degradation.BLURRED:
        given += ", blurred and with noise"
    return f"{title}  {cut.view} view, {given}; PSNR of the whole volume".strip()
