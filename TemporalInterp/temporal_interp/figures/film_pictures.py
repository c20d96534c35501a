"""The pictures of a film: slices in grey, of their true shape, the way round one is used to, synthetic ones marked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from temporal_interp.data.field_of_view import field_of_view
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.provenance import (
    SLICE_FACTOR_KEY,
    SYNTHETIC_SLICES_KEY,
    has_synthetic_slices,
    is_synthetic,
)
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import OUTSIDE, SYNTHETIC

WORD = "SYNTHETIC"
SHORTEST, LONGEST = 256, 1920
"""Pixels: the shorter side of a picture is enlarged to the first, by a whole factor, if the longer one stays below the
second, to which it is reduced."""

PERCENTILES = (0.5, 99.5)
"""Of the voxels of the acquired frames: what is drawn black and white (our choice)."""

_MIN_WIDTH, _MIN_HEIGHT = 160, 64
"""Pixels: room for the word, however thin the image is."""
_GAP = 2
"""Pixels between the slices of a montage."""


def film_range(sequence: Sequence, window: tuple[float, float] | None = None) -> IntensityRange:
    """Return the intensities that are black and white: a window (low, high), or percentiles of the acquired frames.

    Raises:
        InvalidInputError: the window is empty or not finite, or every voxel of the frames is the same.
    """
    if window is not None:
        return IntensityRange(*window)
    low, high = PERCENTILES
    return IntensityRange.of(sequence.acquired().volumes, lower_percentile=low, upper_percentile=high)


@dataclass(frozen=True)
class FilmPictures:
    """Draws frames of a sequence.

    Attributes:
        sequence: the frames.
        slices: numbers of the slices that are shown, side by side where there are several.
        grey: intensities shown as black and white.
    """

    sequence: Sequence
    slices: tuple[int, ...]
    grey: IntensityRange

    def of(self, number: int) -> Image.Image:
        """Return a frame in RGB; in the corner of a synthetic one is the word."""
        width, height = self._slice_size
        columns, rows = self._layout
        across, down = columns * width + (columns - 1) * _GAP, rows * height + (rows - 1) * _GAP
        picture = Image.new("RGB", (max(across, _MIN_WIDTH), max(down, _MIN_HEIGHT)), "black")
        left, top = (picture.width - across) // 2, (picture.height - down) // 2
        for place, k in enumerate(self.slices):
            row, column = divmod(place, columns)
            one = self._slice(self.sequence[number].array[k])
            picture.paste(one, (left + column * (width + _GAP), top + row * (height + _GAP)))
        if self.is_marked(number):
            write_word(picture)
        return picture

    def is_marked(self, number: int) -> bool:
        """Tell whether a frame is synthetic, or a slice of it that is shown may be."""
        attributes = self.sequence.item_attributes[number]
        if is_synthetic(attributes):
            return True
        if not has_synthetic_slices(attributes):
            return False
        factor = attributes.get(SLICE_FACTOR_KEY, "")
        if attributes[SYNTHETIC_SLICES_KEY] == "all" or not factor.isdecimal() or int(factor) < 2:
            return True
        return any(k % int(factor) for k in self.slices)

    @property
    def _layout(self) -> tuple[int, int]:
        """Columns and rows of a montage that is about as wide as high."""
        _, rows, columns = self.sequence.geometry.shape
        aspect = (rows * self._aspect[1]) / (columns * self._aspect[0])
        across = min(len(self.slices), max(1, round(math.sqrt(len(self.slices) * aspect))))
        return across, -(-len(self.slices) // across)

    @property
    def _aspect(self) -> tuple[float, float]:
        """Width and height of a voxel over the smaller of both."""
        spacing_j, spacing_i = self.sequence.geometry.spacing_kji[1:]
        smaller = min(spacing_i, spacing_j)
        return spacing_i / smaller, spacing_j / smaller

    @property
    def _slice_size(self) -> tuple[int, int]:
        """Width and height of a slice, in pixels of the film."""
        _, rows, columns = self.sequence.geometry.shape
        across, down = self._layout
        width, height = columns * self._aspect[0], rows * self._aspect[1]
        shorter, longer = sorted((across * width, down * height))
        scale = min(max(1, math.ceil(SHORTEST / shorter)), LONGEST / longer)
        return max(1, round(scale * width)), max(1, round(scale * height))

    def _slice(self, array: np.ndarray) -> Image.Image:
        """Return a slice (J, I); what is NaN or infinite is slate."""
        array = upright(array, self.sequence.geometry)
        grey = np.rint(255 * np.nan_to_num(self.grey.normalise(array))).astype(np.uint8)
        picture = Image.fromarray(grey).resize(self._slice_size, Image.Resampling.BILINEAR).convert("RGB")
        seen = field_of_view(array)
        if seen is not None:
            hole = Image.fromarray(np.where(seen, 0, 255).astype(np.uint8))
            picture.paste(OUTSIDE, mask=hole.resize(self._slice_size, Image.Resampling.NEAREST))
        return picture


def chosen_slices(geometry: Geometry, choice: str | None) -> tuple[int, ...]:
    """Return the numbers of the slices that a user asks for: a number, "all", or None for the middle one.

    Raises:
        InvalidInputError: there is no such slice.

    Example:
        >>> chosen_slices(Geometry((6, 8, 8)), None), chosen_slices(Geometry((2, 8, 8)), "all")
        ((3,), (0, 1))
    """
    count = geometry.shape[0]
    if choice is None:
        return (count // 2,)
    if choice.strip().lower() == "all":
        return tuple(range(count))
    if not choice.strip().isdecimal() or int(choice) >= count:
        there = f"the slices 0 to {count - 1}" if count > 1 else "one slice, 0"
        raise InvalidInputError(f"There is no slice '{choice}'; the images have {there}. Give one, or all.")
    return (int(choice),)


def upright(array: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return a slice (J, I) with the patient's left to the right of the picture, and the back or the feet below.

    Rows or columns that run the other way, as in many NIfTI files, are turned round. Oblique axes count as the
    anatomical axis they are nearest to.
    """
    direction = np.asarray(geometry.direction, dtype=float).reshape(3, 3)
    along_i, along_j = (int(np.abs(direction[:, axis]).argmax()) for axis in (0, 1))
    if along_i in (0, 1) and direction[along_i, 0] < 0:
        array = array[:, ::-1]
    feet_last = {1: 1.0, 2: -1.0}.get(along_j)
    if feet_last is not None and feet_last * direction[along_j, 1] < 0:
        array = array[::-1]
    return array


def write_word(picture: Image.Image) -> None:
    """Write SYNTHETIC into the left upper corner, with a dark outline, as large as can be read and covers little."""
    draw = ImageDraw.Draw(picture)
    size = max(14.0, min(40.0, 0.06 * min(picture.size)))
    while size > 11 and draw.textlength(WORD, _font(size)) > 0.6 * picture.width:
        size -= 1
    margin = round(size / 3)
    outline = max(1, round(size / 9))
    draw.text(
        (margin, margin),
        WORD,
        fill=SYNTHETIC,
        font=_font(size),
        anchor="lt",
        stroke_width=outline,
        stroke_fill="black",
    )


def _font(size: float) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
