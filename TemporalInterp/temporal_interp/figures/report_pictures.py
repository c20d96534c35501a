"""The pictures of a report: the worst frames beside the acquired ones, with error maps, and the scores over time."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import Evaluation, Row
from temporal_interp.evaluation.nearest_endpoint import BASELINE
from temporal_interp.evaluation.presets import presets_named
from temporal_interp.figures.canvas import ERROR_COLOURS, GREY, high_percentile, new_figure
from temporal_interp.figures.curves import TITLES, draw_scores
from temporal_interp.figures.film_pictures import write_word
from temporal_interp.figures.view import View, view_of_motion

WIDTH = 360
"""Pixels that a picture has at least, by a whole factor; a third of a wide page."""

GROUNDS = {"light": ("white", "#222222"), "dark": ("#16191d", "#e6e6e6")}
"""Colours of the page and of the text on it."""


@dataclass(frozen=True)
class WorstPictures:
    """A hidden frame: acquired, synthetic, and the error between them.

    Attributes:
        engine: label of the engine.
        preset: how it was scored.
        caption: which frame, and its score.
        acquired: in RGB.
        synthetic: in RGB, marked as such.
        error: in RGB, in the colours of the scale.
    """

    engine: str
    preset: str
    caption: str
    acquired: Image.Image
    synthetic: Image.Image
    error: Image.Image


@dataclass(frozen=True)
class ErrorScale:
    """The scale of all error maps.

    Attributes:
        top: error of the brightest colour, as a share of the intensity range.
        colours: from no error to the top, evenly spaced, as #RRGGBB.
        slice_number: of the slice that is shown.
    """

    top: float
    colours: tuple[str, ...]
    slice_number: int


def worst_pictures(sequence: Sequence, evaluation: Evaluation, count: int) -> tuple[list[WorstPictures], ErrorScale]:
    """Return the worst kept frames of every engine in the first preset, and the scale of their error maps."""
    preset = evaluation.rows[0].preset
    scaled = presets_named(preset)[0].scale(sequence)
    view = view_of_motion(scaled)
    shown: list[tuple[Row, np.ndarray, np.ndarray]] = []
    for engine in dict.fromkeys(row.engine for row in evaluation.rows if row.engine != BASELINE):
        for row in evaluation.worst(preset, engine, count):
            frame = evaluation.kept.get((preset, engine, row.frame))
            if frame is not None:
                shown.append((row, view.of(scaled[row.frame].array), view.of(frame.volume.array)))
    errors = [np.abs(predicted - acquired) for _, acquired, predicted in shown]
    top = high_percentile(np.array(errors)) or 1.0 if errors else 1.0
    colours = tuple(_hex(ERROR_COLOURS(step)) for step in np.linspace(0, 1, 9))
    pictures = []
    for (row, acquired, predicted), error in zip(shown, errors, strict=True):
        synthetic = _picture(GREY(_masked(predicted)), view)
        write_word(synthetic)
        pictures.append(
            WorstPictures(
                row.engine,
                preset,
                _caption(row, scaled),
                _picture(GREY(_masked(acquired)), view),
                synthetic,
                _picture(ERROR_COLOURS(_masked(error / top)), view),
            )
        )
    return pictures, ErrorScale(top, colours, view.k)


def score_curves(evaluation: Evaluation, *, ground: str = "light") -> list[tuple[str, Figure]]:
    """Return a plot of the scores over time, of every preset, with a title in words.

    Args:
        evaluation: the scores.
        ground: "light" or "dark", what the plot stands on.
    """
    if ground not in GROUNDS:
        raise InvalidInputError(f"There is no ground '{ground}'; choose one of {', '.join(GROUNDS)}.")
    plots = []
    presets = list(dict.fromkeys(row.preset for row in evaluation.rows))
    for preset in presets:
        rows = [row for row in evaluation.rows if row.preset == preset]
        for name in TITLES:
            values = [row.measures.get(name, math.nan) for row in rows]
            if any(map(math.isfinite, values)):
                title = TITLES[name] if len(presets) == 1 else f"{TITLES[name]}, {preset}"
                plots.append((title, _plot(evaluation, rows, name, *GROUNDS[ground])))
    return plots


def as_svg(figure: Figure) -> bytes:
    """Return a figure as SVG, the same bytes for the same figure."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def as_png(picture: Image.Image) -> bytes:
    """Return a picture as PNG."""
    stream = io.BytesIO()
    picture.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _plot(evaluation: Evaluation, rows: list[Row], name: str, ground: str, ink: str) -> Figure:
    engines = len({row.engine for row in rows})
    figure = new_figure(2.9 + 0.2 * -(-engines // 3), width=7.2)
    figure.set_facecolor(ground)
    axes = figure.subplots()
    axes.set_facecolor(ground)
    draw_scores(axes, rows, name, by_t=False)
    unit = f" ({evaluation.unit})" if evaluation.unit else ""
    axes.set_xlabel(f"{evaluation.index_name}{unit}".replace("$", r"\$"), color=ink)
    axes.set_ylabel("dB, more is better", color=ink)
    axes.tick_params(colors=ink)
    axes.spines[["left", "bottom"]].set_color(ink)
    legend = axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False, fontsize=9, labelcolor=ink
    )
    for text in legend.get_texts():
        text.set_text(text.get_text().replace("_", " "))
    figure.subplots_adjust(left=0.09, right=0.98, top=0.96, bottom=0.24 + 0.045 * -(-engines // 3))
    return figure


def _caption(row: Row, scaled: Sequence) -> str:
    moving = row.measures.get("psnr_moving", math.nan)
    score = f"{moving:.1f} dB where it moves" if math.isfinite(moving) else f"{row.measures['psnr']:.1f} dB"
    numbered = not scaled.unit and row.index_value == row.frame  # the time would only repeat the number
    when = "" if numbered else f" at {scaled.time_in_words(row.frame)}"
    return f"frame {row.frame}{when}: {score}"


def _masked(array: np.ndarray) -> np.ndarray:
    return np.ma.masked_invalid(np.clip(array, 0.0, 1.0))


def _picture(colours: np.ndarray, view: View) -> Image.Image:
    """Return (rows, columns, 4) colours from 0 to 1 as a picture of true shape, enlarged by a whole factor."""
    rows, columns = colours.shape[:2]
    aspect = view.pixel_aspect
    width, height = (columns, rows * aspect) if aspect >= 1 else (columns / aspect, rows)
    scale = max(1, math.ceil(WIDTH / max(width, height)))
    scale = min(scale, 1200 / max(width, height))
    size = max(1, round(scale * width)), max(1, round(scale * height))
    picture = Image.fromarray(np.rint(255 * colours[..., :3]).astype(np.uint8))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _hex(colour: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour[:3])
