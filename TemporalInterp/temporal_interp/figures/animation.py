"""A film of the acquired frames alone beside one with the synthetic frames between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.figures.canvas import ACQUIRED, SYNTHETIC, index_label
from temporal_interp.figures.film import Film, empty_picture, frame_durations
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.view import View, display_range, view_of_motion


def save_animation(sequence: Sequence, path: Path) -> None:
    """Write an endless animated GIF, 900 pixels wide or less, that plays the whole sequence in about `FILM_SECONDS`.

    Left, only the acquired frames, each until the next comes; right, all frames. The label under each picture says
    whether it is acquired or SYNTHETIC, and its time. A frame lasts as long as the gap to the next; the last frame as
    long as the median gap.

    Raises:
        InvalidInputError: every frame of the sequence is synthetic.
    """
    durations = frame_durations(sequence.times)
    view, grey = view_of_motion(sequence), display_range(sequence)
    pictures = [grey.normalise(view.of(volume.array)) for volume in sequence.volumes]
    synthetic = [is_synthetic(attributes) for attributes in sequence.item_attributes]
    stage = _Stage(view, sequence)
    shown = synthetic.index(False)
    for number in range(len(sequence)):
        if not synthetic[number]:
            shown = number
        stage.show(0, pictures[shown], shown, synthetic=False)
        stage.show(1, pictures[number], number, synthetic=synthetic[number])
        stage.film.take()
    stage.film.save(path, durations)


class _Stage:
    """A figure with two pictures whose contents are exchanged from frame to frame."""

    def __init__(self, view: View, sequence: Sequence) -> None:
        self._sequence = sequence
        grid = PictureGrid(
            1, 2, view.height_over_width, top=0.35, bottom=0.4, gap=0.12, max_width=4.35, max_height=4.35
        )
        figure = grid.new_figure()
        self.film = Film(figure, (ACQUIRED, SYNTHETIC))
        self._axes = [grid.axes(figure, 0, column) for column in (0, 1)]
        self._pictures = [empty_picture(axes, view) for axes in self._axes]
        for axes, title in zip(self._axes, ("acquired frames only", "with synthetic frames"), strict=True):
            axes.set_title(title, fontsize=11, pad=5, color="white")

    def show(self, column: int, picture: np.ndarray, number: int, *, synthetic: bool) -> None:
        """Put a picture and its label into a column."""
        self._pictures[column].set_data(picture)
        time = index_label(self._sequence.times[number], self._sequence.unit)
        kind = "SYNTHETIC" if synthetic else "acquired"
        colour = SYNTHETIC if synthetic else ACQUIRED
        self._axes[column].set_xlabel(f"{kind}   {time}", fontsize=11, fontweight="bold", color=colour)
