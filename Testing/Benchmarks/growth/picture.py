"""Time and memory against size, frames and t, in three panels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from matplotlib.ticker import NullFormatter

from growth.growths import engines_in, of, pair_seconds
from growth.rows import FRAMES, SIZE, TIMES, Row
from temporal_interp.figures.canvas import ENGINE_COLOURS, new_figure, save

TITLES = ("Pair and one frame", "One frame into every gap", "Frames from one pair")
LABELS = ("voxels", "frames of the sequence", "number of t")
LINE = {"markersize": 4, "linewidth": 1.6}


def save_picture(rows: Sequence[Row], path: Path) -> None:
    """Draw what was measured: seconds as lines with dots, GB as dashed lines on the right."""
    figure = new_figure(3.9)
    panels = sizes, frames, times = figure.subplots(1, 3)
    memory = sizes.twinx()
    engines = engines_in(rows, SIZE)
    for engine, colour in zip(engines, itertools.cycle(ENGINE_COLOURS[1:]), strict=False):
        done = [row for row in of(rows, SIZE, engine) if {"prepare", "frame"} <= set(row.seconds)]
        pairs = [(row.voxels, row.seconds["prepare"] + row.seconds["frame"]) for row in done]
        sizes.plot(*_columns(pairs), "o-", color=colour, label=engine, **LINE)
        held = [(row.voxels, row.gb["peak"]) for row in done if "peak" in row.gb]
        memory.plot(*_columns(held), ":", color=colour, **LINE)
        filled = [(row.count, row.seconds.get("sequence")) for row in of(rows, FRAMES, engine)]
        frames.plot(*_columns(filled), "o-", color=colour, **LINE)
        asked = [(row.count, pair_seconds(row)) for row in of(rows, TIMES, engine)]
        times.plot(*_columns(asked), "o-", color=colour, **LINE)
    for axes, title, label in zip(panels, TITLES, LABELS, strict=True):
        axes.set(xscale="log", yscale="log", xlabel=label)
        axes.set_title(title, fontsize=10)
        axes.grid(alpha=0.3)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_minor_formatter(NullFormatter())
    for axes, study in ((frames, FRAMES), (times, TIMES)):
        counts = sorted({row.count for row in rows if row.study == study})
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.minorticks_off()
    sizes.set_ylabel("seconds")
    memory.set_ylabel("dotted: peak memory in GB", fontsize=8)
    memory.set_ylim(bottom=0)
    memory.tick_params(labelsize=8)
    figure.legend(loc="lower center", ncols=4, frameon=False, fontsize=9)
    figure.subplots_adjust(left=0.075, right=0.985, top=0.91, bottom=0.235, wspace=0.42)
    save(figure, path)


def _columns(points: Sequence[tuple[float, float | None]]) -> tuple[list[float], list[float]]:
    """Return x and y of the points that were measured."""
    known = [(x, y) for x, y in points if y is not None]
    return [x for x, _ in known], [y for _, y in known]
