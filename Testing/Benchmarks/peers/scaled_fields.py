"""The way people interpolate with a registration: the field scaled by the time from both ends, then a blend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from peers.both_ways import BothWays, PairFields
from temporal_interp.data.intensity import CONTRAST_FLOOR, IntensityRange
from temporal_interp.data.physical_displacement import displacement_field, from_physical
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.slice_independence import slices_are_independent
from temporal_interp.data.volume import Volume
from temporal_interp.engines.protocol import InterpolatedFrame, require_pair, require_t
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import warp


@dataclass(frozen=True)
class ScaledFieldsEngine:
    """Engine: a registration in both directions; see `PreparedScaledFields` for what is made of it."""

    register: BothWays
    model: str = ""
    model_sha256: str = ""

    @property
    def name(self) -> str:
        """Name of the registration."""
        return self.register.name

    @property
    def settings(self) -> str:
        """Settings of the registration, in one line."""
        return self.register.settings

    def prepare(
        self,
        first: Volume,
        last: Volume,
        *,
        intensity_range: IntensityRange | None = None,
        slice_thickness: float | None = None,
        progress: Progress = no_progress,
    ) -> PreparedScaledFields:
        """Register the pair both ways; see `InterpolationEngine.prepare`.

        Raises:
            InvalidInputError: also where the registration gives fields that are not finite.
        """
        require_pair(first, last)
        intensity_range = intensity_range or IntensityRange.of([first, last], lower_percentile=CONTRAST_FLOOR)
        found = self.register(
            *(volume.with_array(intensity_range.normalise(volume.array)) for volume in (first, last)),
            independent=slices_are_independent(first.geometry, slice_thickness),
            progress=progress,
        )
        self._require_finite(found)
        progress(1.0, self.name)
        return PreparedScaledFields(first, last, found, offset=intensity_range.low)

    def _require_finite(self, found: PairFields) -> None:
        for field in (found.first_to_last, found.last_to_first):
            lost = int((~np.isfinite(field)).any(axis=-1).sum())
            if lost:
                raise InvalidInputError(
                    f"{self.name} found a motion that is NaN or infinite at {lost} voxels of this pair; "
                    f"leave {self.name} out."
                )


class PreparedScaledFields:
    """A pair of volumes and the fields between them, ready for any time.

    frame(x) = (1 - t) first(x + t f(x)) + t last(x + (1 - t) g(x)), linear, with the border repeated. No registration
    that scales its field knows the frame's own grid; that f and g are read at x is the custom's error, not ours.

    Args:
        first: volume at t = 0.
        last: volume at t = 1.
        fields: f is `first_to_last`, g is `last_to_first`.
        offset: intensity taken off while warping: float32 holds contrasts well, but not on top of a large offset.
    """

    def __init__(self, first: Volume, last: Volume, fields: PairFields, *, offset: float = 0.0) -> None:
        self.first = first
        self.last = last
        self.offset = np.float64(offset)
        self.images = [as_image(volume.array - self.offset, "cpu") for volume in (first, last)]
        self.displacements = [
            from_physical(field, first.geometry).unsqueeze(0) for field in (fields.first_to_last, fields.last_to_first)
        ]

    def at(self, t: float, *, fields: bool = False) -> InterpolatedFrame:
        """Return the frame at `t`; see `PreparedPair.at`."""
        t = require_t(t)
        from_first, from_last = self.displacements
        scaled = t * from_first, (1 - t) * from_last
        volume = {0.0: self.first, 1.0: self.last}.get(t) or self._render(scaled, t)
        if not fields:
            return InterpolatedFrame(volume, t)
        return InterpolatedFrame(volume, t, *(displacement_field(d, self.first.geometry) for d in scaled))

    def _render(self, scaled: tuple[torch.Tensor, torch.Tensor], t: float) -> Volume:
        first, last = (warp(image, d)[0, 0] for image, d in zip(self.images, scaled, strict=True))
        blend = torch.lerp(first, last, t).numpy() + self.offset
        return self.first.with_array(to_scalar_type(blend, self.first.array.dtype))
