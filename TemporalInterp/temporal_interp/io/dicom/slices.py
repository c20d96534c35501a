"""Images of a stack in slices, and whether these lie above one another at even distances."""

from __future__ import annotations

import itertools
from collections import Counter, abc

import numpy as np

from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.headers import SliceImage, file_label, series_names

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

SHOWN_ROWS = 8


def same_grids(images: abc.Sequence[SliceImage]) -> list[list[SliceImage]]:
    """Return the images in groups of the same study, size, pixel spacing and, roughly, orientation."""
    groups: dict[tuple[object, ...], list[list[SliceImage]]] = {}
    known: dict[tuple[object, ...], list[SliceImage]] = {}
    for image in images:
        exact = (image.study, image.shape, image.pixel_spacing, image.axes.tobytes())
        group = known.get(exact)
        if group is None:
            alike = groups.setdefault((image.study, image.shape), [])
            group = next((one for one in alike if _same_grid(one[0], image)), None)
            if group is None:
                group = []
                alike.append(group)
            known[exact] = group
        group.append(image)
    return [group for alike in groups.values() for group in alike]


def in_slices(images: abc.Sequence[SliceImage]) -> list[list[SliceImage]]:
    """Return the images, slice by slice along the normal of the first image."""
    heights = np.array([image.position for image in images]) @ images[0].normal
    order = np.argsort(heights, kind="stable")
    slices = [[images[order[0]]]]
    for previous, number in itertools.pairwise(order):
        if heights[number] - heights[previous] > SAME_POSITION_MM:
            slices.append([])
        slices[-1].append(images[number])
    return slices


def centres(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> np.ndarray:
    """Return the position in mm of every slice along the normal of the first."""
    return np.array([images[0].position @ slices[0][0].normal for images in slices])


def require_volume(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> None:
    """Raise InvalidInputError unless slices are parallel, above one another, evenly spaced and equally often there."""
    _require_straight(slices)
    _require_equal_counts(slices)
    _require_even(slices)


def is_tilted(one: SliceImage, other: SliceImage) -> bool:
    """Tell whether two images have another orientation."""
    return _angle(one, other) >= SAME_PLANE_DEGREES


def _same_grid(one: SliceImage, other: SliceImage) -> bool:
    return (
        np.allclose(one.pixel_spacing, other.pixel_spacing, rtol=1e-3, atol=0)
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
        listed = "; ".join(f"{len(images)} {_where(images, usual, slices)}" for images in odd[:SHOWN_ROWS])
        rows = [
            f"slice {number:>3} at {height:8.2f} mm: {len(images):>4} images"
            for number, (height, images) in enumerate(zip(centres(slices), slices, strict=True))
        ]
        shown = rows[:SHOWN_ROWS] + [f"and {len(rows) - SHOWN_ROWS} more slices"] * (len(rows) > SHOWN_ROWS)
        raise InvalidInputError(
            f"the slices do not have the same number of phases: {usual} in most, but {listed}. Images are missing, or "
            f"a slice was acquired again; keep one complete set of images in the folder, or name its series.\n"
            + "\n".join(shown)
        )


def _where(images: abc.Sequence[SliceImage], usual: int, slices: abc.Sequence[abc.Sequence[SliceImage]]) -> str:
    """Return which images those of a slice are that has not the usual number of them, for a message."""
    own = {image.series.uid for image in images}
    others = [image for row in slices for image in row if image.series.uid not in own]
    if len(own) > 1 and len(images) < usual and others:
        return f"at {images[0].position @ slices[0][0].normal:.2f} mm, without {series_names(others)}"
    return f"in {series_names(images)}"


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
                f"{np.linalg.norm(shift):.2f} mm within its plane against {first.series} "
                f"({file_label(image.path)} against {file_label(first.path)})." + _said_of_tilt(slices)
            )


def _said_of_tilt(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> str:
    """Return a sentence where every slice is shifted alike against the one before, as a tilted gantry leaves them."""
    if len(slices) < 3:
        return ""
    first, heights = slices[0][0], centres(slices)
    shifts = np.array([first.axes @ (images[0].position - first.position) for images in slices])
    along = heights - heights[0]
    slope = shifts.T @ along / (along @ along)
    beside = np.abs(shifts - np.outer(along, slope))
    if (beside > MAX_SHIFT * np.array(first.pixel_spacing)[::-1]).any():
        return ""
    degrees = np.degrees(np.arctan(np.linalg.norm(slope)))
    return (
        f" All slices are shifted alike, each against the one before: the gantry was tilted by {degrees:.1f} degrees. "
        "Resample them into an upright volume first, as 3D Slicer does when a scan is loaded with acquisition geometry "
        "regularization and its transform is hardened; then read that."
    )


def _require_even(slices: abc.Sequence[abc.Sequence[SliceImage]]) -> None:
    """Raise InvalidInputError unless slices are evenly spaced."""
    gaps = np.diff(centres(slices))
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2]) if len(gaps) else 0.0
    for number, gap in enumerate(gaps):
        if abs(gap - usual) > MAX_UNEVENNESS * usual:
            raise InvalidInputError(
                f"slices are {usual:.2f} mm apart, but {gap:.2f} mm between {slices[number][0].series} and "
                f"{slices[number + 1][0].series}. A slice is missing or doubled, the folder holds several stacks, or "
                "the scan has uneven distances; then resample it to even ones first."
            )
