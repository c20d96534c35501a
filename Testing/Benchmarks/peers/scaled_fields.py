"""The usual interpolation with a registration: the field scaled by the time from both ends, then a blend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from peers.both_ways import BothWays, PairFields
from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.pair import Pair
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairwise import PairwiseEngine, Synthesised
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import warp


@dataclass(frozen=True)
class ScaledFieldsEngine(PairwiseEngine):
    """Engine: a registration in both directions; see `PreparedScaledFields` for its use."""

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

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedScaledFields:
        """Register the pair both ways; see `PairwiseEngine.prepare_pair`.

        Raises:
            InvalidInputError: also where the registration gives fields that are not finite.
        """
        found = self.fields_of(pair, progress)
        progress(1.0, self.name)
        return PreparedScaledFields(pair, found)

    def fields_of(self, pair: Pair, progress: Progress) -> PairFields:
        """Return the motion between both frames of a pair.

        Raises:
            InvalidInputError: the registration failed, or gave fields that are not finite.
        """
        first, last = (pair.first.with_array(array) for array in pair.normalised)
        found = self.register(first, last, independent=pair.independent, progress=progress)
        self._require_finite(found)
        return found

    def _require_finite(self, found: PairFields) -> None:
        for field in (found.first_to_last, found.last_to_first):
            lost = int((~np.isfinite(field)).any(axis=-1).sum())
            if lost:
                raise InvalidInputError(
                    f"{self.name} found a motion that is NaN or infinite at {lost} voxels of this pair; "
                    f"omit {self.name}."
                )


class PreparedScaledFields:
    """A pair of volumes and the fields between them, ready for any time.

    frame(x) = (1 - t) first(x + t f(x)) + t last(x + (1 - t) g(x)), linear, with the border repeated. A scaled field
    is not known on the frame's own grid; reading f and g at x is an error of this usual practice, not of ours.

    Args:
        pair: both frames.
        fields: f is `first_to_last`, g is `last_to_first`.
    """

    def __init__(self, pair: Pair, fields: PairFields) -> None:
        self.pair = pair
        self.images = [as_image(voxels, "cpu") for voxels in pair.centred]
        self.from_first = in_voxels(fields.first_to_last, pair.geometry)
        self.from_last = in_voxels(fields.last_to_first, pair.geometry)

    def displacements(self, t: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the fields that resample the first and the last volume into the frame at t, (1, 3, K, J, I) voxels."""
        return t * self.from_first, (1 - t) * self.from_last

    def context(self, t: float) -> tuple[int, ...]:
        """Return the numbers of the frames besides the pair that count at t; see `Synthesised`."""
        return ()

    def at(self, t: Sequence[float], *, fields: bool = False) -> list[Synthesised]:
        """Return what lies at some t; see `PreparedPair.at`."""
        return [self._at(share, fields) for share in t]

    def _at(self, t: float, fields: bool) -> Synthesised:
        displacements, context = self.displacements(t), self.context(t)
        volume = self._render(displacements, t)
        if not fields:
            return Synthesised(volume, context=context)
        first, last = (DisplacementField.from_voxels(d, self.pair.geometry) for d in displacements)
        return Synthesised(volume, first, last, context=context)

    def _render(self, displacements: tuple[torch.Tensor, torch.Tensor], t: float) -> Volume:
        first, last = (warp(image, d)[0, 0] for image, d in zip(self.images, displacements, strict=True))
        blend = torch.lerp(first, last, t).numpy() + np.float64(self.pair.intensity_range.low)
        return self.pair.first.with_array(to_scalar_type(blend, self.pair.first.array.dtype))


def in_voxels(field: np.ndarray, geometry: Geometry) -> torch.Tensor:
    """Return a field in voxels, (1, 3, K, J, I), from (K, J, I, 3) in LPS mm."""
    return from_physical(field, geometry).unsqueeze(0)
