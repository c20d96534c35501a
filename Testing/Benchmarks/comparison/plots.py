"""Curves of the scores over the time between the kept frames, one line for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from comparison.engines import BASELINES, OURS
from comparison.run import SetResult
from peers.catalogue import PEER_NAMES
from temporal_interp.evaluation.evaluate import Row
from temporal_interp.figures.canvas import ENGINE_COLOURS, new_figure, save

MIN_FRAMES = 2
"""Held-out frames per gap: with one there is no curve to draw."""

LEGEND_COLUMNS = 5
OTHERS = ("#17BECF", "#56B4E9", "#BCBD22", "#000000", "#8C564B", "#6A3D9A", "#B2DF8A", "#E377C2", "#FB9A99")
MARKERS = ("s", "^", "v", "D", "X", "P", "*", "<", ">")
LINES = ("--", "-.", (0, (1, 1)), (0, (6, 2, 1, 2, 1, 2)))
"""Of the baselines."""


def save_curves(result: SetResult, path: Path) -> bool:
    """Draw the PSNR (moving region) and, where the motion is known, the end-point error over t.

    A curve is the mean over all gaps and cases, each read at the same times by linear interpolation.

    Returns:
        Whether there were data to draw: gaps with several frames, and an engine that did not fail.
    """
    done = [engine for engine in result.engines if not engine.failures]
    times = common_times(done[0].rows) if done else np.empty(0)
    if len(times) < MIN_FRAMES:
        return False
    shown = [name for name in ("psnr_moving", "epe_mm") if any(name in row.measures for e in done for row in e.rows)]
    figure = new_figure(4.3)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, name in zip(panels, shown, strict=True):
        for engine in done:
            if name in engine.rows[0].measures:
                axes.plot(times, mean_curve(engine.rows, name, times), **_look(engine.engine))
        axes.set_xlabel("t  (0 first kept frame, 1 last)", fontsize=9)
        axes.grid(alpha=0.25)
        axes.tick_params(labelsize=8)
    panels[0].set_title("PSNR (moving region), dB", fontsize=10)
    if "epe_mm" in shown:
        panels[1].set_title("end-point error (mm)", fontsize=10)
        _draw_no_motion(panels[1], next(e.rows for e in done if "epe_mm" in e.rows[0].measures), times)
    handles = {
        label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="lower center", ncols=5, frameon=False, fontsize=8)
    figure.suptitle(f"{result.name}: {result.case_set.title}", fontsize=10, y=0.985)
    lines = -(-len(handles) // LEGEND_COLUMNS)
    figure.subplots_adjust(left=0.06, right=0.985, top=0.865, bottom=0.13 + 0.05 * lines, wspace=0.13)
    save(figure, path)
    return True


def _draw_no_motion(axes: Axes, rows: Sequence[Row], times: np.ndarray) -> None:
    curve = mean_curve(rows, "epe_still_mm", times)
    axes.plot(times, curve, color="#7F7F7F", linestyle=":", linewidth=1.4, label="no motion at all")
    axes.set_ylim(bottom=0.0)


def _look(name: str) -> dict[str, Any]:
    """Return the line style of an engine: ours bold, baselines grey and dashed, others thin with markers."""
    if name in OURS:
        return {"label": name, "color": ENGINE_COLOURS[1 + OURS.index(name)], "linewidth": 2.4, "marker": "o", "ms": 4}
    if name in BASELINES:
        style = LINES[BASELINES.index(name)]
        return {"label": name, "color": ENGINE_COLOURS[0], "linewidth": 1.4, "linestyle": style}
    number = PEER_NAMES.index(name)
    marks = {"color": OTHERS[number % len(OTHERS)], "marker": MARKERS[number % len(MARKERS)]}
    return {"label": name, "linewidth": 1.1, "ms": 4, **marks}


def common_times(rows: Sequence[Row]) -> np.ndarray:
    """Return the times at which the curves of all gaps are read: as many as most gaps have, within all of them."""
    gaps = _gaps(rows)
    count = int(np.median([len(gap) for gap in gaps.values()]))
    return np.linspace(max(gap[0].t for gap in gaps.values()), min(gap[-1].t for gap in gaps.values()), count)


def mean_curve(rows: Sequence[Row], name: str, times: np.ndarray) -> np.ndarray:
    """Return the mean of a measure over all gaps, at some times."""
    curves = [
        np.interp(times, [row.t for row in gap], [row.measures[name] for row in gap]) for gap in _gaps(rows).values()
    ]
    return np.mean(curves, axis=0)


def _gaps(rows: Sequence[Row]) -> Mapping[tuple[str, int], list[Row]]:
    """Return the rows of every gap of every case, in order of time."""
    gaps: dict[tuple[str, int], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.t):
        gaps.setdefault((row.patient, row.first), []).append(row)
    return gaps
