"""Every choice in tracking through a sequence, with the paper's values beside ours."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields, replace

from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class TrackingSettings:
    """Settings of NMSR (Zhu et al. 2020); the defaults are ours, `paper()` is the paper.

    Attributes:
        scales: how many times coarser than the frames the images are, from coarse to fine; each scale has a network.
        passes: how often each pair of frames is seen at each scale.
        least_steps: steps at each scale at least, however few the pairs.
        inherit: a scale starts from the network of the one before (NMSR_VI), not from a fresh one (NMSR).
        widths: channels of the networks, from their finest scale to their coarsest.
        stride: side in voxels of the blocks that the networks see as one (paper: 1).
        antisymmetric: swapping two frames turns the field round to first order, so equal frames do not move.
        learning_rate: of Adam (paper: 1e-3).
        batch: pairs in a step.
        radius: of the window of the local correlation, in voxels (paper: 6).
        flat: variance in a window, on frames scaled to [0, 1], that counts as nothing to see: where frames are darker
            and smoother the motion around goes on. Ultrasound's shadows hold only noise.
        smoothness: weight of the mean squared gradient of the field (paper: 10, of another norm).
        blur: standard deviation in voxels of a Gaussian over the frames. Without it, fields sharpen edges to make up
            for the blur of linear interpolation, and strain suffers (our measurement on the phantom).
        decay: share of a scale's steps at its end during which the learning rate falls to zero.
        patience: where the mean loss of so many passes is no better by `tolerance` (relative) than that of as many
            before, the learning rate falls at once and the scale ends early; 0 sees every pair `passes` times.
        tolerance: see `patience`.
        refinement: scales at which the displacement from the reference frame is compared with the frames themselves,
            from coarse to fine, to take out what the errors of the pairs add up to (ours); () leaves them.
        refinement_passes: how often each frame is then seen.
        max_voxels: frames are coarsened, the finest axis first, until they have no more voxels than this.
        seed: of the first weights and of the order of the pairs.

    Raises:
        InvalidInputError: a value makes no sense; the message names it.
    """

    scales: tuple[int, ...] = (8, 4, 2, 1)
    passes: tuple[int, ...] = (40, 40, 20, 20)
    least_steps: int = 100
    inherit: bool = True
    widths: tuple[int, ...] = (16, 32, 32)
    stride: int = 2
    antisymmetric: bool = True
    learning_rate: float = 3e-3
    batch: int = 4
    radius: int = 6
    flat: float = 1e-4
    smoothness: float = 2.0
    blur: float = 0.8
    decay: float = 0.5
    patience: int = 0
    tolerance: float = 1e-3
    refinement: tuple[int, ...] = (2, 1)
    refinement_passes: int = 30
    max_voxels: int = 1_000_000
    seed: int = 0

    def __post_init__(self) -> None:
        counts = ("least_steps", "stride", "batch", "radius", "refinement_passes", "max_voxels")
        for name in (*counts, "patience", "seed"):
            self._require(name, isinstance(getattr(self, name), int), "a whole number")
        for name in (*counts, "learning_rate", "flat"):
            self._require(name, getattr(self, name) > 0, "positive")
        for name in ("smoothness", "blur", "patience", "tolerance", "seed"):
            self._require(name, getattr(self, name) >= 0, "zero or more")
        self._require("decay", 0 < self.decay <= 1, "above 0 and at most 1")
        self._require("scales", bool(self.scales), "one scale or more")
        for name in ("scales", "refinement"):
            values = getattr(self, name)
            self._require(name, all(isinstance(n, int) and n >= 1 for n in values), "whole numbers of at least 1")
            falling = all(coarse > fine for coarse, fine in itertools.pairwise(values))
            self._require(name, falling, "from coarse to fine")
        for name in ("passes", "widths"):
            values = getattr(self, name)
            self._require(name, bool(values) and all(isinstance(n, int) and n >= 1 for n in values), "whole numbers")
        self._require("passes", len(self.passes) == len(self.scales), "one number for every scale")

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise InvalidInputError(f"The setting '{name}' must be {what}, got {getattr(self, name)}.")

    @classmethod
    def paper(cls) -> TrackingSettings:
        """Return the values of the paper (Section 3): 3500 steps of one pair are some 70 passes over 49 frames.

        The weight of smoothness is for the mean squared gradient; the paper's 10 is for a norm it does not define.
        """
        return cls(
            passes=(70, 70, 70, 70), widths=(16, 32, 32, 32), stride=1, antisymmetric=False, learning_rate=1e-3,
            batch=1, flat=1e-6, blur=0.0, refinement=(),
        )  # fmt: skip

    @classmethod
    def closest(cls) -> TrackingSettings:
        """Return settings that make neighbouring frames as alike as they can, as the table of the paper counts.

        They follow speckle and noise too: the motion of the phantom comes out less exact than by the defaults.
        """
        return cls(stride=1, flat=1e-6, smoothness=0.05, blur=0.0, passes=(40, 40, 25, 12), refinement=())

    def one_scale(self, dimensions: int = 2) -> TrackingSettings:
        """Return the plain baseline: one network on the frames as they are, for as much work as all scales together."""
        work = sum(passes / scale**dimensions for passes, scale in zip(self.passes, self.scales, strict=True))
        return replace(self, scales=(1,), passes=(round(work),))

    def in_one_line(self) -> str:
        """Return the settings that differ from the defaults, "" where none does."""
        default = TrackingSettings()
        changed = (f for f in fields(self) if getattr(self, f.name) != getattr(default, f.name))
        return " ".join(f"{f.name}={getattr(self, f.name)}".replace(" ", "") for f in changed)
