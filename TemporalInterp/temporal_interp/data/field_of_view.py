"""What an image shows: a voxel that is NaN or infinite lies outside of the field of view.

Such voxels come from padding, from the sector of a probe, from unwarped gradients and from dead pixels. One rule holds
everywhere (our choice):

- Acquired voxels stay as they are, bit for bit.
- What is computed of voxels (fits, scores, ranges, statistics) leaves them out. To be computed with at all, they are
  filled once with the nearest voxel that is seen, which makes no edge where the field of view ends.
- A synthetic voxel is NaN where neither frame around it shows that place. Where one of them does, it counts alone.

Images without such voxels have no field of view, None, and cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from temporal_interp.errors import InvalidInputError

if TYPE_CHECKING:
    from temporal_interp.data.volume import Volume

LEAST_SHARE = 0.001
"""Share of the voxels that an image has to show, and two of them at least."""

BACKGROUND_SHARE = 0.05
"""Share of the range of intensities within which the darkest voxels are background: in CT, air but not lung."""


def field_of_view(array: np.ndarray) -> np.ndarray | None:
    """Return where voxels are numbers, a bool array, or None where all of them are.

    Example:
        >>> field_of_view(np.array([1.0, np.nan, np.inf])).tolist()
        [True, False, False]
        >>> field_of_view(np.array([1, 2])) is None
        True
    """
    if array.dtype.kind != "f":
        return None
    seen = np.isfinite(array)
    return None if seen.all() else seen


def require_seen(volume: Volume, name: str) -> None:
    """Raise InvalidInputError, naming the volume, if it shows nothing or next to nothing."""
    seen = field_of_view(volume.array)
    if seen is None:
        return
    count = int(np.count_nonzero(seen))
    if count == 0:
        raise InvalidInputError(f"{name} is NaN or infinite throughout: it shows nothing. Leave it out.")
    if count < max(2, LEAST_SHARE * seen.size):
        raise InvalidInputError(
            f"{name} shows next to nothing: {seen.size - count} of its {seen.size} voxels are NaN or infinite. "
            "Leave it out."
        )


def shows_something(volume: Volume) -> bool:
    """Tell whether a volume passes `require_seen`."""
    try:
        require_seen(volume, "")
    except InvalidInputError:
        return False
    return True


def is_constant(array: np.ndarray) -> bool:
    """Tell whether all voxels that are numbers are the same."""
    seen = field_of_view(array)
    values = array if seen is None else array[seen]
    return not values.size or bool(values.min() == values.max())


class Filling:
    """Fills what images do not show with the nearest voxel, in mm, that they do.

    Frames mostly have one field of view, so that what is nearest is worked out once.

    Example:
        >>> from temporal_interp.data.geometry import Geometry
        >>> from temporal_interp.data.volume import Volume
        >>> row = Volume(np.array([[[1.0, np.nan, np.nan, 4.0]]]), Geometry((1, 1, 4)))
        >>> Filling()(row).tolist()
        [[[1.0, 1.0, 4.0, 4.0]]]
    """

    def __init__(self, spacing: tuple[float, float, float] | None = None) -> None:
        """Take distances from the spacing (K, J, I) if given, not from the geometry of the volumes."""
        self._spacing = spacing
        self._seen = self._nearest = np.empty(0)

    def __call__(self, volume: Volume) -> np.ndarray:
        """Return the voxels, (K, J, I), all of them numbers: the very array where they are.

        Raises:
            InvalidInputError: no voxel is a number.
        """
        seen = field_of_view(volume.array)
        if seen is None:
            return volume.array
        if not seen.any():
            raise InvalidInputError("A volume is NaN or infinite throughout: it shows nothing.")
        if not np.array_equal(seen, self._seen):
            self._seen, self._nearest = seen, _nearest(seen, self._spacing or volume.geometry.spacing_kji)
        whole = volume.array.copy()
        whole[~seen] = volume.array.ravel()[self._nearest]
        return whole


def _nearest(seen: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Return for every voxel that is not seen the flat index of the nearest one that is."""
    from scipy.ndimage import distance_transform_edt  # not in every Slicer, whose layer imports this module

    index = distance_transform_edt(~seen, sampling=spacing, return_distances=False, return_indices=True)
    return np.ravel_multi_index(tuple(index[:, ~seen]), seen.shape)


def seen_in_either(first: np.ndarray, last: np.ndarray) -> np.ndarray | None:
    """Return where one of two arrays has a number at least; None where that is everywhere."""
    seen, other = field_of_view(first), field_of_view(last)
    if seen is None or other is None:
        return None
    return None if (either := seen | other).all() else either


def filled_from_each_other(
    first: np.ndarray, last: np.ndarray, seen: tuple[np.ndarray | None, np.ndarray | None]
) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays, each with the other's voxels where only the other shows the place.

    Args:
        first: voxels.
        last: likewise.
        seen: the fields of view of both.
    """
    see_first, see_last = seen
    taken = first, last
    if see_first is not None:
        taken = np.where(see_first | (False if see_last is None else ~see_last), first, last), taken[1]
    if see_last is not None:
        taken = taken[0], np.where(see_last | (False if see_first is None else ~see_first), last, first)
    return taken


def outside_as_nan(array: np.ndarray, seen: np.ndarray | None) -> np.ndarray:
    """Return an array of real numbers with NaN wherever it is not seen: the very array where all is."""
    return array if seen is None else np.where(seen, array, array.dtype.type(np.nan))


def background(volume: Volume) -> float:
    """Return the value that an image has where there is nothing: air of a CT, the dark around an MR, zero of a PET.

    It is the median of the background at the edges of the slices, (J, I), where an image shows what surrounds the
    patient. Background are the darkest voxels: those within `BACKGROUND_SHARE` of the range of intensities, from the
    0.1th to the 99.9th percentile. An image whose edges have none shows tissue there; the darkest of all its voxels
    are taken. An image with NaN at most of its edges goes on as NaN. Our choice.

    Raises:
        InvalidInputError: no voxel is a number.
    """
    array = volume.array
    edges = np.ones(array.shape, bool)
    edges[:, 1:-1, 1:-1] = False
    seen = field_of_view(array)
    if seen is not None:
        if not seen.any():
            raise InvalidInputError("A volume is NaN or infinite throughout: it shows nothing.")
        if np.count_nonzero(seen[edges]) < 0.5 * np.count_nonzero(edges):
            return float("nan")
        edges &= seen
        array = np.where(seen, array, array[seen].max())  # bright, so that it is no background
    low, high = np.percentile(array if seen is None else array[seen], (0.1, 99.9))
    dark = array <= low + BACKGROUND_SHARE * (high - low)
    return float(np.median(array[dark & edges] if (dark & edges).any() else array[dark]))
