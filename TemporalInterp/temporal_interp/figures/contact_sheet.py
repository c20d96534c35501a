"""All frames of a sequence side by side; their borders distinguish acquired and synthetic ones."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.figures.canvas import ACQUIRED, SYNTHETIC, draw_image, index_label, save
from temporal_interp.figures.grid import PictureGrid
from temporal_interp.figures.view import display_range, view_of_motion

MAX_COLUMNS = 9


def save_contact_sheet(sequence: Sequence, path: Path) -> None:
    """Draw every frame of a sequence with its time; the colour of the border says whether it was acquired.

    The slice with most motion is shown, cropped around the motion.

    Raises:
        InvalidInputError: every frame of the sequence is synthetic.
    """
    view, grey = view_of_motion(sequence), display_range(sequence)
    columns = min(MAX_COLUMNS, len(sequence))
    rows = -(-len(sequence) // columns)
    grid = PictureGrid(
        rows, columns, view.height_over_width, top=0.45, gap=0.08, row_gap=0.27, bottom=0.3, max_height=1.5
    )
    figure = grid.new_figure()
    for number, (volume, value) in enumerate(zip(sequence.volumes, sequence.times, strict=True)):
        axes = grid.axes(figure, *divmod(number, columns))
        draw_image(axes, volume.array, view, grey)
        synthetic = is_synthetic(sequence.item_attributes[number])
        _frame(axes, SYNTHETIC if synthetic else ACQUIRED)
        axes.set_xlabel(index_label(value, sequence.unit), fontsize=8, labelpad=3)
    legend = [Patch(color=ACQUIRED, label="acquired"), Patch(color=SYNTHETIC, label="SYNTHETIC")]
    figure.legend(handles=legend, loc="upper center", ncols=2, frameon=False, fontsize=9.5)
    save(figure, path)


def _frame(axes: Axes, colour: str) -> None:
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(colour)
        spine.set_linewidth(2.5)
