"""Displacement fields as arrows over their frame, next to their Jacobian determinant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.quiver import Quiver

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.frame import Frame
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import SYNTHETIC, draw_colour_bar, draw_image, hide_ticks, save, write_in_corner
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.view import View

ARROW_SPACING_MM = 5.5
"""Distance between arrows in plane: dense enough for a heart wall of 10 mm."""

ARROW_COLOURS = ListedColormap(colormaps["plasma"](np.linspace(0.35, 1.0, 128)))
"""Without the dark third of the scale, which is hard to see on a grey picture."""
_JACOBIAN_COLOURS = "PuOr"
_MIN_ARROW_MM = 0.5
"""Shorter arrows are left out: they would only be dots."""


def save_fields(frame: Frame, view: View, intensity_range: IntensityRange, path: Path) -> None:
    """Draw the motion from the first frame to t, and from t to the last, over the synthetic frame.

    Arrows follow the tissue forward in time: in the upper row from where a point was in the first frame to where it is
    at t, in the lower from where it is at t to where it will be in the last frame; the tail, or the head,
    lies at the place at t. They show the part of the motion in the plane, enlarged by the factor in the title; their
    colour is the length of the whole displacement in mm. Beside them is the Jacobian determinant of the resampling
    field: 1 keeps volume, above 1 the tissue takes less room at t than at that end, 0 or less, in red, is a fold.

    Args:
        frame: an engine's answer with at least one field.
        view: the part to show, such as `view_of_motion` of the sequence.
        intensity_range: intensities shown as black and white.
        path: the file to write.

    Raises:
        InvalidInputError: the frame has no fields.
    """
    ends = {"first": frame.displacement_first_to_t, "last": frame.displacement_last_to_t}
    fields = {end: field for end, field in ends.items() if field is not None}
    if not fields:
        raise InvalidInputError("This frame has no displacement fields to draw: its engine estimates no motion.")
    grid = PictureGrid(
        len(fields),
        2,
        view.height_over_width,
        right=0.85,
        gap=0.95,
        top=0.32,
        row_gap=0.36,
        max_width=3.6,
        max_height=4.2,
    )
    figure = grid.new_figure()
    longest = max(float(np.linalg.norm(view.of(f.array), axis=-1).max()) for f in fields.values()) or 1.0
    enlarged = enlargement(longest, limit=5)
    for row, (end, field) in enumerate(fields.items()):
        arrows, jacobian = grid.axes(figure, row, 0), grid.axes(figure, row, 1)
        draw_image(arrows, frame.volume.array, view, intensity_range)
        write_in_corner(arrows, f"SYNTHETIC  t = {frame.t:.2f}", SYNTHETIC)
        title = "motion from the first frame to t" if end == "first" else "motion from t to the last frame"
        arrows.set_title(f"{title} (arrows x{enlarged})", fontsize=9.5, pad=4, loc="left")
        drawn_arrows = draw_arrows(arrows, arrows_of(field, view), longest, enlarged, forward=end == "last")
        _colour_bar(figure, grid, (row, 0), drawn_arrows, "displacement (mm)")
        drawn_determinant = _draw_jacobian(jacobian, field, view)
        jacobian.set_title(f"Jacobian determinant (folds {field.fold_rate:.2%})", fontsize=9.5, pad=4, loc="left")
        _colour_bar(figure, grid, (row, 1), drawn_determinant, f"above 1: smaller at t than in the {end} frame")
    save(figure, path)


def enlargement(longest: float, spacing_mm: float = ARROW_SPACING_MM, *, limit: int) -> int:
    """Return the factor that lets the longest arrow, in mm, reach over about two steps between arrows."""
    return max(1, min(limit, int(2 * spacing_mm / longest)))


@dataclass(frozen=True, eq=False)
class Arrows:
    """Samples of a resampling field on a coarse grid in the picture of a view.

    Attributes:
        x: column of every arrow's place at t, in pixels of the picture.
        y: row, likewise.
        along_x: in-plane displacement along the columns' axis, in pixels.
        along_y: along the rows' axis, likewise.
        length_mm: length of the whole displacement, through-plane part included.
    """

    x: np.ndarray
    y: np.ndarray
    along_x: np.ndarray
    along_y: np.ndarray
    length_mm: np.ndarray


def vectors_of(field: DisplacementField | np.ndarray) -> np.ndarray:
    """Return the displacements of a field, (K, J, I, 3), LPS mm, of either type."""
    return field.array if isinstance(field, DisplacementField) else field


def arrows_of(
    field: DisplacementField | np.ndarray,
    view: View,
    *,
    spacing_mm: float = ARROW_SPACING_MM,
    min_length_mm: float = _MIN_ARROW_MM,
    mask: np.ndarray | None = None,
) -> Arrows:
    """Sample the field at evenly spaced places, without those that hardly move.

    Args:
        field: with its displacements, or these alone, (K, J, I, 3), LPS mm.
        view: the part to show.
        spacing_mm: distance between arrows in plane.
        min_length_mm: shorter arrows are left out.
        mask: (K, J, I) bool, arrows elsewhere are left out.
    """
    shape = view.geometry.shape
    inside = view.of(np.ones(shape, bool) if mask is None else mask)
    steps = [max(1, round(spacing_mm / s)) for s in view.geometry.spacing_kji[1:]]
    rows, columns = (np.arange(s // 2, n, s) for s, n in zip(steps, inside.shape, strict=True))
    y, x = np.meshgrid(rows, columns, indexing="ij")
    vectors = view.of(vectors_of(field))[y, x]
    length = np.linalg.norm(vectors, axis=-1)
    shown = (length >= min_length_mm) & inside[y, x]
    along_ijk = vectors[shown] @ np.linalg.inv(view.geometry.voxel_to_physical).T
    return Arrows(x[shown], y[shown], along_ijk[:, 0], along_ijk[:, 1], length[shown])


def draw_arrows(
    axes: Axes, arrows: Arrows, longest: float, enlarged: int, *, forward: bool, width: float = 0.02
) -> Quiver:
    """Draw arrows that follow the tissue forward in time, their shafts `width` inches wide, and return them.

    A resampling field points from t to the end it samples: to the last frame, `forward` in time, or back to the first,
    so that its arrows are reversed to end at their place at t.
    """
    sign = enlarged if forward else -enlarged
    return axes.quiver(
        arrows.x, arrows.y, sign * arrows.along_x, sign * arrows.along_y, arrows.length_mm,
        pivot="tail" if forward else "tip", angles="xy", scale_units="xy", scale=1, units="inches", width=width,
        minlength=0.5, headwidth=3.4, headlength=3.8, headaxislength=3.4, cmap=ARROW_COLOURS, clim=(0, longest),
    )  # fmt: skip


def _draw_jacobian(axes: Axes, field: DisplacementField, view: View) -> AxesImage:
    determinant = view.of(field.jacobian)
    reach = min(1.0, max(0.1, float(np.percentile(np.abs(determinant - 1), 99.5))))
    image = axes.imshow(
        determinant, cmap=_JACOBIAN_COLOURS, norm=TwoSlopeNorm(1.0, 1 - reach, 1 + reach), aspect=view.pixel_aspect
    )
    folds = np.ma.masked_where(determinant > 0, np.ones_like(determinant))
    axes.imshow(folds, cmap=ListedColormap(["red"]), aspect=view.pixel_aspect, interpolation="nearest")
    hide_ticks(axes)
    return image


def _colour_bar(
    figure: Figure, grid: PictureGrid, place_of: tuple[int, int], drawn: ScalarMappable, label: str
) -> None:
    row, column = place_of
    left = grid.left + column * (grid.width + grid.gap) + grid.width + 0.07
    draw_colour_bar(figure, drawn, label, left, grid.top_of(row), grid.height)
