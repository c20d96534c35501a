"""What stands in for a person who cancels, and for images of something that moves."""

from collections.abc import Callable

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError


def cancel(share: float, message: str) -> None:
    """Cancel at the first report of progress.

    Raises:
        CancelledError: always.
    """
    raise CancelledError


def cancel_beyond(share: float) -> Callable[[float, str], None]:
    """Return a progress that cancels at the first report of more than this share of the work."""

    def progress(done: float, message: str) -> None:
        if done > share:
            raise CancelledError

    return progress


def cancel_after(reports: int) -> Callable[[float, str], None]:
    """Return a progress that takes so many reports and cancels at the next."""
    left = iter(range(reports))

    def progress(done: float, message: str) -> None:
        if next(left, None) is None:
            raise CancelledError

    return progress


def centred(shape: tuple[int, ...]) -> np.ndarray:
    """Return the indices of a grid from its centre, (*shape, D)."""
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    return indices - (np.array(shape) - 1) / 2


def textured_disc(points: np.ndarray, radius: float = 8.0) -> np.ndarray:
    """Return a textured disc or ball around the origin, from 0.1 to 1, at points (..., D) in voxels."""
    texture = 0.7 + 0.2 * np.cos(points / 2.5).prod(-1)
    return 0.1 + texture / (1 + np.exp((np.linalg.norm(points, axis=-1) - radius) / 1.5))


def growing_disc(geometry: Geometry, times: list[float], *, radius: float = 5.0) -> Sequence:
    """Return a disc of 1000 on 0, uint16, in every slice, whose radius grows by a voxel from frame to frame."""
    distance = np.linalg.norm(centred(geometry.shape[1:]), axis=-1)
    discs = [(1000 * (distance < radius + n)).astype(np.uint16) for n in range(len(times))]
    return Sequence([Volume(np.broadcast_to(disc, geometry.shape).copy(), geometry) for disc in discs], times)
