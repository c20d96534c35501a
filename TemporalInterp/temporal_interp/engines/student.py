"""The engine of the trained network: two acquired volumes and a time are all it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import CONTRAST_FLOOR, IntensityRange
from temporal_interp.data.physical_displacement import displacement_field
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.slice_independence import slices_are_independent
from temporal_interp.data.volume import Volume
from temporal_interp.engines.model_grid import Maps, StudentOnPair
from temporal_interp.engines.protocol import InterpolatedFrame, require_pair, require_t
from temporal_interp.engines.region import Box, region_of_change, soft_edge
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.models.registry import Registry
from temporal_interp.networks.load import network_of
from temporal_interp.networks.student import Student
from temporal_interp.registration.grids import coarsen
from temporal_interp.tensors.devices import is_bfloat16_native
from temporal_interp.tensors.slabs import as_image, displacement_in_slab, resize_slab, sample_in_plane, slabs
from temporal_interp.tensors.spatial import identity_grid, sample

FINEST_PIXEL = 1.0
"""mm: the networks learn pixels of 1.1 mm and more; a finer image is brought to `MODEL_PIXEL` (our choice)."""

MODEL_PIXEL = 1.4

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, eq=False)
class StudentEngine:
    """Engine: TM-MSDF's student.

    Attributes:
        student: the network.
        model: its name and version, for the provenance.
        model_sha256: checksum of its file.
        device: where to compute, as PyTorch names it.
        precision: "float32", "bfloat16" (mixed; velocities and integration stay float32), or "auto": bfloat16 where
            the device multiplies it natively.
        max_voxels: voxels that are worked on at once; larger volumes are cut into overlapping tiles.

    Raises:
        InvalidInputError: a setting makes no sense.
    """

    student: Student
    model: str = ""
    model_sha256: str = ""
    device: str = "cpu"
    precision: str = "auto"
    max_voxels: int = 2_500_000
    name: str = field(default="student", init=False)

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS or self.max_voxels < 1:
            raise InvalidInputError(
                f"A student engine needs a precision ({', '.join(PRECISIONS)}) and at least one voxel at a time, got "
                f"{self.precision} and {self.max_voxels}."
            )

    @classmethod
    def from_model(cls, name_or_path: str | Path | None = None, *, device: str = "cpu") -> StudentEngine:
        """Return the engine of a registered model or of a model file; of the default model if None.

        Raises:
            InvalidInputError: there is no such model, none is shipped, or the file cannot be used.
        """
        registry = Registry()
        if name_or_path is None:
            entry = registry.default()
            if entry is None:
                raise InvalidInputError(
                    "No trained model comes with this program; give a model file or another engine."
                )
            name_or_path = entry.name
        loaded = registry.load(name_or_path)
        name = str(name_or_path)
        if not name.endswith(".safetensors"):
            name = f"{name} {registry.find(name).version}"
        return cls(network_of(loaded, "student"), Path(name).name, loaded.sha256, device)

    @cached_property
    def _sees_neighbours(self) -> bool:
        """See `Student`: it reads all weights, which would be half of the time to prepare a single slice."""
        return self.student.sees_neighbours

    @property
    def settings(self) -> str:
        """What differs from the defaults, in one line."""
        return "" if self.precision == "auto" else f"precision={self.precision}"

    def prepare(
        self,
        first: Volume,
        last: Volume,
        *,
        intensity_range: IntensityRange | None = None,
        slice_thickness: float | None = None,
        progress: Progress = no_progress,
    ) -> PreparedStudent:
        """Compute the features of the pair; see `InterpolationEngine.prepare`."""
        require_pair(first, last)
        intensity_range = intensity_range or IntensityRange.of([first, last], lower_percentile=CONTRAST_FLOOR)
        progress(0.0, "looking for what moves")
        scaled = [intensity_range.normalise(v.array) for v in (first, last)]
        box = region_of_change(*scaled, first.geometry)
        asked = None
        if box is not None:
            progress(0.1, "computing the features of the pair")
            geometry = first.geometry
            shape = model_shape(box, geometry)
            images = [coarsen(as_image(s[box], "cpu"), shape)[0, 0] for s in scaled]
            asked = StudentOnPair(
                self.student,
                *images,
                independent=not self._sees_neighbours or slices_are_independent(geometry, slice_thickness),
                device=self.device,
                bfloat16=self.precision == "bfloat16" or (self.precision == "auto" and is_bfloat16_native(self.device)),
                max_voxels=self.max_voxels,
            )
        progress(1.0, "features computed")
        return PreparedStudent(first, last, intensity_range, box, asked)


class PreparedStudent:
    """A pair of volumes and its features, ready for any time.

    Args:
        first: volume at t = 0.
        last: volume at t = 1.
        intensity_range: what scaled the volumes to [0, 1].
        box: where they differ, or None.
        asked: the student and the pair within the box, or None.
    """

    def __init__(
        self,
        first: Volume,
        last: Volume,
        intensity_range: IntensityRange,
        box: Box | None,
        asked: StudentOnPair | None,
    ) -> None:
        self.first = first
        self.last = last
        self.intensity_range = intensity_range
        self.box = box
        self.asked = asked

    def at(self, t: float, *, fields: bool = False) -> InterpolatedFrame:
        """Return the frame at `t`; see `PreparedPair.at`."""
        return self.at_many([t], fields=fields)[0]

    def at_many(self, times: Sequence[float], *, fields: bool = False) -> list[InterpolatedFrame]:
        """Return the frames at some times; the network is asked for as many at once as fit."""
        times = [require_t(t) for t in times]
        ends = {0.0: self.first, 1.0: self.last}
        asked = [t for t in times if fields or t not in ends]
        maps = dict(zip(asked, self.asked.at(asked), strict=True)) if self.asked is not None and asked else {}
        frames = []
        for t in times:
            volume = ends.get(t) or self._render(maps.get(t), t)
            frames.append(InterpolatedFrame(volume, t, *(self._fields(maps.get(t)) if fields else ())))
        return frames

    def _render(self, maps: Maps | None, t: float) -> Volume:
        """Return the frame at t: the linear blend, and within the box what the network makes of the acquired voxels."""
        shape = self.first.geometry.shape
        low = np.float64(self.intensity_range.low)
        # float32 holds contrasts well, but not on top of a large offset
        sources = [as_image(v.array - low, "cpu") for v in (self.first, self.last)]
        frame = np.empty(shape, self.first.array.dtype)
        edge = None if self.box is None else soft_edge(self.box, shape, self.first.geometry.spacing_kji)
        for slab in slabs(shape):
            values = torch.lerp(sources[0][0, 0, slab], sources[1][0, 0, slab], t)
            if maps is not None:
                self._synthesise(values, slab, sources, maps, edge)
            frame[slab] = to_scalar_type(values.numpy() + low, frame.dtype)
        return self.first.with_array(frame)

    def _synthesise(
        self, values: torch.Tensor, slab: slice, sources: Sequence[torch.Tensor], maps: Maps, edge: np.ndarray
    ) -> None:
        """Put what the network says into the part of a slab, (rows, J, I), that lies within the box."""
        along_k, *in_plane = self.box
        rows = slice(max(slab.start, along_k.start), min(slab.stop, along_k.stop))
        if rows.start >= rows.stop:
            return
        inner = slice(rows.start - along_k.start, rows.stop - along_k.start)
        shape = tuple(b.stop - b.start for b in self.box)
        here = (slice(rows.start - slab.start, rows.stop - slab.start), *in_plane)
        candidates = []
        for source, displacement in zip(sources, maps.displacements, strict=True):
            points = identity_grid((rows.stop - rows.start, *shape[1:]), displacement)
            start = torch.tensor([rows.start, *(b.start for b in in_plane)], dtype=torch.float32)
            points = points + start.view(1, 3, 1, 1, 1) + displacement_in_slab(displacement[None], shape, inner)
            candidates.append(source[:, :, rows, in_plane[0], in_plane[1]])
            moves_through = displacement[0].any()
            candidates.append(sample(source, points) if moves_through else sample_in_plane(source[:, :, rows], points))
        weights = resize_slab(maps.weights, shape, inner)
        made = (weights * torch.cat(candidates, dim=1)).sum(dim=1)[0]
        residual = resize_slab(maps.residual, shape, inner)[0, 0]
        made = made + residual * float(self.intensity_range.high - self.intensity_range.low)
        values[here] = torch.lerp(values[here], made, torch.from_numpy(edge[inner]))

    def _fields(self, maps: Maps | None) -> tuple:
        """Return both displacement fields; outside the box nothing moves."""
        shape, spacing = self.first.geometry.shape, self.first.geometry.spacing_kji
        fields = []
        for number in range(2):
            whole = torch.zeros(1, 3, *shape)
            if maps is not None:
                inner = tuple(b.stop - b.start for b in self.box)
                displacement = displacement_in_slab(maps.displacements[number][None], inner, slice(0, inner[0]))
                edge = torch.from_numpy(soft_edge(self.box, shape, spacing))
                whole[(slice(None), slice(None), *self.box)] = displacement * edge
            fields.append(displacement_field(whole, self.first.geometry))
        return tuple(fields)


def model_shape(box: Box, geometry: Geometry) -> tuple[int, int, int]:
    """Return the shape of the model grid over a box: coarser in the plane where pixels are finer than learnt."""
    shape = []
    for axis, (part, along) in enumerate(zip(box, geometry.spacing_kji, strict=True)):
        size = part.stop - part.start
        shape.append(round(size * along / MODEL_PIXEL) if axis and along < FINEST_PIXEL else size)
    return tuple(max(1, size) for size in shape)
