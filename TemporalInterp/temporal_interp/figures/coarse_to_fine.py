"""The motion between two frames as arrows, from the coarsest scale to the finest, or from several methods."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import draw_colour_bar, draw_image, save
from temporal_interp.figures.fields import ARROW_COLOURS, arrows_of, draw_arrows, enlargement, vectors_of
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.view import View

MAX_COLUMNS = 4
"""As many as the scales of the paper; more fields continue in the next row."""

ARROWS_ACROSS = 19
"""Arrows along the longer side of a picture."""

_MIN_ARROW_SHARE = 0.08
"""Arrows shorter than this share of the longest would only be dots."""
_MAX_ENLARGEMENT = 30
_ARROW_WIDTH = 0.015


def save_coarse_to_fine(
    frame: Volume,
    fields: Mapping[str, DisplacementField | np.ndarray],
    view: View,
    intensity_range: IntensityRange,
    path: Path,
    *,
    length_unit: str = "mm",
    mask: np.ndarray | None = None,
    title: str = "",
) -> None:
    """Draw the same frame once for every field, with the field's arrows, as in Figures 2 and 3 of the NMSR paper.

    All arrows follow the tissue forward in time, are enlarged by the factor in the title, and share one scale of
    colours, which ends at the 99.5th percentile.

    Args:
        frame: the frame whose grid the fields lie on.
        fields: by the title of their picture, in order, such as "scale 1/8" to "scale 1" and "SyN"; each with its
            displacements, or these alone, (K, J, I, 3), LPS mm.
        view: the part to show, such as `view_of_tracking`.
        intensity_range: intensities shown as black and white.
        path: the file to write.
        length_unit: of the scale, see `canvas.length_unit`.
        mask: (K, J, I) bool, arrows are drawn only here.
        title: precedes the factor, such as "frame 5 to 6".

    Raises:
        InvalidInputError: there are no fields, or one does not lie on the grid of the frame.
    """
    _require_drawable(frame, fields)
    columns = min(MAX_COLUMNS, len(fields))
    rows = -(-len(fields) // columns)
    grid = PictureGrid(
        rows, columns, view.height_over_width, right=0.75, top=0.55, row_gap=0.3, max_width=4.0, max_height=4.0
    )
    figure = grid.new_figure()
    longest, spacing = _longest(fields, view, mask), view.longer_side_mm / ARROWS_ACROSS
    enlarged = enlargement(longest, spacing, limit=_MAX_ENLARGEMENT)
    for number, (name, field) in enumerate(fields.items()):
        axes = grid.axes(figure, *divmod(number, columns))
        draw_image(axes, frame.array, view, intensity_range)
        arrows = arrows_of(field, view, spacing_mm=spacing, min_length_mm=_MIN_ARROW_SHARE * longest, mask=mask)
        draw_arrows(axes, arrows, longest, enlarged, forward=True, width=_ARROW_WIDTH)
        axes.set_title(name, fontsize=9.5, pad=4)
    scale = ScalarMappable(Normalize(0, longest), ARROW_COLOURS)
    height = grid.top_of(rows - 1) + grid.height - grid.top
    draw_colour_bar(
        figure, scale, f"displacement ({length_unit})", grid.right_edge + 0.1, grid.top, height, extend="max"
    )
    words = f"{title} (arrows x{enlarged})".strip()
    figure.suptitle(words, fontsize=10, y=1 - 0.1 / figure.get_figheight())
    save(figure, path)


def _require_drawable(frame: Volume, fields: Mapping[str, DisplacementField | np.ndarray]) -> None:
    if not fields:
        raise InvalidInputError("There are no fields to draw.")
    shape = (*frame.geometry.shape, 3)
    for name, field in fields.items():
        if vectors_of(field).shape != shape:
            raise InvalidInputError(f"The field '{name}' must have shape {shape}, got {vectors_of(field).shape}.")


def _longest(fields: Mapping[str, DisplacementField | np.ndarray], view: View, mask: np.ndarray | None) -> float:
    """Return the length in mm at the end of the scale; a few longest displacements may exceed it."""
    inside = slice(None) if mask is None else view.of(mask)
    lengths = [np.linalg.norm(view.of(vectors_of(field))[inside], axis=-1).ravel() for field in fields.values()]
    together = np.concatenate(lengths)
    longest = float(np.percentile(together, 99.5)) if together.size else 0.0
    return longest or 1.0  # without motion any scale will do
