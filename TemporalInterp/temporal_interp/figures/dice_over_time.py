"""Dice against the time that a pair takes, as NeVF's Figure 2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.ticker import FuncFormatter

from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import ENGINE_COLOURS, new_figure, save

NO_TIME = 1e-3
"""Seconds below which a method does nothing."""

MARKERS = "os^Dv"
ITERATIONS = re.compile(r":iterations=(\d+)")


def save_dice_over_time(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw a point for every row; rows that differ in the number of iterations alone are joined by a line.

    What takes no time, such as the affine start, is a line across.

    Args:
        rows: of `registration_table.summary`.
        path: of the picture.

    Raises:
        InvalidInputError: there are no rows, or the ending of the name is not that of a picture.
    """
    if not rows:
        raise InvalidInputError("There are no scores to draw.")
    figure = new_figure(4.2)
    axes = figure.add_subplot()
    for number, name in enumerate(dict.fromkeys(ITERATIONS.sub("", row["method"]) for row in rows)):
        mine = sorted((r for r in rows if ITERATIONS.sub("", r["method"]) == name), key=lambda row: row["seconds"])
        colour = ENGINE_COLOURS[number % len(ENGINE_COLOURS)]
        marker = MARKERS[number // len(ENGINE_COLOURS) % len(MARKERS)]
        if mine[-1]["seconds"] < NO_TIME:
            axes.axhline(mine[-1]["dice"], color=colour, linestyle="--", linewidth=1.2, label=name)
            continue
        seconds, dice = [row["seconds"] for row in mine], [row["dice"] for row in mine]
        axes.plot(seconds, dice, marker + "-", color=colour, markersize=5, label=name)
        for at, row in zip(seconds, mine, strict=True):
            iterations = ITERATIONS.search(row["method"])
            if iterations is not None:
                axes.annotate(
                    iterations[1],
                    (at, row["dice"]),
                    xytext=(0, -11),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7,
                )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("seconds a pair")
    axes.set_ylabel("Dice, mean over structures")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.01, 0.5))
    axes.margins(0.12)
    figure.tight_layout()
    save(figure, path)
