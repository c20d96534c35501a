"""Cubic B-spline interpolation of images: the smooth curve through every voxel, where `spatial.sample` draws lines.

Shapes and coordinates are those of `temporal_interp.tensors.spatial`. Beyond the border the edge voxel is repeated:
coordinates are clamped, and the spline is mirrored about the edge voxels.

In a plane the spline is taken apart into four images that are each interpolated linearly (our choice). Along a line,
between the voxels v0 and v1, whose second derivatives are m0 and m1, it is at a share f of the way

    lerp(v0, v1, f) - f (1 - f) / 2 * lerp(m0, m1, (1 + f) / 3)

so a plane needs the voxels, their second derivatives along either axis, and those along both. Fast kernels fetch all
four, and what they add to the linear value is small, so that rounding is as in linear interpolation. In a volume,
which has no such kernels on a CPU, 64 coefficients are weighed, a few points at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from torch.nn import functional

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.parallel_map import parallel_map

Piece = TypeVar("Piece")

PREFILTER = ((1, -1 / 4), (2, 1 / 14), (4, 1 / 194), (8, 1 / 37634))
"""(distance, weight): filters with the taps (weight, 1, weight), which one after the other undo (1, 4, 1) / 6.

With S_d the sum of the neighbours at distance d, (4 + S_1)(4 - S_1) = 14 - S_2, (14 - S_2)(14 + S_2) = 194 - S_4, and
so on: what is left is constant to 1e-9. Our choice, in place of the recursive filter of Unser et al. 1993: a few passes
over whole arrays, on any device.
"""

PREFILTER_GAIN = 6 * 4 * 14 * 194 * 37634 / (37634**2 - 2)
PREFILTER_REACH = sum(distance for distance, _ in PREFILTER)

CPU_AT_ONCE, GPU_AT_ONCE = 30_000, 2**21
"""Voxels or points worked on at once, about.

On a CPU they stay in the cache of one core: PyTorch would split 32768 or more among threads that then wait for one
another. Elsewhere they bound the memory.
"""

WORTH_THREADS = 4
"""Pieces of work from which threads gain more than it takes to start them."""


def spline_coefficients(image: torch.Tensor, axes: Sequence[int] | None = None) -> torch.Tensor:
    """Return the coefficients of the cubic B-spline through the voxels of an image, mirrored about its edge voxels.

    Args:
        image: (N, C, *shape).
        axes: axes of the tensor along which to filter; None means all of `shape`. An axis of one voxel stays as it is.

    Returns:
        The coefficients in the shape of `image`, in float64 if it is, otherwise in float32.

    Source: Unser, Aldroubi and Eden 1993, for what is computed; see PREFILTER for how.

    Example:
        A constant is its own coefficient:

        >>> spline_coefficients(torch.full((1, 1, 2, 3), 5.0)).round(decimals=4).unique()
        tensor([5.])
    """
    coefficients = _as_float(image.detach()).clone(memory_format=torch.contiguous_format)
    for axis in range(2, image.ndim) if axes is None else axes:
        _filter(coefficients, axis, coefficients)
    return coefficients


@dataclass(frozen=True)
class CubicImage:
    """An image to sample with cubic B-splines. What does not depend on the points is computed when first needed.

    Attributes:
        image: (N, C, J, I) or (N, C, K, J, I), float32 or float64.
        in_plane: the slices of a volume are images of their own.
    """

    image: torch.Tensor
    in_plane: bool

    @classmethod
    def of(cls, image: torch.Tensor, *, in_plane: bool = False) -> CubicImage:
        """Return an image ready to be sampled.

        Args:
            image: (N, C, J, I) or (N, C, K, J, I); types other than float64 become float32.
            in_plane: sample every slice (J, I) of a volume in its own plane, from 16 neighbours instead of 64: for
                slices that are independent, and for motion without a component along K.

        Raises:
            InvalidInputError: the image is neither 2D nor 3D.
        """
        if image.ndim not in (4, 5) or 0 in image.shape:
            raise InvalidInputError(
                f"CubicImage needs an image (N, C, J, I) or (N, C, K, J, I) with voxels, got {tuple(image.shape)}."
            )
        return cls(_as_float(image.detach()).contiguous(), in_plane or image.ndim == 4)

    @property
    def shape(self) -> torch.Size:
        """The shape of the image."""
        return self.image.shape

    def slices(self, slab: slice) -> CubicImage:
        """Return slices of a volume that is sampled in plane, to sample them alone; all of them are the image itself.

        Raises:
            InvalidInputError: the image is 2D, or is not sampled in plane: its slices depend on one another.
        """
        if self.image.ndim != 5 or not self.in_plane:
            raise InvalidInputError("Only a volume that is sampled in plane has slices that stand alone.")
        whole = slab.indices(self.shape[2]) == (0, self.shape[2], 1)
        return self if whole else CubicImage(self.image[:, :, slab], in_plane=True)

    @torch.no_grad()
    def sample(self, points: torch.Tensor, *, tolerance: float | None = None) -> torch.Tensor:
        """Return the image at given points. No gradient is recorded.

        Args:
            points: (N or 1, D, *output shape), voxel coordinates in `image`, channels in the order of its axes. In
                plane, the output has the slices of the image, and the points' K channel is not used.
            tolerance: the spline swings over at edges. With a tolerance, every value is kept within the least and the
                greatest of the 4 or 8 voxels around its point, give or take so much, in the unit of the voxels (the
                standard deviation of their noise, say). None leaves the spline as it is.

        Returns:
            (N, C, *output shape), in the type of `image`.

        Raises:
            InvalidInputError: the shapes do not fit, or the tolerance is negative.

        Example:
            Half way along a straight line, and beyond its end:

            >>> line = torch.tensor([[[[0.0, 0.0, 4.0, 4.0]]]])
            >>> points = torch.tensor([[0.0, 0.0, 0.0], [0.5, 1.5, 9.0]]).view(1, 2, 1, 3)
            >>> CubicImage.of(line).sample(points).round(decimals=4)
            tensor([[[[-0.3000,  2.0000,  4.0000]]]])
            >>> CubicImage.of(line).sample(points, tolerance=0.1).round(decimals=4)
            tensor([[[[-0.1000,  2.0000,  4.0000]]]])
        """
        self._require_fit(points, tolerance)
        points = points.to(self.image.dtype)
        if not self.in_plane:
            return self._sample_volume(points, tolerance)
        if self.image.ndim == 4:
            return self._sample_planes(points, tolerance)
        points = points[:, 1:].expand(self.shape[0], *[-1] * (points.ndim - 1))
        values = self._sample_planes(_slices_as_batch(points), tolerance)
        return values.unflatten(0, (self.shape[0], self.shape[2])).transpose(1, 2)

    def _require_fit(self, points: torch.Tensor, tolerance: float | None) -> None:
        axes = self.image.ndim - 2
        fits = points.ndim == self.image.ndim and points.shape[1] == axes and points.shape[0] in (1, self.shape[0])
        if not fits:
            raise InvalidInputError(
                f"sample() needs points (N or 1, {axes}, ...) with {axes} axes for an image {tuple(self.shape)}, got "
                f"{tuple(points.shape)}."
            )
        if self.in_plane and axes == 3 and points.shape[2] != self.shape[2]:
            raise InvalidInputError(
                f"In plane, sample() needs points for the {self.shape[2]} slices of the image, got {points.shape[2]}."
            )
        if tolerance is not None and not tolerance >= 0:
            raise InvalidInputError(f"sample() needs a tolerance of 0 or more, got {tolerance}.")

    # --- in plane

    @cached_property
    def _planes(self) -> torch.Tensor:
        return self.image if self.image.ndim == 4 else _slices_as_batch(self.image)

    @cached_property
    def _curvatures(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The second derivatives of the spline at the voxels along I, along J, and along both."""
        along_i, along_j, along_both = (self._planes.new_empty(self._planes.shape) for _ in range(3))
        _filter(self._planes, 3, along_i, curvature=True)
        _filter(self._planes, 2, along_j, curvature=True)
        _filter(along_i, 2, along_both, curvature=True)
        return along_i, along_j, along_both

    @cached_property
    def _cells(self) -> torch.Tensor:
        """The least and the greatest of the four voxels of the cell that begins at each voxel, (N, 2 C, J, I)."""
        return torch.cat([_of_cells(self._planes, torch.minimum), _of_cells(self._planes, torch.maximum)], dim=1)

    def _sample_planes(self, points: torch.Tensor, tolerance: float | None) -> torch.Tensor:
        planes, curvatures = self._planes, self._curvatures
        cells = None if tolerance is None else self._cells
        points = points.expand(planes.shape[0], -1, -1, -1)
        values = points.new_empty(*planes.shape[:2], *points.shape[2:])

        def fill(piece: tuple[slice, slice]) -> None:
            batch, rows = piece
            tables = [planes[batch], *(image[batch] for image in curvatures)]
            bounds = None if cells is None else cells[batch]
            values[batch, :, rows] = _fetch_spline(tables, bounds, points[batch, :, rows], tolerance or 0.0)

        pieces = _planes_and_rows(points.shape[0], points.shape[2], points.shape[3], _at_once(points.device))
        _for_each(fill, pieces, points.device)
        return values

    # --- in a volume

    @cached_property
    def _level(self) -> torch.Tensor:
        """The mean of every channel, (N, C): coefficients are kept less it, for precision."""
        return self.image.mean(dim=(2, 3, 4)).nan_to_num(0.0, 0.0, 0.0)

    @cached_property
    def _coefficients(self) -> torch.Tensor:
        """The coefficients less the level, continued beyond both ends of every axis, (N, C, K + 2, J + 2, I + 2).

        There are four along an axis of one voxel: as many as are weighed.
        """
        shape = self.shape[2:]
        padded = self.image.new_empty(*self.shape[:2], *[max(size + 2, 4) for size in shape])
        inner = padded[:, :, 1 : shape[0] + 1, 1 : shape[1] + 1, 1 : shape[2] + 1]
        torch.sub(self.image, self._level[..., None, None, None], out=inner)
        for axis in (2, 3, 4):
            _filter(inner, axis, inner)
        for axis, size in enumerate(shape, start=2):
            mirrored = {0: 2, size + 1: size - 1} if size > 1 else {0: 1, 2: 1, 3: 1}
            for index, source in mirrored.items():
                padded.select(axis, index).copy_(padded.select(axis, source))
        return padded

    def _sample_volume(self, points: torch.Tensor, tolerance: float | None) -> torch.Tensor:
        batch, channels = self.shape[:2]
        coefficients, level = self._coefficients, self._level
        lines = points.flatten(2).expand(batch, -1, -1)
        values = lines.new_empty(batch, channels, lines.shape[2])

        def fill(piece: tuple[int, slice]) -> None:
            n, part = piece
            cells, weights = _cells_and_weights(lines[n, :, part], self.shape[2:])
            for c in range(channels):
                into = values[n, c, part]
                _weigh(coefficients[n, c], cells, weights, into)
                into += level[n, c]
                if tolerance is not None:
                    least, greatest = _extremes(self.image[n, c], cells)
                    _keep_within(into, least, greatest, tolerance)

        step = _at_once(points.device)
        parts = [slice(start, start + step) for start in range(0, lines.shape[2], step)]
        _for_each(fill, list(itertools.product(range(batch), parts)), points.device)
        return values.unflatten(2, points.shape[2:])


def _as_float(image: torch.Tensor) -> torch.Tensor:
    return image if image.dtype == torch.float64 else image.float()


def _slices_as_batch(volume: torch.Tensor) -> torch.Tensor:
    """Return (N, C, K, J, I) as (N K, C, J, I)."""
    return volume.transpose(1, 2).flatten(0, 1)


def _at_once(device: torch.device) -> int:
    return CPU_AT_ONCE if device.type == "cpu" else GPU_AT_ONCE


def _for_each(work: Callable[[Piece], None], pieces: Sequence[Piece], device: torch.device) -> None:
    if device.type == "cpu" and len(pieces) >= WORTH_THREADS:
        parallel_map(work, pieces)
    else:
        for piece in pieces:
            work(piece)


def _keep_within(values: torch.Tensor, least: torch.Tensor, greatest: torch.Tensor, tolerance: float) -> torch.Tensor:
    return torch.clamp(values, least - tolerance, greatest + tolerance, out=values)


# --- filters


def _filter(image: torch.Tensor, axis: int, into: torch.Tensor, *, curvature: bool = False) -> None:
    """Write the coefficients of the spline along an axis, or its second derivative at the voxels, into another image.

    The other may be the image itself.
    """
    points = image.shape[axis]
    if points == 1:
        into.copy_(torch.zeros_like(image) if curvature else image)
        return
    mirrored = _mirrored_indices(points, PREFILTER_REACH + curvature, image.device)
    across = max((a for a in range(image.ndim) if a != axis), key=lambda a: image.shape[a])
    lines_each = image.numel() // (points * image.shape[across])
    step = max(1, _at_once(image.device) // (lines_each * len(mirrored)))

    def fill(blocks: tuple[torch.Tensor, torch.Tensor]) -> None:
        source, target = blocks
        line = source.index_select(axis, mirrored)
        if curvature:  # before the filter, while the differences of integers are exact
            line = _with_neighbours(line, axis, 1, -0.5).mul_(-2)
        for distance, weight in PREFILTER:
            line = _with_neighbours(line, axis, distance, weight)
        torch.mul(line, PREFILTER_GAIN, out=target)

    _for_each(fill, list(zip(image.split(step, across), into.split(step, across), strict=True)), image.device)


def _with_neighbours(line: torch.Tensor, axis: int, distance: int, weight: float) -> torch.Tensor:
    inner = line.shape[axis] - 2 * distance
    neighbours = line.narrow(axis, 0, inner) + line.narrow(axis, 2 * distance, inner)
    return torch.add(line.narrow(axis, distance, inner), neighbours, alpha=weight, out=neighbours)


def _mirrored_indices(points: int, reach: int, device: torch.device) -> torch.Tensor:
    period = 2 * (points - 1)
    indices = torch.arange(-reach, points + reach, device=device) % period
    return torch.minimum(indices, period - indices)


# --- in plane


def _planes_and_rows(planes: int, rows: int, columns: int, at_once: int) -> list[tuple[slice, slice]]:
    """Cut the points of many planes into pieces of whole planes, or of rows of one plane."""
    row_step = min(rows, max(1, at_once // columns))
    plane_step = max(1, at_once // (rows * columns))
    starts = itertools.product(range(0, planes, plane_step), range(0, rows, row_step))
    return [(slice(plane, plane + plane_step), slice(row, row + row_step)) for plane, row in starts]


def _fetch_spline(
    tables: Sequence[torch.Tensor], cells: torch.Tensor | None, points: torch.Tensor, tolerance: float
) -> torch.Tensor:
    """Return the spline of planes and their curvatures at points (N, 2, *output shape), within cells if given."""
    image, along_i, along_j, along_both = tables
    below_j, point_j, bent_j, weight_j = _on_axis(points[:, 0], image.shape[2])
    below_i, point_i, bent_i, weight_i = _on_axis(points[:, 1], image.shape[3])
    grid = points.new_empty(points.shape[0], *points.shape[2:], 2)

    def fetch(table: torch.Tensor, mode: str = "bilinear") -> torch.Tensor:
        return functional.grid_sample(table, grid, mode, "border", align_corners=False)

    grid[..., 0], grid[..., 1] = point_i, point_j
    values = fetch(image)
    grid[..., 0] = bent_i
    values.addcmul_(fetch(along_i), weight_i)
    grid[..., 1] = bent_j
    correction = fetch(along_both).mul_(weight_i)
    grid[..., 0] = point_i
    values.addcmul_(correction.add_(fetch(along_j)), weight_j)
    if cells is not None:
        grid[..., 0], grid[..., 1] = below_i, below_j
        least, greatest = fetch(cells, "nearest").chunk(2, dim=1)
        _keep_within(values, least, greatest, tolerance)
    return values


def _on_axis(points: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return where to fetch along an axis for the coordinates (N, *output shape), and what curvature is multiplied by.

    Where is, as `grid_sample` counts: the voxel below, the point, and the point at which curvature is read.
    """
    point = points.clamp(0, size - 1)
    share = point.frac()  # floor() would split even a few thousand points among threads
    below = point - share
    weight = (share * share).sub_(share).mul_(0.5).unsqueeze(1)
    bent = share.add_(1).mul_(1 / 3).add_(below)
    # grid_sample without align_corners puts the centres of voxels 0 and n - 1 at -1 + 1/n and 1 - 1/n
    for place in (below, point, bent):
        place.mul_(2 / size).add_(1 / size - 1)
    return below, point, bent, weight


def _of_cells(planes: torch.Tensor, choose: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Return a choice among the four voxels from (j, i) to (j + 1, i + 1); from (j - 1, i - 1) at the far border."""
    for axis in (2, 3):
        last = planes.shape[axis] - 1
        following = torch.cat(
            [planes.narrow(axis, min(1, last), last), planes.narrow(axis, max(last - 1, 0), 1)], dim=axis
        )
        planes = choose(planes, following)
    return planes


# --- in a volume


def _cells_and_weights(
    points: torch.Tensor, shape: Sequence[int]
) -> tuple[list[torch.Tensor], list[tuple[torch.Tensor, ...]]]:
    """Return, for every axis, the voxel below each of the points (D, P), and its four weights.

    The voxel below is at most the last but one, where there are two.
    """
    cells: list[torch.Tensor] = []
    weights: list[tuple[torch.Tensor, ...]] = []
    for coordinate, size in zip(points, shape, strict=True):
        place = coordinate.clamp(0, size - 1)
        cell = place.long().clamp_(0, max(size - 2, 0))  # after the conversion: a NaN becomes an index that exists
        share = place - cell
        rest = 1 - share
        squared, rest_squared = share * share, rest * rest
        cells.append(cell)
        weights.append(
            (
                (rest_squared * rest).mul_(1 / 6),
                (share * 0.5).sub_(1).mul_(squared).add_(2 / 3),
                (rest * 0.5).sub_(1).mul_(rest_squared).add_(2 / 3),
                (squared * share).mul_(1 / 6),
            )
        )
    return cells, weights


def _weigh(
    padded: torch.Tensor, cells: list[torch.Tensor], weights: list[tuple[torch.Tensor, ...]], into: torch.Tensor
) -> None:
    """Write the weighed sums of the 64 coefficients around every point, (P,)."""
    lines, base = padded.view(-1), _flat_indices(cells, padded.stride())
    fetched, row, plane = torch.empty_like(into), torch.empty_like(into), torch.empty_like(into)
    along_k, along_j, along_i = weights
    for k in range(4):
        for j in range(4):
            first = k * padded.stride(0) + j * padded.stride(1)
            for i in range(4):
                torch.index_select(lines[first + i :], 0, base, out=fetched)
                _accumulate(row, fetched, along_i[i], is_first=i == 0)
            _accumulate(plane, row, along_j[j], is_first=j == 0)
        _accumulate(into, plane, along_k[k], is_first=k == 0)


def _accumulate(total: torch.Tensor, values: torch.Tensor, weights: torch.Tensor, *, is_first: bool) -> None:
    if is_first:
        torch.mul(values, weights, out=total)
    else:
        total.addcmul_(values, weights)


def _extremes(volume: torch.Tensor, cells: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the least and the greatest of the eight voxels of a contiguous volume around every point, (P,)."""
    lines, base = volume.view(-1), _flat_indices(cells, volume.stride())
    steps = [(0, stride) if size > 1 else (0,) for size, stride in zip(volume.shape, volume.stride(), strict=True)]
    least = lines.index_select(0, base)
    greatest = least.clone()
    for corner in itertools.islice(itertools.product(*steps), 1, None):
        voxels = lines[sum(corner) :].index_select(0, base)
        torch.minimum(least, voxels, out=least)
        torch.maximum(greatest, voxels, out=greatest)
    return least, greatest


def _flat_indices(cells: list[torch.Tensor], strides: Sequence[int]) -> torch.Tensor:
    k, j, i = (cell * stride for cell, stride in zip(cells, strides, strict=True))
    return k.add_(j).add_(i)
