"""The refined engine: a velocity field fitted to what the student's motion leaves over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.engines.model_grid import Maps, StudentOnPair
from temporal_interp.engines.student import PreparedStudent, StudentEngine
from temporal_interp.errors import Progress, no_progress, part_of
from temporal_interp.registration.register import fit_volumes
from temporal_interp.registration.settings import GridField, VelocitySettings
from temporal_interp.tensors.spatial import compose, integrate_velocity, resize_field, warp

REMAINDER = VelocitySettings(field=GridField(starts=1), levels=(2, 1), iterations=(30, 20))
"""The student has done the large motion: the coarsest level has nothing to find, and starts nothing to decide (our
choice)."""


@dataclass(frozen=True, eq=False)
class RefinedEngine:
    """Engine: NeVF started from the student's field (NeVF, section 2.3), along the student's path in time.

    The student brings the first volume onto the last; the velocity of what is missing is fitted, and the share t of it
    (and t - 1 from the last volume) is put on top of the student's motion to t.

    Attributes:
        student: the engine of the network.
        registration: settings of the fit.
    """

    student: StudentEngine
    registration: VelocitySettings = REMAINDER
    name: str = field(default="refined", init=False)

    @property
    def model(self) -> str:
        """Name and version of the student's model."""
        return self.student.model

    @property
    def model_sha256(self) -> str:
        """Checksum of the student's file."""
        return self.student.model_sha256

    @property
    def settings(self) -> str:
        """What differs from the defaults, in one line: of the fit, all that differs from the velocity field's."""
        fit = "" if self.registration == REMAINDER else self.registration.in_one_line()
        return " ".join(part for part in (self.student.settings, fit) if part)

    def prepare(
        self,
        first: Volume,
        last: Volume,
        *,
        intensity_range: IntensityRange | None = None,
        slice_thickness: float | None = None,
        progress: Progress = no_progress,
    ) -> PreparedStudent:
        """Compute the features of the pair and fit the rest; see `InterpolationEngine.prepare`."""
        prepared = self.student.prepare(
            first,
            last,
            intensity_range=intensity_range,
            slice_thickness=slice_thickness,
            progress=part_of(progress, 0.0, 0.05),
        )
        if prepared.asked is None:
            return prepared
        asked = prepared.asked
        moved = _moved(asked.images[0], asked.at([1.0])[0].displacements[0])
        velocity = fit_volumes(
            asked.images[1].numpy(),
            moved,
            _grid_of(prepared, first.geometry),
            self.registration,
            slice_thickness=slice_thickness,
            device=self.student.device,
            progress=part_of(progress, 0.05, 1.0),
        )
        prepared.asked = RefinedOnPair(asked, velocity.cpu())
        return prepared


class RefinedOnPair:
    """A student on a pair, with a velocity on top of its motion.

    Args:
        student: what is refined.
        velocity: (1, 3, k, j, i), voxels of its own grid over the extent of the pair's:
            last(p) = moved first(p + exp(velocity)(p)), where the student moved it.
    """

    def __init__(self, student: StudentOnPair, velocity: torch.Tensor) -> None:
        self.student = student
        self.velocity = velocity

    def at(self, times: list[float]) -> list[Maps]:
        """Return the student's maps at some times, their displacements refined."""
        return [self._refined(maps, t) for maps, t in zip(self.student.at(times), times, strict=True)]

    def _refined(self, maps: Maps, t: float) -> Maps:
        shape = tuple(maps.displacements.shape[2:])
        with torch.inference_mode():
            shares = integrate_velocity(torch.cat([t * self.velocity, (t - 1) * self.velocity]))
            rest = resize_field(shares, shape).split(1)
            first = compose(maps.displacements[:1], rest[0])
            last = compose(rest[1], maps.displacements[1:])
        return replace(maps, displacements=torch.cat([first, last]))


def _moved(image: torch.Tensor, displacement: torch.Tensor) -> np.ndarray:
    return warp(image[None, None], displacement[None])[0, 0].numpy()


def _grid_of(prepared: PreparedStudent, geometry: Geometry) -> Geometry:
    """Return the model grid: the box of the image, on the network's voxels."""
    shape = tuple(prepared.asked.images[0].shape)
    size = [(b.stop - b.start) * along for b, along in zip(prepared.box, geometry.spacing_kji, strict=True)]
    return Geometry(shape, tuple(length / n for length, n in zip(size, shape, strict=True))[::-1])
