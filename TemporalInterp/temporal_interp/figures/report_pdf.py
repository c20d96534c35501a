"""A report as PDF, A4 upright, laid out with matplotlib, which the command line has anyway."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from PIL import Image

from temporal_interp.evaluation.evaluate import Evaluation
from temporal_interp.evaluation.report import breakable
from temporal_interp.figures.canvas import new_figure, place
from temporal_interp.figures.report_content import ReportContent
from temporal_interp.figures.report_pictures import score_curves

WIDTH, HEIGHT = 8.27, 11.69
"""A4, in inches."""
MARGIN = 0.8
_LINE = 1.35
"""Distance of lines over the size of the letters."""


def write_report_pdf(report: ReportContent, evaluation: Evaluation, path: Path) -> None:
    """Write a report; `path` is replaced.

    Args:
        report: what it says.
        evaluation: the scores to plot.
        path: where to.
    """
    pages = _Pages()
    pages.write("TemporalInterp: acquired frames were hidden, predicted, and compared", size=9, colour="#5c6670")
    pages.write(f"Check of {report.title}", size=17, bold=True)
    pages.write(report.verdict, size=11.5)
    pages.heading("Scores")
    for preset, table in report.tables.items():
        if len(report.tables) > 1:
            pages.write(f"Scored as: {preset}", size=10, bold=True)
        pages.table(table.head, table.lines)
    pages.bullets(report.measures, size=8)
    pages.heading("Scores over time", below=3.5)
    for title, figure in score_curves(evaluation):
        pages.plot(title, figure)
    if report.worst:
        pages.heading(f"Worst frames, slice {report.scale.slice_number}", below=4.0)
    for one in report.worst:
        pages.pictures(f"{breakable(one.engine)}: {one.caption}", (one.acquired, one.synthetic, one.error))
    if report.worst:
        top = f"{100 * report.scale.top:.3g} %"
        pages.write(f"The brightest error is {top} of the intensity range and more; black is none.", size=8.5)
    if report.coverage:
        pages.heading("Expected error")
        pages.bullets(report.coverage)
    pages.heading("What this check does not say")
    pages.bullets(report.limits)
    for title, facts in (("Data", report.data), ("Engines", report.engines), ("Software", report.software)):
        pages.heading(title)
        for name, text in facts:
            pages.write(f"{name}: {text}", size=9.5)
    pages.bullets(report.notes, size=8)
    title = f"Check of {report.title}".encode("latin-1", "replace").decode("latin-1")
    about = {"Title": title, "Subject": "Synthetic frames compared with acquired ones"}
    with warnings.catch_warnings(), PdfPages(path, metadata=about) as file:
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # boxes stand for letters that the font lacks
        for number, figure in enumerate(pages.figures, 1):
            figure.text(0.5, 0.35 / HEIGHT, f"{number} / {len(pages.figures)}", ha="center", fontsize=8)
            file.savefig(figure)


class _Pages:
    """Pages that are filled from the top down."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self._new()

    def _new(self) -> None:
        self.figures.append(new_figure(HEIGHT, width=WIDTH))
        self._y = MARGIN

    def _room(self, height: float) -> None:
        if self._y + height > HEIGHT - MARGIN:
            self._new()

    def heading(self, text: str, *, below: float = 1.0) -> None:
        """Write a heading, with room for so many inches below it on the same page."""
        self._y += 0.15
        self._room(0.3 + below)
        self.write(text, size=12.5, bold=True)

    def write(
        self, text: str, *, size: float = 10, bold: bool = False, colour: str = "black", indent: float = 0
    ) -> None:
        """Write text in as many lines as it takes; it is never taken for a formula."""
        letters = int((WIDTH - 2 * MARGIN - indent) * 72 / (size * (0.58 if bold else 0.53)))
        for line in textwrap.wrap(text, letters, break_long_words=True) or [""]:
            height = size * _LINE / 72
            self._room(height)
            self._text(MARGIN + indent, line, size, colour=colour, weight="bold" if bold else "normal")
            self._y += height
        self._y += 0.04

    def bullets(self, texts: Iterable[str], *, size: float = 9.5) -> None:
        """Write a list."""
        for text in texts:
            self._room(size * _LINE / 72)
            self._text(MARGIN, "\N{BULLET}", size)
            self.write(text, size=size, indent=0.18)

    def table(self, head: list[str], lines: list[list[str]]) -> None:
        """Write a table of text, its columns as wide as the page allows."""
        first, size = 1.2, 8.5 if len(head) <= 6 else 6.5
        width = min(1.6, (WIDTH - 2 * MARGIN - first) / max(1, len(head) - 1))
        letters = max(6, int(width * 72 / (size * 0.6)))
        heads = [textwrap.wrap(cell, letters) or [""] for cell in head]
        height = size * _LINE / 72
        self._room(height * (max(map(len, heads)) + len(lines)))
        for number in range(max(map(len, heads))):
            cells = [parts[number] if number < len(parts) else "" for parts in heads]
            self._cells(cells, first, width, size, weight="bold")
        for line in lines:
            self._room(height)
            self._cells(line, first, width, size)
        self._y += 0.1

    def _cells(self, cells: list[str], first: float, width: float, size: float, weight: str = "normal") -> None:
        self._text(MARGIN, cells[0], size, weight="bold")
        for column, cell in enumerate(cells[1:], 1):
            self._text(MARGIN + first + column * width, cell, size, ha="right", weight=weight)
        self._y += size * _LINE / 72

    def plot(self, title: str, figure: Figure) -> None:
        """Draw a plot across the page, from its pixels at 200 dots per inch."""
        figure.set_dpi(200)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())  # type: ignore[attr-defined] # the canvas is that of Agg
        width = WIDTH - 2 * MARGIN
        height = width * pixels.shape[0] / pixels.shape[1]
        self._room(height + 0.3)
        self.write(title, size=10, bold=True)
        self._image(pixels, MARGIN, width, height)
        self._y += height + 0.1

    def pictures(self, title: str, pictures: tuple[Image.Image, Image.Image, Image.Image]) -> None:
        """Draw an acquired frame, a synthetic one, and the error, side by side."""
        gap = 0.1
        width = (WIDTH - 2 * MARGIN - 2 * gap) / 3
        height = width * pictures[0].height / pictures[0].width
        if height > 3.2:
            width, height = width * 3.2 / height, 3.2
        self._room(height + 0.6)
        self.write(title, size=10, bold=True)
        for column, (name, picture) in enumerate(zip(("acquired", "SYNTHETIC", "error"), pictures, strict=True)):
            left = MARGIN + column * (width + gap)
            self._image(np.asarray(picture), left, width, height)
            self._text(left, name, 8.5, below=height + 0.03)
        self._y += height + 0.3

    def _image(self, pixels: np.ndarray, left: float, width: float, height: float) -> None:
        axes = place(self.figures[-1], left, self._y, width, height)
        axes.imshow(pixels, aspect="auto")
        axes.set_axis_off()

    def _text(
        self, left: float, text: str, size: float, *, below: float = 0.0, colour: str = "black", **how: Any
    ) -> None:
        y = 1 - (self._y + below) / HEIGHT
        self.figures[-1].text(left / WIDTH, y, text, fontsize=size, va="top", color=colour, parse_math=False, **how)
