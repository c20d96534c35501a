"""Curves of the scores over the held-out frames, one line for every engine."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes

from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import Evaluation, Row
from temporal_interp.figures.canvas import ENGINE_COLOURS, new_figure, save

TITLES = {"psnr": "PSNR, whole volume", "psnr_moving": "PSNR, moving region"}


def save_curves(evaluation: Evaluation, path: Path, *, preset: str = "native") -> None:
    """Draw PSNR, and PSNR in the moving region where the preset has it, over the held-out frames.

    The horizontal axis is t where one gap was held out, the index value (time) where several were.

    Raises:
        InvalidInputError: the evaluation has no rows of that preset.
    """
    rows = [row for row in evaluation.rows if row.preset == preset]
    if not rows:
        raise InvalidInputError(f"The evaluation has no scores of the preset '{preset}' to draw.")
    shown = [name for name in TITLES if name in rows[0].measures]
    one_gap = len({row.first for row in rows}) == 1
    figure = new_figure(3.5)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, name in zip(panels, shown, strict=True):
        draw_scores(axes, rows, name, by_t=one_gap)
        axes.set_title(TITLES[name], fontsize=10)
        unit = f" ({evaluation.unit})" if evaluation.unit else ""
        axes.set_xlabel("t  (0 first kept frame, 1 last)" if one_gap else f"{evaluation.index_name}{unit}")
    panels[0].set_ylabel("dB")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=min(len(labels), 4), frameon=False, fontsize=9)
    lines = -(-len(labels) // 4)
    figure.suptitle(f"Held-out frames: {evaluation.protocol}", fontsize=10, y=0.985)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.83, bottom=0.16 + 0.065 * lines, wspace=0.13)
    save(figure, path)


def draw_scores(axes: Axes, rows: list[Row], name: str, *, by_t: bool) -> None:
    """Draw a measure of every engine, over t or the index value: a line a gap, or one where gaps have one frame."""
    for number, engine in enumerate(dict.fromkeys(row.engine for row in rows)):
        mine = [row for row in rows if row.engine == engine]
        label = engine.replace("$", r"\$")  # which would begin a formula
        colour = ENGINE_COLOURS[number % len(ENGINE_COLOURS)]
        gaps = [[row for row in mine if row.first == first] for first in dict.fromkeys(row.first for row in mine)]
        for gap, part in enumerate([mine] if max(map(len, gaps)) == 1 else gaps):
            x = [row.t if by_t else row.index_value for row in part]
            y = [row.measures[name] for row in part]
            axes.plot(x, y, "o-", color=colour, markersize=4, linewidth=1.6, label=None if gap else label)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
