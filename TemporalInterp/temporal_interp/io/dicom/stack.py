"""From 2D images with a place and a time to a sequence of volumes."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.io.dicom.acquisitions import acquisitions
from temporal_interp.io.dicom.components import COMPONENTS
from temporal_interp.io.dicom.headers import SliceImage, series_names
from temporal_interp.io.dicom.phases import PhaseOrder, phase_order
from temporal_interp.io.dicom.slices import centres, in_slices, is_tilted, require_volume, same_grids
from temporal_interp.io.dicom.voxels import voxels

THICKNESS_SHARE = 0.01
"""Thicknesses that differ by less than this share are the same."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Images of one acquisition: a candidate for a cine.

    Attributes:
        images: the images.
        grid: number of the grid and orientation that they share with other stacks.
    """

    images: abc.Sequence[SliceImage]
    grid: int

    @cached_property
    def slices(self) -> list[list[SliceImage]]:
        """The images, slice by slice along the normal of the first image."""
        return in_slices(self.images)

    @property
    def phases(self) -> int:
        """The greatest number of images of one slice."""
        return max(map(len, self.slices))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        rows, columns = self.images[0].shape
        return columns, rows

    @cached_property
    def order(self) -> PhaseOrder:
        """The phases.

        Raises:
            InvalidInputError: slices are not parallel, shifted or unevenly spaced; images are missing or duplicated;
                nothing tells the order of the phases.
        """
        require_volume(self.slices)
        return phase_order(self.slices)

    @property
    def spacing(self) -> tuple[float, float, float] | None:
        """Distance of voxels in mm along (I, J, K); None where slices are no volume."""
        try:
            return _geometry(self.slices)[0].spacing
        except InvalidInputError:
            return None

    @property
    def window(self) -> tuple[float, float] | None:
        """Level and width of the window, each the median of those of the images; None where an image has none."""
        windows = [image.window for image in self.images if image.window is not None]
        if len(windows) < len(self.images):
            return None
        level, width = np.median(windows, axis=0)
        return float(level), float(width)

    def picture(self) -> np.ndarray:
        """Return the middle slice of the first phase, (row, column).

        Raises:
            UnreadableFileError: the pixels of its file are damaged.
        """
        try:
            slices = self.order.slices
        except InvalidInputError:
            slices = self.slices
        return voxels([[slices[len(slices) // 2][0]]], no_progress)[0, 0]

    def __str__(self) -> str:
        rows, columns = self.images[0].shape
        return (
            f"{series_names(self.images)}: {len(self.slices)} slices x {self.phases} phases, {rows} x {columns} pixels"
        )

    def sequence(self, progress: Progress) -> Sequence:
        """Return the volumes.

        Slices are ordered by their position along the normal of the images, so that the axes I, J, K are
        right-handed. The distance between slices is that of their centres.

        Raises:
            InvalidInputError: see `order`.
            UnreadableFileError: the pixels of a file are damaged.
        """
        phases = self.order
        geometry, notes = _geometry(phases.slices)
        array = voxels(phases.slices, progress)
        return Sequence(
            [Volume(frame, geometry) for frame in array],
            phases.values,
            phases.name,
            phases.unit,
            phases.attributes,
            notes=[*phases.notes, *notes],
            slice_thickness=_thickness(self.images),
            period=phases.period,
        )

    def require_whole_series(self, others: abc.Iterable[Stack]) -> None:
        """Raise InvalidInputError if a series has images of another size, pixel spacing or orientation.

        A single image of another orientation, such as a localiser, is left out where none is missing.
        """
        own = {image.series.uid for image in self.images}
        is_complete = len(set(map(len, self.slices))) == 1
        for other in others:
            mixed = next((image for image in other.images if image.series.uid in own), None)
            is_still = is_complete and len(other.images) == 1 and is_tilted(other.images[0], self.images[0])
            if mixed is not None and other.grid != self.grid and not is_still:
                raise InvalidInputError(
                    f"the images of {mixed.series} differ in size, pixel spacing or orientation; remove those that "
                    f"do not belong to the cine."
                )


def stacks(images: abc.Sequence[SliceImage], together: bool = False) -> list[Stack]:
    """Return the images, acquisition by acquisition, in order of the numbers of their series.

    Args:
        images: the images.
        together: see `acquisitions`.
    """
    found = [
        Stack(one, number) for number, grid in enumerate(same_grids(images)) for one in acquisitions(grid, together)
    ]
    return sorted(found, key=lambda stack: min(map(_sorting_key, stack.images)))


def _sorting_key(image: SliceImage) -> tuple[object, ...]:
    series, clues = image.series, image.clues
    acquired = (image.acquisition or 0, clues.get("AcquisitionTime", 0.0), clues.get("InstanceNumber", 0.0))
    component = COMPONENTS.index(image.component)
    return len(series.number), series.number, series.uid, component, image.echo or 0, acquired


def stack_geometry(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> Geometry:
    """Return the voxel grid of images in slices."""
    return _geometry(slices)[0]


def _geometry(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> tuple[Geometry, list[str]]:
    """Return the voxel grid, and notes."""
    first, heights, notes = slices[0][0], centres(slices), []
    distance = float((heights[-1] - heights[0]) / (len(slices) - 1)) if len(slices) > 1 else first.thickness
    if not distance or distance < 0:
        distance, notes = 1.0, ["The header does not say how thick the slice is; 1 mm was taken."]
    if first.spacing_is_assumed:
        notes.append(
            "PixelSpacing is missing; ImagerPixelSpacing was taken, which is that on the detector and may be larger."
        )
    row_distance, column_distance = first.pixel_spacing
    direction = np.column_stack([first.axes[0], first.axes[1], first.normal])
    geometry = Geometry(
        (len(slices), *first.shape),
        (column_distance, row_distance, distance),
        tuple(first.position),
        tuple(map(tuple, direction)),
    )
    return geometry, notes


def _thickness(images: abc.Sequence[SliceImage]) -> float | None:
    """Return the slice thickness in mm that the images agree on, if they do."""
    values = [image.thickness or 0.0 for image in images]
    agree = min(values) > 0 and max(values) - min(values) <= THICKNESS_SHARE * max(values)
    return float(np.median(values)) if agree else None
