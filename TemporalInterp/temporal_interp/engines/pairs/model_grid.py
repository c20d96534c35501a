"""Runs the student on its own grid: slices in batches, stacks in tiles, on a GPU as long as its memory lasts."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from temporal_interp.memory import is_out_of_memory
from temporal_interp.networks.context import Context
from temporal_interp.networks.student import EncodedPair, Student
from temporal_interp.tensors.parallel_map import parallel_map

OVERLAP = 16
"""Voxels that tiles share with their neighbours; their weight falls over this distance."""

SMALLEST_TILE = 32
"""A tile is not cut into tiles with fewer voxels than this along an axis."""

CPU_BATCH = 100_000
"""Voxels of independent slices that a thread works on at once: more are no faster, and leave other threads idle."""


EncodedTile = tuple[tuple[slice, ...], EncodedPair]
"""Where a tile lies, and its features."""


@dataclass(frozen=True, eq=False)
class Maps:
    """What makes a frame, on the model grid; see `Synthesis`.

    Attributes:
        displacements: (2, 3, K, J, I), first then last, float32 voxels, channels (K, J, I).
        weights: (1, 4, K, J, I).
        residual: (1, 1, K, J, I).
    """

    displacements: torch.Tensor
    weights: torch.Tensor
    residual: torch.Tensor


@dataclass(frozen=True, eq=False)
class Beside:
    """The frames around a pair, on the model grid; see `networks.context.Context`.

    Attributes:
        images: the frame before the first and the frame after the last, (K, J, I) float32, scaled to [0, 1]; None
            where there is none.
        distances: from the ends to them, in lengths of the gap; 0 where there is none.
    """

    images: tuple[torch.Tensor | None, torch.Tensor | None]
    distances: tuple[float, float]


class PairModel(Protocol):
    """A network on a pair, its features computed."""

    def at(self, times: Sequence[float]) -> list[Maps]:
        """Return what makes the frames at some times, from 0 at the first image of the pair to 1 at the last."""
        ...


class StudentOnPair:
    """A student and a pair of volumes on its grid; the features of the pair are computed once.

    Args:
        student: the network; it is moved to the device.
        first: (K, J, I) float32, scaled to [0, 1].
        last: likewise.
        beside: the frames around; None for a network that does not look at them.
        independent: slices are problems of their own.
        device: where to compute. Where the memory runs out, tiles become smaller; a GPU keeps the maps on the CPU, and
            is replaced by it at last, with a warning.
        bfloat16: compute in mixed precision.
        max_voxels: voxels that are worked on at once.
    """

    def __init__(
        self,
        student: Student,
        first: torch.Tensor,
        last: torch.Tensor,
        beside: Beside | None = None,
        *,
        independent: bool,
        device: str,
        bfloat16: bool,
        max_voxels: int,
    ) -> None:
        self.student = student
        self.images = (first, last)
        self.beside = beside
        self.independent = independent
        self.device = self._kept_on = torch.device(device)
        self.bfloat16 = bfloat16
        self.max_voxels = max_voxels
        self._encoded: list[EncodedTile] | None = None
        self.at([])

    def at(self, times: Sequence[float]) -> list[Maps]:
        """Return the maps at some times; in smaller parts, then on the CPU, if the memory does not suffice."""
        while True:
            try:
                if self._encoded is None:
                    self._encoded = self._encode()
                return self._decode(times, self._encoded)
            except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is one, and what MPS raises
                if not is_out_of_memory(error) or (self.device.type == "cpu" and not self._can_shrink):
                    raise
            # after the exception, which holds on to the tensors of its frames
            self._encoded = None
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            self._shrink()

    def _shrink(self) -> None:
        self._kept_on = torch.device("cpu")
        if self._can_shrink:
            self.max_voxels = min(self.max_voxels, self.images[0].numel()) // 2
            return
        warnings.warn(
            f"The memory of {self.device} does not suffice for this pair; the CPU continues, more slowly.",
            RuntimeWarning,
            stacklevel=3,
        )
        self.device = torch.device("cpu")

    @property
    def _can_shrink(self) -> bool:
        return min(self.max_voxels, self.images[0].numel()) > SMALLEST_TILE**3

    @property
    def _at_once(self) -> int:
        return min(self.max_voxels, CPU_BATCH) if self.independent and self.device.type == "cpu" else self.max_voxels

    def _autocast(self) -> AbstractContextManager:
        return torch.autocast(self.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()

    def _encode(self) -> list[EncodedTile]:
        self.student.to(self.device)
        return self._each(self._encode_tile, list(self._tiles()))

    def _encode_tile(self, tile: tuple[slice, ...]) -> EncodedTile:
        with torch.inference_mode(), self._autocast():
            first, last = (self._shown(image, tile) for image in self.images)
            if self.beside is None:
                return tile, self.student.encode(first, last)
            outer = [
                end if image is None else self._shown(image, tile)
                for image, end in zip(self.beside.images, (first, last), strict=True)
            ]
            distances = torch.tensor(self.beside.distances, device=self.device).repeat_interleave(len(first))
            return tile, self.student.encode(first, last, Context(torch.cat(outer), distances))

    def _shown(self, image: torch.Tensor, tile: tuple[slice, ...]) -> torch.Tensor:
        """Return a tile of an image as the network is shown it: (1, 1, k, j, i), or (k, 1, 1, j, i) of slices."""
        part = image[tile].to(self.device)[None, None]
        return part[0].transpose(0, 1).unsqueeze(2) if self.independent else part  # slices become the batch

    def _each(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
        """Apply the work to every part: batches of slices are small, so a CPU works on several at once."""
        if self.independent and self.device.type == "cpu":
            return parallel_map(work, parts)
        return [work(part) for part in parts]

    def _tiles(self) -> Iterator[tuple[slice, ...]]:
        shape = tuple(self.images[0].shape)
        if self.independent:
            step = max(1, self._at_once // (shape[1] * shape[2]))
            if self.device.type == "cpu":
                step = min(step, math.ceil(shape[0] / torch.get_num_threads()))
            yield from ((slice(k, min(k + step, shape[0])), slice(None), slice(None)) for k in range(0, shape[0], step))
            return
        yield from tiles(shape, self.max_voxels)

    def _decode(self, times: Sequence[float], encoded: Sequence[EncodedTile]) -> list[Maps]:
        """Return the maps at some times, put together from the tiles."""
        shape = tuple(self.images[0].shape)
        sums = [torch.zeros(11, *shape, device=self._kept_on) for _ in times]
        total = torch.zeros(shape, device=self._kept_on)
        parts = []
        for tile, pair in encoded:
            weight = None if self.independent else _tile_weight(tile, shape).to(self._kept_on)
            if weight is not None:
                total[tile] += weight
            parts += [(tile, weight, pair, numbers) for numbers in self._chunks(pair, times, len(encoded))]

        def put(part: tuple[tuple[slice, ...], torch.Tensor | None, EncodedPair, range]) -> None:
            tile, weight, pair, numbers = part
            with torch.inference_mode(), self._autocast():
                for number, maps in zip(numbers, self._decode_tile(pair, [times[n] for n in numbers]), strict=True):
                    place = sums[number][(slice(None), *tile)]
                    if weight is None:  # batches of slices do not overlap
                        place.copy_(maps)
                    else:
                        place += weight * maps.float().to(self._kept_on)

        self._each(put, parts)
        return [_maps(s if self.independent else s / total) for s in sums]

    def _chunks(self, pair: EncodedPair, times: Sequence[float], tile_count: int) -> list[range]:
        """Return the numbers of the times to work on at once: as many as fit, few enough to occupy every thread."""
        at_once = self._at_once // (pair.ends.numel() // 2)
        if self.device.type == "cpu":
            at_once = min(at_once, math.ceil(len(times) * tile_count / torch.get_num_threads()))
        at_once = max(1, at_once)
        return [range(start, min(start + at_once, len(times))) for start in range(0, len(times), at_once)]

    def _decode_tile(self, pair: EncodedPair, times: list[float]) -> Iterator[torch.Tensor]:
        """Yield (11, K, J, I) for every time: displacements of both ends, weights and residual."""
        count = pair.ends.shape[0] // 2
        t = torch.tensor(times, device=self.device).repeat(count)
        made = self.student.decode(pair if len(times) == 1 else pair.repeated(len(times)), t)
        first, last = made.displacements[-1].chunk(2)
        if first.ndim == 4:  # single slices have no motion along K
            first, last = (torch.cat([torch.zeros_like(d[:, :1]), d], dim=1) for d in (first, last))
        maps = torch.cat([first, last, made.weights, made.residual], dim=1)
        for number in range(len(times)):
            own = maps[number :: len(times)]
            yield own.transpose(0, 1) if self.independent else own[0]


def _maps(stacked: torch.Tensor) -> Maps:
    return Maps(stacked[:6].view(2, 3, *stacked.shape[1:]), stacked[None, 6:10], stacked[None, 10:])


def tiles(shape: tuple[int, ...], max_voxels: int) -> list[tuple[slice, ...]]:
    """Return overlapping tiles that cover a volume, each of at most about `max_voxels` voxels.

    The longest axis is cut again and again, down to `SMALLEST_TILE` voxels.
    """
    counts = [1] * len(shape)

    def length(axis: int) -> int:
        return shape[axis] if counts[axis] == 1 else math.ceil(shape[axis] / counts[axis]) + 2 * OVERLAP

    while math.prod(length(a) for a in range(len(shape))) > max_voxels:
        axis = max(range(len(shape)), key=length)
        if length(axis) <= SMALLEST_TILE + 2 * OVERLAP:
            break
        counts[axis] += 1
    parts = []
    for size, count in zip(shape, counts, strict=True):
        step = math.ceil(size / count)
        parts.append(
            [slice(max(0, s - OVERLAP), min(size, s + step + OVERLAP)) for s in range(0, size, step)]
            if count > 1
            else [slice(0, size)]
        )
    return list(itertools.product(*parts))


def _tile_weight(tile: tuple[slice, ...], shape: tuple[int, ...]) -> torch.Tensor:
    """Return the weight of a tile's voxels: 1 in its middle, falling towards its neighbours."""
    weight = torch.ones(())
    for part, size in zip(tile, shape, strict=True):
        start, stop, _ = part.indices(size)
        position = torch.arange(start, stop, dtype=torch.float32)
        rise = torch.ones_like(position)
        if start > 0:
            rise = torch.minimum(rise, (position - start + 1) / (2 * OVERLAP))
        if stop < size:
            rise = torch.minimum(rise, (stop - position) / (2 * OVERLAP))
        weight = weight.unsqueeze(-1) * rise
    return weight
