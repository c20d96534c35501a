"""Rows and columns of pictures of one shape, with room for labels around them."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from temporal_interp.figures.canvas import WIDTH, new_figure, place


@dataclass(frozen=True)
class PictureGrid:
    """Where pictures go on a figure of the standard width; lengths in inches.

    Attributes:
        rows: number of rows.
        columns: number of columns.
        height_over_width: shape of every picture.
        left: room left of the pictures.
        right: room right of them.
        top: room above them.
        bottom: room below them.
        gap: room between columns.
        row_gap: room between rows.
        max_width: pictures are never wider than this.
        max_height: pictures are never taller than this.
    """

    rows: int
    columns: int
    height_over_width: float
    left: float = 0.1
    right: float = 0.1
    top: float = 0.4
    bottom: float = 0.1
    gap: float = 0.05
    row_gap: float = 0.05
    max_width: float = 3.0
    max_height: float = 3.0

    @property
    def width(self) -> float:
        """Width of a picture."""
        room = WIDTH - self.left - self.right - self.gap * (self.columns - 1)
        return min(room / self.columns, self.max_width, self.max_height / self.height_over_width)

    @property
    def height(self) -> float:
        """Height of a picture."""
        return self.width * self.height_over_width

    def top_of(self, row: int) -> float:
        """Return the distance of a row's upper edge from the top of the figure."""
        return self.top + row * (self.height + self.row_gap)

    @property
    def right_edge(self) -> float:
        """Distance of the last column's right edge from the left of the figure."""
        return self.left + self.columns * self.width + (self.columns - 1) * self.gap

    def new_figure(self) -> Figure:
        """Return an empty figure that holds the whole grid."""
        height = self.top_of(self.rows - 1) + self.height + self.bottom
        return new_figure(height, width=min(WIDTH, self.right_edge + self.right))

    def axes(self, figure: Figure, row: int, column: int) -> Axes:
        """Return axes for one picture."""
        left = self.left + column * (self.width + self.gap)
        return place(figure, left, self.top_of(row), self.width, self.height)
