"""Strain along a contour over time: its mean, its spread along the contour, and its peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import index_label, new_figure, save

STRAIN_COLOURS = ("#D55E00", "#0072B2", "#009E73")
"""Of up to three strains, from Okabe and Ito's palette."""

BAND = (10, 90)
"""Percentiles over the points of the contour between which the band lies."""

_LEGEND = (
    Line2D([], [], color="grey", marker="o", markersize=3, label="mean over the contour"),
    Patch(color="grey", alpha=0.3, linewidth=0, label=f"{BAND[0]}th to {BAND[1]}th percentile over its points"),
)


def save_strain_curves(
    strains: Mapping[str, np.ndarray],
    instants: Sequence[float],
    path: Path,
    *,
    index_name: str = "time",
    unit: str = "ms",
) -> None:
    """Draw a panel for every strain: the mean over the contour, a band over its points, and the peak of the mean.

    Args:
        strains: by name, up to three of (N, P): N frames, P points, 0.1 is 10 %; NaN where a point has no strain.
        instants: of the N frames, in the unit of the index.
        path: the file to write.
        index_name: name of the index.
        unit: its unit, "" where there is none.

    Raises:
        InvalidInputError: there are no strains or more than three, or one does not have N frames, or a frame has no
            strain at all.
    """
    require_strains(strains, len(instants))
    figure = new_figure(3.3)
    panels = figure.subplots(1, len(strains), squeeze=False)[0]
    for axes, (name, strain), colour in zip(panels, strains.items(), STRAIN_COLOURS, strict=False):
        _draw_curve(axes, np.asarray(instants), strain, colour)
        _mark_peak(axes, instants, mean_percent(strain), unit)
        axes.set_title(f"{name} strain", fontsize=10)
        axes.set_xlabel(index_axis_label(index_name, unit), fontsize=9)
    panels[0].set_ylabel("%")
    figure.legend(handles=_LEGEND, loc="lower center", ncols=len(_LEGEND), frameon=False, fontsize=9)
    figure.suptitle("Green-Lagrange strain along the contour", fontsize=10, y=0.985)
    figure.subplots_adjust(left=0.07, right=0.985, top=0.82, bottom=0.25, wspace=0.16)
    save(figure, path)


def mean_percent(strain: np.ndarray) -> np.ndarray:
    """Return the mean over the points in every frame, (N,), in %, from (N, P) strain without a unit."""
    return 100 * np.nanmean(strain, axis=1)


def index_axis_label(name: str, unit: str) -> str:
    """Return the label of the index axis: "time (ms)", "frame"."""
    return f"{name} ({unit})" if unit else name


def require_strains(strains: Mapping[str, np.ndarray], frames: int) -> None:
    """Raise InvalidInputError unless there are one to three strains, each (frames, points), that can be averaged."""
    if not 1 <= len(strains) <= len(STRAIN_COLOURS):
        raise InvalidInputError(f"One to {len(STRAIN_COLOURS)} strains can be drawn, got {len(strains)}.")
    for name, strain in strains.items():
        if strain.ndim != 2 or len(strain) != frames:
            raise InvalidInputError(f"The {name} strain must be ({frames} frames, points), got {strain.shape}.")
        if np.isnan(strain).all(axis=1).any():
            raise InvalidInputError(f"The {name} strain is NaN at every point of a frame.")


def _draw_curve(axes: Axes, times: np.ndarray, strain: np.ndarray, colour: str) -> None:
    low, high = 100 * np.nanpercentile(strain, BAND, axis=1)
    axes.fill_between(times, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(times, mean_percent(strain), "o-", color=colour, markersize=3, linewidth=1.6)
    axes.axhline(0.0, color="black", linewidth=0.7)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.margins(y=0.16)  # room for the label of the peak


def _mark_peak(axes: Axes, times: Sequence[float], curve: np.ndarray, unit: str) -> None:
    """Circle the value farthest from zero, and label it with its value and time."""
    frame = int(np.abs(curve).argmax())
    above = curve[frame] > 0
    along = (times[frame] - times[0]) / ((times[-1] - times[0]) or 1.0)
    side = "left" if along < 0.2 else "right" if along > 0.8 else "center"  # so that it stays in the panel
    axes.plot(times[frame], curve[frame], "o", markerfacecolor="none", markeredgecolor="black", markersize=8)
    axes.annotate(
        f"{curve[frame]:+.1f} % at {index_label(times[frame], unit)}",
        (times[frame], curve[frame]),
        xytext=(0, 7 if above else -7),
        textcoords="offset points",
        ha=side,
        va="bottom" if above else "top",
        fontsize=8.5,
        fontweight="bold",
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )
