"""A student on a pair, with a velocity fitted to the motion that it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.engines.pairs.model_grid import Maps, PairModel
from temporal_interp.engines.pairs.student import ModelRegion, PreparedStudent
from temporal_interp.errors import Progress
from temporal_interp.registration.grids import coarsen
from temporal_interp.registration.register import fit_volumes
from temporal_interp.registration.settings import GridField, VelocitySettings
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import compose, integrate_velocity, resize_field, warp

REMAINDER = VelocitySettings(field=GridField(starts=1), levels=(2, 1), iterations=(30, 20))
"""The student finds the large motion, so the coarsest level and several starts are not needed (our choice)."""


def refine(
    prepared: PreparedStudent, settings: VelocitySettings | None, device: str, progress: Progress
) -> PreparedStudent:
    """Return a prepared student with a velocity on top of its motion.

    Args:
        prepared: the student on a pair; returned as it is where nothing differs between the two frames.
        settings: of the fit; `REMAINDER` if None.
        device: where to fit.
        progress: receives the progress; may raise CancelledError.
    """
    region = prepared.region
    if region is None:
        return prepared
    first, last = region.images
    motion = region.model.at([1.0])[0].displacements[:1]
    warped = warp(first[None, None], motion)[0, 0]
    first_seen, last_seen = (_on_grid_of(region, seen) for seen in prepared.pair.seen)
    fitted = fit_volumes(
        last.cpu().numpy(),
        warped.cpu().numpy(),
        _geometry_of(region, prepared.pair.geometry),
        settings or REMAINDER,
        independent=prepared.pair.independent,
        seen=(
            None if last_seen is None else last_seen[0, 0].cpu().numpy(),
            None if first_seen is None else warp(first_seen, motion)[0, 0].cpu().numpy(),
        ),
        device=device,
        progress=progress,
    )
    return PreparedStudent(prepared.pair, replace(region, model=RefinedModel(region.model, fitted.velocity)))


class RefinedModel:
    """A model on a pair, with a velocity on top of its motion.

    Args:
        model: to refine.
        velocity: (1, 3, k, j, i), voxels of its own grid over the extent of the pair's:
            last(p) = warped_first(p + exp(velocity)(p)), where the model warped the first frame.
    """

    def __init__(self, model: PairModel, velocity: torch.Tensor) -> None:
        self.model = model
        self.velocity = velocity

    def at(self, times: Sequence[float]) -> list[Maps]:
        """Return the model's maps at some times, their displacements refined."""
        return [self._refined(maps, t) for maps, t in zip(self.model.at(times), times, strict=True)]

    def _refined(self, maps: Maps, t: float) -> Maps:
        shape, velocity = tuple(maps.displacements.shape[2:]), self.velocity.to(maps.displacements.device)
        with torch.inference_mode():
            shares = integrate_velocity(torch.cat([t * velocity, (t - 1) * velocity]))
            first_rest, last_rest = resize_field(shares, shape).split(1)
            first = compose(maps.displacements[:1], first_rest)
            last = compose(last_rest, maps.displacements[1:])
        return replace(maps, displacements=torch.cat([first, last]))


def _on_grid_of(region: ModelRegion, seen: np.ndarray | None) -> torch.Tensor | None:
    """Return what a frame shows, (K, J, I), on the model grid, (1, 1, k, j, i); None where it shows all."""
    return (
        None
        if seen is None
        else coarsen(as_image(seen[region.box], region.images[0].device), tuple(region.images[0].shape))
    )


def _geometry_of(region: ModelRegion, geometry: Geometry) -> Geometry:
    """Return the model grid: the box of the image, on the network's voxels."""
    k, j, i = region.images[0].shape
    size = [(b.stop - b.start) * along for b, along in zip(region.box, geometry.spacing_kji, strict=True)]
    return Geometry((k, j, i), (size[2] / i, size[1] / j, size[0] / k))
