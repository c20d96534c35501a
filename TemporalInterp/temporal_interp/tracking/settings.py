"""Every choice in tracking through a sequence, with the paper's values beside ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from temporal_interp.data.settings import Counts, Levels, Paper, Seed, Settings, checked
from temporal_interp.errors import InvalidInputError


@checked
class TrackingSettings(Settings):
    """Settings of a tracking; the defaults are ours, `paper()` gives NMSR as in its paper (Zhu et al. 2020, Section 3).

    Attributes:
        method: what finds the motion: "velocity" fits a velocity field to each pair of frames (ours), "nmsr" networks
            to all pairs together.
        scales: factors by which the images are coarser than the frames, from coarse to fine; in NMSR each has a
            network.
        passes: how often each pair of frames is seen at each scale.
        least_steps: smallest number of steps at each scale, however few the pairs. In the paper it is the number.
        inherit: a scale starts from the network of the one before (NMSR_VI), not from a fresh one (NMSR).
        widths: channels of the networks, from their finest scale to their coarsest.
        stride: side in voxels of the blocks that the networks see as one.
        antisymmetric: swapping two frames reverses the field to first order, so equal frames give no motion.
        learning_rate: of Adam.
        batch: pairs in a step.
        radius: of the window of the local correlation, in voxels.
        noise_variance_floor: variance in a window, on frames scaled to [0, 1], below which it holds noise: where
            frames are darker and smoother, the motion around continues. Ultrasound's shadows hold only noise.
        smoothness: weight of the gradient of the field, or of the velocity.
        norm: what of the gradient is weighted: "squares", the mean square of its strain in mm per mm, or "l2", the
            root of the mean square of its derivative in voxels along each axis, added up, as in Eq. 3 (means, not
            sums, as in the similarity). A velocity has squares.
        blur: standard deviation in voxels of a Gaussian over the frames. Without it, fields sharpen edges to make up
            for the blur of linear interpolation, and strain suffers (our measurement on the phantom).
        warm_up: steps over which the learning rate rises at each scale: fresh networks diverge at once at our rate.
        decay: share of a scale's steps at its end during which the learning rate falls to zero.
        patience: if the mean loss of this many passes is not better by `tolerance` (relative) than that of as many
            before, the learning rate falls at once and the scale ends early; 0 sees every pair `passes` times.
        tolerance: see `patience`.
        refinement: scales at which the displacement from the reference frame is compared with the frames themselves,
            from coarse to fine, to remove the accumulated errors of the pairs (ours); () keeps them.
        refinement_passes: how often each frame is then seen, at each of these scales.
        max_voxels: frames are coarsened, the finest axis first, until they have no more voxels than this.
        seed: of the first weights and of the order of the pairs.

    Of NMSR alone are `least_steps`, `inherit`, `widths`, `stride`, `antisymmetric`, `learning_rate`, `batch`, `radius`,
    `norm`, `warm_up`, `decay`, `patience`, `tolerance` and `seed`.

    Raises:
        InvalidInputError: a value makes no sense; the message names it.

    Example:
        >>> TrackingSettings(scales=(2, 1), passes=(20, 10)).in_one_line()
        'scales=(2,1) passes=(20,10)'
    """

    method: Annotated[Literal["velocity", "nmsr"], Paper("nmsr")] = "velocity"
    scales: Annotated[Levels, Field(min_length=1)] = (8, 4, 2, 1)
    passes: Annotated[Counts, Paper((1, 1, 1, 1))] = (40, 40, 20, 20)
    least_steps: Annotated[PositiveInt, Paper(3500)] = 100
    inherit: bool = True
    widths: Annotated[Counts, Field(min_length=1), Paper((16, 32, 32, 32))] = (16, 32, 32)
    stride: Annotated[PositiveInt, Paper(1)] = 2
    antisymmetric: Annotated[bool, Paper(False)] = True
    learning_rate: Annotated[PositiveFloat, Paper(1e-3)] = 3e-3
    batch: Annotated[PositiveInt, Paper(1)] = 4
    radius: Annotated[PositiveInt, Paper(6)] = 6
    noise_variance_floor: Annotated[PositiveFloat, Paper(1e-6)] = 1e-4
    smoothness: Annotated[NonNegativeFloat, Paper(10.0)] = 2.0
    norm: Annotated[Literal["squares", "l2"], Paper("l2")] = "squares"
    blur: Annotated[NonNegativeFloat, Paper(0.0)] = 0.8
    warm_up: Annotated[NonNegativeInt, Paper(0)] = 20
    decay: Annotated[float, Field(ge=0, le=1), Paper(0.0)] = 0.5
    patience: NonNegativeInt = 0
    tolerance: NonNegativeFloat = 1e-3
    refinement: Annotated[Levels, Paper(())] = (2, 1)
    refinement_passes: PositiveInt = 30
    max_voxels: PositiveInt = 1_000_000
    seed: Seed = 0

    def __post_init__(self) -> None:
        if len(self.passes) != len(self.scales):
            raise InvalidInputError(
                f"The setting 'passes' must have one number for every scale, got {self.passes} for the scales "
                f"{self.scales}."
            )

    @classmethod
    def most_similar(cls) -> TrackingSettings:
        """Return settings that make neighbouring frames as similar as possible, which the paper's table measures.

        They follow speckle and noise too: the motion of the phantom is less exact than with the defaults.
        """
        return cls(
            method="nmsr", stride=1, noise_variance_floor=1e-6, smoothness=0.05, blur=0.0, passes=(40, 40, 25, 12),
            refinement=(),
        )  # fmt: skip

    def one_scale(self, dimensions: int = 2) -> TrackingSettings:
        """Return the plain baseline: one network on the frames as they are, for as much work as all scales together."""
        work = sum(passes / scale**dimensions for passes, scale in zip(self.passes, self.scales, strict=True))
        return replace(self, scales=(1,), passes=(round(work),))
