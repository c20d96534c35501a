"""Every choice that shapes a TM-MSDF network. The paper's ablations are values of these settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from temporal_interp.errors import InvalidInputError

SMALL = (8, 16, 32, 64)
"""Widths that two CPU cores carry."""

LARGE = (16, 32, 64, 128)
"""Widths for a GPU."""

CHOICES = {
    "matching": ("warped", "plain"),
    "surrogate": ("features", "images"),
    "blend": ("consistent", "literal"),
    "motion": ("modulated", "direct", "linear"),
    "modulation": ("global", "literal"),
    "fusion": ("all", "finest", "none"),
    "refinement": ("gated", "residual", "none"),
}
"""The values of every setting that is a name; the first is the default."""


@dataclass(frozen=True)
class NetworkSettings:
    """What a teacher or a student is built from.

    The paper does not print its widths; the rest of its reading is `paper_settings()`.

    Attributes:
        widths: channels from the finest to the coarsest scale, one per scale (paper: four scales).
        matching: "warped" brings the features of both ends to time t with the motion of the coarser scale, and every
            scale adds a correction (our choice: a 3 x 3 x 3 convolution cannot see a motion of many voxels); "plain"
            hands on nothing but the upsampled deformation feature (paper, section 2.2).
        surrogate: what stands in for the features of the unknown frame in the student: the "features" of both ends
            blended (our choice, nothing to encode for each t), or the encoded blend of the "images" (paper, 2.3).
        blend: "consistent" is (1 - t) first + t last; "literal" is t first + (1 - t) last, as printed in section 2.3.
        motion: how the student's velocity depends on t: "modulated" by the surrogate timestamp (paper); "direct"
            without time modulation; "linear" scaling of one velocity between both ends (the paper's baseline).
        modulation: "global" computes alpha and beta once and without normalisation, and uses them in every voxel (our
            choice); "literal" expands the encoded time to the size of the feature before blocks of convolution and
            instance normalisation, whose border effects then depend on the size of the image.
        time_scale: the encoded position is this times t. High values make sharp functions of time.
        fusion: deformation fusion module at "all" scales (paper), at the "finest" alone, or "none".
        refinement: "gated" weighs the acquired and the deformed volumes of both ends (our choice: every voxel is a
            mean of acquired ones, nothing is invented, and where nothing moves the plain blend costs nothing);
            "residual" adds a residual to the blend of the deformed volumes (paper), which with `exact_ends` vanishes
            at both ends; "none" is that blend.
        exact_ends: velocities are scaled so that no motion is left at the ends (our choice): t = 0 gives the first
            volume, t = 1 the last.
        swap_symmetric: exchanging the volumes and t for 1 - t gives the same frame (our choice). Both directions go
            through the same weights, which doubles the work of the deformation features.
        halved_integration: scaling and squaring of the finest scale at half its resolution in the plane (our choice;
            costs 0.02 voxel of accuracy and saves three quarters of the time).
        shortest_halved: an axis with fewer voxels keeps its resolution from one scale to the next, so that thin stacks
            lose no slice (our choice; the paper halves every axis).

    Raises:
        InvalidInputError: a value makes no sense.
    """

    widths: tuple[int, ...] = SMALL
    matching: str = "warped"
    surrogate: str = "features"
    blend: str = "consistent"
    motion: str = "modulated"
    modulation: str = "global"
    time_scale: float = 10.0
    fusion: str = "all"
    refinement: str = "gated"
    exact_ends: bool = True
    swap_symmetric: bool = True
    halved_integration: bool = True
    shortest_halved: int = 16

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InvalidInputError(
                    f"The network setting '{name}' must be one of {', '.join(choices)}, got {getattr(self, name)!r}."
                )
        if not self.widths or not all(isinstance(w, int) and 0 < w <= 1024 for w in self.widths):
            raise InvalidInputError(f"A network needs a width from 1 to 1024 for every scale, got {self.widths}.")
        if not 0 < self.time_scale <= 1e4 or self.shortest_halved < 2:
            raise InvalidInputError(
                f"time_scale must be from 0 to 10000 and shortest_halved at least 2, "
                f"got {self.time_scale} and {self.shortest_halved}."
            )
        if self.motion == "linear" and not self.exact_ends:
            raise InvalidInputError("Linear scaling vanishes at the ends by itself; leave exact_ends on.")

    @property
    def scales(self) -> int:
        """Number of scales."""
        return len(self.widths)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings for JSON."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> NetworkSettings:
        """Return settings from what `as_dict` gave, or from a configuration file; what is missing is the default.

        Raises:
            InvalidInputError: a name is unknown or a value makes no sense.
        """
        unknown = sorted(set(given) - {field.name for field in fields(cls)})
        if unknown:
            raise InvalidInputError(f"Unknown network settings: {', '.join(unknown)}.")
        try:
            return cls(**{key: tuple(value) if key == "widths" else value for key, value in given.items()})
        except TypeError as error:
            raise InvalidInputError(f"The network settings cannot be read: {error}.") from error


def paper_settings(widths: tuple[int, ...] = LARGE) -> NetworkSettings:
    """Return the closest reading of the paper, with none of our changes but the order of the blend."""
    return NetworkSettings(
        widths=widths,
        matching="plain",
        surrogate="images",
        time_scale=1000.0,
        refinement="residual",
        exact_ends=False,
        swap_symmetric=False,
        halved_integration=False,
        shortest_halved=2,
    )
