"""A film of a sequence with the tracked motion: points with their trails, a contour, and its strain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import SYNTHETIC, index_label, place
from temporal_interp.figures.film import Film, empty_picture, frame_durations
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.strain_curves import index_axis_label, mean_percent, require_strains
from temporal_interp.figures.view import View, display_range

POINTS_ACROSS = 22
"""Points of a lattice along the longer side of a picture."""
LATTICE_MM = 6.0
"""Points of a lattice are no closer than this."""
TRAIL_FRAMES = 6

_POINT_COLOUR = "#F0E442"
_CONTOUR_COLOUR = "#56B4E9"
_STRAIN_COLOURS = ("#FF7A2F", "#56B4E9", "#2FD6A3")
"""As those of the strain figure, lighter on black."""
_PICTURE = 5.0
_CURVES_WIDTH = 3.0


def lattice_points(view: View, mask: np.ndarray | None = None) -> np.ndarray:
    """Return evenly spaced points in the picture of a view, to follow from the frame that the mask belongs to.

    Args:
        view: the part to cover.
        mask: (K, J, I) bool, points lie inside; None for the whole view.

    Returns:
        (P, 3), LPS mm.
    """
    inside = view.of(np.ones(view.geometry.shape, bool) if mask is None else mask)
    spacings = np.array(view.geometry.spacing_kji[1:])
    spacing_mm = max(LATTICE_MM, view.longer_side_mm / POINTS_ACROSS)
    steps = np.maximum(1, np.rint(spacing_mm / spacings)).astype(int)
    rows, columns = (np.arange(step // 2, n, step) for step, n in zip(steps, inside.shape, strict=True))
    j, i = np.meshgrid(rows, columns, indexing="ij")
    j, i = j[inside[j, i]] + view.rows.start, i[inside[j, i]] + view.columns.start
    index = np.stack([i, j, np.full_like(i, view.k)], axis=-1)
    return index @ view.geometry.voxel_to_physical.T + np.asarray(view.geometry.origin)


def save_tracking_film(
    sequence: Sequence,
    view: View,
    path: Path,
    *,
    points_mm: np.ndarray | None = None,
    contour_mm: np.ndarray | None = None,
    contour_closed: bool = True,
    strains: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write an endless animated GIF, 900 pixels wide or less, of the sequence with the tracked motion.

    Points draw a trail over the last frames. Beside the picture are the curves of strain, the mean over the contour,
    with a marker at the time shown. Points outside the slice of the view are not drawn.

    Args:
        sequence: N frames.
        view: the part to show, such as `view_of_tracking`.
        path: the file to write.
        points_mm: (N, P, 3), LPS, where the points are in every frame.
        contour_mm: (N, C, 3), likewise.
        contour_closed: whether the contour is a loop.
        strains: by name, (N, P) over the contour's points, 0.1 is 10 %.

    Raises:
        InvalidInputError: there is neither a point nor a contour, or something does not have N frames.
    """
    durations = frame_durations(sequence.times)
    _require_tracked(len(sequence), points_mm, contour_mm)
    if strains:
        require_strains(strains, len(sequence))
    stage = _Stage(sequence, view, strains or {})
    points = None if points_mm is None else view.places_of(points_mm)
    contour = None if contour_mm is None else _line(view.places_of(contour_mm), contour_closed)
    grey = display_range(sequence)
    for number, volume in enumerate(sequence.volumes):
        stage.show_frame(number, grey.normalise(view.of(volume.array)))
        if points is not None:
            stage.show_points(points[max(0, number - TRAIL_FRAMES) : number + 1])
        if contour is not None:
            stage.show_contour(contour[number])
        stage.film.take()
    stage.film.save(path, durations)


def _require_tracked(count: int, points: np.ndarray | None, contour: np.ndarray | None) -> None:
    if all(what is None or what.size == 0 for what in (points, contour)):
        raise InvalidInputError("There is neither a tracked point nor a contour to show.")
    for name, what in {"points": points, "contour": contour}.items():
        if what is not None and (what.ndim != 3 or len(what) != count or what.shape[2] != 3):
            raise InvalidInputError(f"The {name} must have shape ({count} frames, points, 3), got {what.shape}.")


def _line(places: np.ndarray, closed: bool) -> np.ndarray:
    return np.concatenate([places, places[:, :1]], axis=1) if closed else places


class _Stage:
    """A figure whose contents are exchanged from frame to frame."""

    def __init__(self, sequence: Sequence, view: View, strains: Mapping[str, np.ndarray]) -> None:
        self._sequence = sequence
        beside = _CURVES_WIDTH + 0.75 if strains else 0.0
        grid = PictureGrid(
            1,
            1,
            view.height_over_width,
            top=0.1,
            bottom=0.4,
            right=0.1 + beside,
            max_width=_PICTURE,
            max_height=_PICTURE,
        )
        figure = grid.new_figure()
        self.film = Film(figure, (_POINT_COLOUR, _CONTOUR_COLOUR, SYNTHETIC, *_STRAIN_COLOURS[: len(strains)]))
        self._axes = grid.axes(figure, 0, 0)
        self._picture = empty_picture(self._axes, view)
        self._axes.set_autoscale_on(False)
        self._trails = LineCollection([], linewidths=1.3)
        self._axes.add_collection(self._trails)
        (self._points,) = self._axes.plot([], [], "o", color=_POINT_COLOUR, markersize=3.2, markeredgewidth=0)
        (self._contour,) = self._axes.plot([], [], "-", color=_CONTOUR_COLOUR, linewidth=1.8)
        self._curves = _Curves(figure, grid, sequence, strains) if strains else None

    def show_frame(self, number: int, picture: np.ndarray) -> None:
        """Exchange the image, its label and the marker of the curves."""
        self._picture.set_data(picture)
        words = index_label(self._sequence.times[number], self._sequence.unit)
        synthetic = is_synthetic(self._sequence.item_attributes[number])
        colour = SYNTHETIC if synthetic else "white"
        self._axes.set_xlabel(f"SYNTHETIC   {words}" if synthetic else words, fontsize=11, color=colour)
        if self._curves is not None:
            self._curves.mark(number)

    def show_points(self, places: np.ndarray) -> None:
        """Draw points at the last of (T, P, 2) places, and their trails, older parts fainter."""
        places = np.where(np.isnan(places[-1]), np.nan, places)  # no trail without its point
        self._points.set_data(*places[-1].T)
        steps = np.stack([places[:-1], places[1:]], axis=2)  # (T - 1, P, 2 ends, 2)
        fading = 1 - np.arange(len(steps), 0, -1) / (TRAIL_FRAMES + 1)
        self._trails.set_segments(list(steps.reshape(-1, 2, 2)))
        self._trails.set_color([to_rgba(_POINT_COLOUR, alpha) for alpha in fading for _ in range(places.shape[1])])

    def show_contour(self, places: np.ndarray) -> None:
        """Draw the contour through (C, 2) places."""
        self._contour.set_data(*places.T)


class _Curves:
    """Curves of strain on black, with markers that move along them."""

    def __init__(
        self, figure: Figure, grid: PictureGrid, sequence: Sequence, strains: Mapping[str, np.ndarray]
    ) -> None:
        left, top = grid.right_edge + 0.7, grid.top + 0.3
        self._axes = place(figure, left, top, _CURVES_WIDTH, grid.height - 0.45)
        self._times = sequence.times
        self._curves = {name: mean_percent(strain) for name, strain in strains.items()}
        _style(self._axes)
        self._line = self._axes.axvline(self._times[0], color="white", linewidth=0.8, alpha=0.6)
        self._dots = []
        for (name, curve), colour in zip(self._curves.items(), _STRAIN_COLOURS, strict=False):
            self._axes.plot(self._times, curve, color=colour, linewidth=1.8, label=name)
            self._dots += self._axes.plot([], [], "o", color=colour, markersize=6)
        self._axes.set_xlabel(index_axis_label(sequence.index_name, sequence.unit), color="white", fontsize=9)
        self._axes.set_ylabel("strain (%)", color="white", fontsize=9, labelpad=1)
        self._axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
            fontsize=8.5,
            labelcolor="white",
            handlelength=1.2,
            columnspacing=1.0,
        )

    def mark(self, number: int) -> None:
        """Move the markers to a frame."""
        time = self._times[number]
        self._line.set_xdata([time, time])
        for dot, curve in zip(self._dots, self._curves.values(), strict=True):
            dot.set_data([time], [curve[number]])


def _style(axes: Axes) -> None:
    axes.set_facecolor("black")
    axes.axhline(0.0, color="white", linewidth=0.6, alpha=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("white")
    axes.tick_params(colors="white", labelsize=8)
