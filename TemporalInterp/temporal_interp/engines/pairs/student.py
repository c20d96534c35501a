"""The student network on a pair: its maps, within the region that changes, make the frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.pair import Pair
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs.model_grid import Beside, Maps, PairModel, StudentOnPair
from temporal_interp.engines.pairs.outer_frames import OuterFrame, outer_frames
from temporal_interp.engines.pairs.region import Box, region_of_change, shape_of, soft_edge
from temporal_interp.engines.pairwise import Synthesised
from temporal_interp.engines.student import MEMORY, StudentEngine
from temporal_interp.errors import Progress
from temporal_interp.memory import free_memory
from temporal_interp.registration.grids import coarsen
from temporal_interp.tensors.cubic import CubicImage
from temporal_interp.tensors.slabs import as_image, displacement_in_slab, resize_slab, sample_in_plane, slabs
from temporal_interp.tensors.spatial import identity_grid, sample

FINEST_PIXEL = 1.0
"""mm: the networks learn pixels of 1.1 mm and more; a finer image is brought to `MODEL_PIXEL` (our choice)."""

MODEL_PIXEL = 1.4

RINGING = 0.02
"""Share of the intensity range by which moved voxels may leave those around: cubic splines swing over at edges."""


@dataclass(frozen=True, eq=False)
class ModelRegion:
    """The part of a pair that a network looks at.

    Attributes:
        box: where the two frames differ, in voxels of the frames.
        images: both frames within the box, (k, j, i) float32 on the network's grid, scaled to [0, 1].
        model: the network on these images.
        context: numbers of the frames before and after the pair that it looks at as well.
    """

    box: Box
    images: tuple[torch.Tensor, torch.Tensor]
    model: PairModel
    context: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class _Ends:
    """The frames of a pair, where they are rendered.

    Attributes:
        voxels: of both, (1, 1, K, J, I), centred, to be moved by cubic B-splines.
        seen: what each shows, likewise; None where it shows all.
        tolerance: see `CubicImage.sample`.
    """

    voxels: list[CubicImage]
    seen: list[torch.Tensor | None]
    tolerance: float

    @classmethod
    def of(cls, pair: Pair, device: torch.device, *, in_plane: bool) -> _Ends:
        """Bring the frames of a pair to a device."""
        views = [None if seen is None else as_image(seen, device) for seen in pair.seen]
        images = [CubicImage.of(as_image(voxels, device), in_plane=in_plane) for voxels in pair.centred]
        return cls(images, views, RINGING * float(pair.intensity_range.high - pair.intensity_range.low))


def within_region_of_change(pair: Pair, engine: StudentEngine, progress: Progress) -> ModelRegion | None:
    """Return the student on the part of a pair that changes, its features computed; None where nothing does."""
    scaled, geometry = pair.normalised, pair.geometry
    box = region_of_change(*scaled, geometry)
    if box is None:
        return None
    progress(0.1, "comparing the two frames")
    shape = model_shape(box, geometry)

    def on_grid(voxels: np.ndarray) -> torch.Tensor:
        return coarsen(as_image(voxels[box], engine.device), shape)[0, 0]

    first, last = map(on_grid, scaled)
    around: tuple[OuterFrame | None, ...] = outer_frames(pair) if engine.context else ()
    model = StudentOnPair(
        engine.student,
        first,
        last,
        _beside(around, on_grid) if engine.context else None,
        independent=not engine.sees_neighbours or (pair.independent and not engine.whole_stacks),
        device=engine.device,
        bfloat16=engine.computes_in_bfloat16,
        max_voxels=min(engine.max_voxels, MEMORY.voxels_at_once(first.numel(), _spare(engine.device))),
    )
    return ModelRegion(box, (first, last), model, tuple(one.frame for one in around if one is not None))


def _spare(device: str) -> int | None:
    """Return the bytes that may be planned with: a GPU tells by itself when its memory is full."""
    return None if device.startswith(("cuda", "mps")) else free_memory()


def _beside(around: Sequence[OuterFrame | None], on_grid: Callable[[np.ndarray], torch.Tensor]) -> Beside:
    before, after = (None if one is None else on_grid(one.voxels) for one in around)
    to_before, to_after = (0.0 if one is None else one.distance for one in around)
    return Beside((before, after), (to_before, to_after))


class PreparedStudent:
    """A pair of frames and a network on it, ready for any time.

    Args:
        pair: both frames.
        region: the network on the part that changes; None where nothing does.
    """

    def __init__(self, pair: Pair, region: ModelRegion | None) -> None:
        self.pair = pair
        self.region = region

    def at(self, t: Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return what lies at some t; the network decodes as many at once as fit. See `PreparedPair.at`."""
        maps = [None] * len(t) if self.region is None else self.region.model.at(t)
        # rendered where the maps are, so that nothing returns from a GPU but the frame
        device = next((m.displacements.device for m in maps if m is not None), torch.device("cpu"))
        through_plane = any(m is not None and bool(m.displacements[:, 0].any()) for m in maps)
        ends: _Ends | None = None
        made = []
        for share, local in zip(t, maps, strict=True):
            volume = {0.0: self.pair.first, 1.0: self.pair.last}.get(share)
            if volume is None:
                ends = ends or _Ends.of(self.pair, device, in_plane=not through_plane)
                volume = self._render(local, share, ends)
            first, last = self._fields(local) if fields else (None, None)
            made.append(Synthesised(volume, first, last, self._context(share)))
        return made

    def _context(self, t: float) -> tuple[int, ...]:
        beside = () if self.region is None else self.region.context
        return tuple(beside if round(t, 9) <= 0.5 else beside[::-1])

    def _render(self, maps: Maps | None, t: float, ends: _Ends) -> Volume:
        """Return the frame at t: the linear blend, and within the box the network's frame from the acquired voxels."""
        shape = self.pair.geometry.shape
        low = np.float64(self.pair.intensity_range.low)
        frame = np.empty(shape, self.pair.first.array.dtype)
        for slab in slabs(shape):
            first, last = (voxels.image[0, 0, slab] for voxels in ends.voxels)
            values = torch.lerp(first, last, t)
            if self.region is not None and maps is not None:
                self._synthesise(values, slab, ends, maps, self.region.box)
            frame[slab] = to_scalar_type(values.cpu().numpy() + low, frame.dtype)
        return self.pair.first.with_array(frame)

    def _synthesise(
        self,
        values: torch.Tensor,
        slab: slice,
        ends: _Ends,
        maps: Maps,
        box: Box,
    ) -> None:
        """Put the network's frame into the part of a slab, (rows, J, I), that lies within the box."""
        along_k, *in_plane = box
        rows = slice(max(slab.start, along_k.start), min(slab.stop, along_k.stop))
        if rows.start >= rows.stop:
            return
        inner = slice(rows.start - along_k.start, rows.stop - along_k.start)
        shape = shape_of(box)
        here = (slice(rows.start - slab.start, rows.stop - slab.start), *in_plane)
        candidates, shown = [], []
        for source, view, displacement in zip(ends.voxels, ends.seen, maps.displacements, strict=True):
            points = identity_grid((rows.stop - rows.start, *shape[1:]), displacement)
            start = torch.tensor([rows.start, *(b.start for b in in_plane)], dtype=torch.float32, device=points.device)
            points = points + start.view(1, 3, 1, 1, 1) + displacement_in_slab(displacement[None], shape, inner)
            where = (slice(None), slice(None), rows, *in_plane)
            image = source.slices(rows) if source.in_plane else source
            candidates += [source.image[where], image.sample(points, tolerance=ends.tolerance)]
            if view is None:
                shown += [torch.ones_like(candidates[-1])] * 2
            else:
                moved = sample_in_plane(view[:, :, rows], points) if source.in_plane else sample(view, points)
                shown += [view[where], moved]
        weights = resize_slab(maps.weights, shape, inner)
        if any(view is not None for view in ends.seen):
            weights = _by_what_is_seen(weights, torch.cat(shown, dim=1))
        made = (weights * torch.cat(candidates, dim=1)).sum(dim=1)[0]
        residual = resize_slab(maps.residual, shape, inner)[0, 0]
        intensities = self.pair.intensity_range
        made = made + residual * float(intensities.high - intensities.low)
        edge = torch.from_numpy(soft_edge(box, self.pair.geometry.shape, self.pair.geometry.spacing_kji)[inner])
        values[here] = torch.lerp(values[here], made, edge.to(made.device))

    def _fields(self, maps: Maps | None) -> tuple[DisplacementField, DisplacementField]:
        """Return both displacement fields; outside the box nothing moves."""
        return self._field(maps, 0), self._field(maps, 1)

    def _field(self, maps: Maps | None, end: int) -> DisplacementField:
        shape, spacing = self.pair.geometry.shape, self.pair.geometry.spacing_kji
        whole = torch.zeros(1, 3, *shape, device="cpu" if maps is None else maps.displacements.device)
        if self.region is not None and maps is not None:
            box = self.region.box
            inner = shape_of(box)
            displacement = displacement_in_slab(maps.displacements[end][None], inner, slice(0, inner[0]))
            edge = torch.from_numpy(soft_edge(box, shape, spacing)).to(displacement.device)
            whole[(slice(None), slice(None), *box)] = displacement * edge
        return DisplacementField.from_voxels(whole, self.pair.geometry)


def _by_what_is_seen(weights: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """Return the weights of the candidates, (1, 4, *shape), by how much of a place each shows; as they are where none
    shows it."""
    counted = weights * shown
    total = counted.sum(dim=1, keepdim=True)
    return torch.where(total > 0, counted * weights.sum(dim=1, keepdim=True) / total, weights)


def model_shape(box: Box, geometry: Geometry) -> tuple[int, int, int]:
    """Return the shape of the model grid over a box: coarser in the plane where pixels are finer than learnt."""
    slices, *sides = shape_of(box)
    _, *spacing = geometry.spacing_kji
    j, i = (
        max(1, round(side * along / MODEL_PIXEL)) if along < FINEST_PIXEL else side
        for side, along in zip(sides, spacing, strict=True)
    )
    return slices, j, i
