"""From 2D images with a place and a time to a sequence of volumes: which belong together, and in what order."""

from __future__ import annotations

import itertools
from collections import Counter, abc
from dataclasses import dataclass

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.headers import SliceImage, series_names
from temporal_interp.io.dicom.phases import phase_order
from temporal_interp.io.dicom.pixels import stored_pixels

SAME_PLANE_DEGREES = 10.0
"""Images at a smaller angle belong to one stack, where it is an error if they are not parallel."""

PARALLEL_DEGREES = 1.0
"""Slices at a smaller angle count as parallel: at 100 mm from the middle, 1 degree is 1.7 mm."""

SAME_POSITION_MM = 0.05
"""Images closer than this along their normal show the same slice."""

MAX_SHIFT = 0.1
"""Greatest shift of slices within their plane, in pixels, that is put down to rounding in the headers."""

MAX_UNEVENNESS = 0.1
"""Greatest deviation of the distance between two slices from the usual one, as a share of it."""

THICKNESS_SHARE = 0.01
"""Thicknesses that differ by less than this share are the same."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Images of one study, size and orientation: a candidate for a cine."""

    images: abc.Sequence[SliceImage]

    @property
    def slices(self) -> list[list[SliceImage]]:
        """The images, slice by slice along the normal of the first image."""
        normal = self.images[0].normal
        ordered = sorted(self.images, key=lambda image: float(image.position @ normal))
        slices = [[ordered[0]]]
        for previous, image in itertools.pairwise(ordered):
            if (image.position - previous.position) @ normal > SAME_POSITION_MM:
                slices.append([])
            slices[-1].append(image)
        return slices

    @property
    def phases(self) -> int:
        """The greatest number of images of one slice."""
        return max(map(len, self.slices))

    def __str__(self) -> str:
        rows, columns = self.images[0].shape
        return (
            f"{series_names(self.images)}: {len(self.slices)} slices x {self.phases} phases, {rows} x {columns} pixels"
        )

    def sequence(self) -> Sequence:
        """Return the volumes.

        Slices are ordered by their position along the normal of the images, so that the axes I, J, K are
        right-handed. The distance between slices is that of their centres.

        Raises:
            InvalidInputError: slices are not parallel, shifted or unevenly spaced; images are missing or
                duplicated; nothing tells the order of the phases; a file is damaged.
        """
        slices = self.slices
        _require_straight(slices)
        _require_equal_counts(slices)
        _require_even(slices)
        phases = phase_order(slices)
        geometry, notes = _geometry(phases.slices)
        return Sequence(
            [Volume(frame, geometry) for frame in _voxels(phases.slices)],
            phases.values,
            phases.name,
            phases.unit,
            notes=[*phases.notes, *notes],
            slice_thickness=_thickness(self.images),
            period=phases.period,
        )


def stacks(images: abc.Sequence[SliceImage]) -> list[Stack]:
    """Return the images in stacks of the same study, size, pixel spacing and, roughly, orientation."""
    groups: list[list[SliceImage]] = []
    for image in images:
        for group in groups:
            if _same_stack(group[0], image):
                group.append(image)
                break
        else:
            groups.append([image])
    return [Stack(group) for group in groups]


def _same_stack(one: SliceImage, other: SliceImage) -> bool:
    return (
        one.study == other.study
        and one.shape == other.shape
        and np.allclose(one.pixel_spacing, other.pixel_spacing, rtol=1e-3)
        and _angle(one, other) < SAME_PLANE_DEGREES
    )


def _angle(one: SliceImage, other: SliceImage) -> float:
    """Return the greater angle, in degrees, between the I axes and between the J axes of two images."""
    sine = np.linalg.norm(np.cross(one.axes, other.axes), axis=1).max()
    cosine = (one.axes * other.axes).sum(1).min()
    return float(np.degrees(np.arctan2(sine, cosine)))


def _require_equal_counts(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> None:
    """Raise InvalidInputError unless every slice has the same number of images."""
    usual = Counter(map(len, slices)).most_common(1)[0][0]
    odd = [images for images in slices if len(images) != usual]
    if odd:
        listed = "; ".join(f"{len(images)} in {series_names(images)}" for images in odd)
        raise InvalidInputError(
            f"the slices do not have the same number of phases: {usual} in most, but {listed}. Images are missing, or "
            f"a slice was acquired again; keep one complete set of images in the folder."
        )


def _require_straight(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> None:
    """Raise InvalidInputError unless all images are parallel and lie above one another."""
    first = slices[0][0]
    for image in itertools.chain.from_iterable(slices):
        angle = _angle(first, image)
        if angle > PARALLEL_DEGREES:
            raise InvalidInputError(
                f"the slices are not parallel: {image.series} is turned by {angle:.1f} degrees against {first.series}."
            )
        shift = first.axes @ (image.position - first.position)
        if (np.abs(shift) > MAX_SHIFT * np.array(first.pixel_spacing)[::-1]).any():
            raise InvalidInputError(
                f"the slices do not lie above one another: {image.series} is shifted by "
                f"{np.linalg.norm(shift):.2f} mm within its plane against {first.series}."
            )


def _centres(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> np.ndarray:
    """Return the position in mm of every slice along the normal of the first."""
    return np.array([images[0].position @ slices[0][0].normal for images in slices])


def _require_even(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> None:
    """Raise InvalidInputError unless slices are evenly spaced."""
    gaps = np.diff(_centres(slices))
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2]) if len(gaps) else 0.0
    for number, gap in enumerate(gaps):
        if abs(gap - usual) > MAX_UNEVENNESS * usual:
            raise InvalidInputError(
                f"slices are {usual:.2f} mm apart, but {gap:.2f} mm between {slices[number][0].series} and "
                f"{slices[number + 1][0].series}. A slice is missing or doubled, or the folder holds several stacks."
            )


def _geometry(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> tuple[Geometry, list[str]]:
    """Return the voxel grid, and notes."""
    first, centres, notes = slices[0][0], _centres(slices), []
    distance = float((centres[-1] - centres[0]) / (len(slices) - 1)) if len(slices) > 1 else first.thickness
    if not distance:
        distance, notes = 1.0, ["The header does not say how thick the slice is; 1 mm was taken."]
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


def _voxels(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> np.ndarray:
    """Return the rescaled voxels, (phase, slice, row, column)."""
    images = [image for phase in zip(*slices, strict=True) for image in phase]
    stored = {path: stored_pixels(path) for path in sorted({image.path for image in images})}
    dtype = _voxel_type(images, list(stored.values()))
    planes = [_rescaled(stored[image.path][image.frame], image, dtype) for image in images]
    return np.stack(planes).reshape(-1, len(slices), *images[0].shape)


def _is_rescaled(image: SliceImage) -> bool:
    return (image.slope, image.intercept) != (1, 0)


def _rescaled(stored: np.ndarray, image: SliceImage, dtype: np.dtype) -> np.ndarray:
    if not _is_rescaled(image):
        return stored.astype(dtype, copy=False)
    return to_scalar_type(stored * image.slope + image.intercept, dtype)


def _voxel_type(images: abc.Sequence[SliceImage], stored: abc.Sequence[np.ndarray]) -> np.dtype:
    """Return the stored type where nothing is rescaled, else the smallest integer that holds every value, else float32.

    It depends on what the headers allow, not on the values that happen to be there.
    """
    if not any(map(_is_rescaled, images)):
        return np.result_type(*stored)
    if not all(image.slope.is_integer() and image.intercept.is_integer() for image in images):
        return np.dtype(np.float32)
    limits = [image.slope * value + image.intercept for image in images for value in image.stored_limits]
    for integer in (np.int16, np.uint16, np.int32):
        if np.iinfo(integer).min <= min(limits) and max(limits) <= np.iinfo(integer).max:
            return np.dtype(integer)
    return np.dtype(np.float32)
