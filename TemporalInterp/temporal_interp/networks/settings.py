"""Every choice that shapes a TM-MSDF network. The paper's ablations are values of these settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from temporal_interp.data.settings import Paper, Settings, checked
from temporal_interp.errors import InvalidInputError

SMALL = (8, 16, 32, 64)
"""Widths for two CPU cores."""

LARGE = (16, 32, 64, 128)
"""Widths for a GPU."""

Width = Annotated[int, Field(ge=1, le=1024)]
"""Channels of a scale."""


@checked
class NetworkSettings(Settings):
    """The settings of a teacher or a student.

    `paper()` is the paper as it is printed, with none of our changes. Where it is silent, on its widths and on the
    position at which a time is encoded, that is our reading.

    Attributes:
        widths: channels from the finest to the coarsest scale, one per scale (paper: four scales).
        matching: "warped" brings the features of both ends to time t with the motion of the coarser scale, and every
            scale adds a correction (our choice: a 3 x 3 x 3 convolution cannot see a motion of many voxels); "plain"
            passes on only the upsampled deformation feature (paper, section 2.2).
        surrogate: what stands in for the features of the unknown frame in the student: the "features" of both ends
            blended (our choice, nothing to encode for each t), or the encoded blend of the "images" (paper, 2.3).
        blend: "consistent" is (1 - t) first + t last; "literal" is t first + (1 - t) last, as printed in section 2.3,
            where t = 0 is the first volume everywhere else.
        motion: how the student's velocity depends on t: "modulated" by the surrogate timestamp (paper); "direct"
            without time modulation; "linear" scaling of one velocity between both ends (the paper's baseline).
        modulation: "global" computes alpha and beta once and without normalisation, and uses them in every voxel (our
            choice); "literal" expands the encoded time to the size of the feature before blocks of convolution and
            instance normalisation, whose border effects then depend on the size of the image (paper, 2.3).
        alpha_from_one: alpha is one more than what the modulation computes, so that a fresh network leaves features as
            they are (our choice); else alpha is what it computes (paper, 2.3).
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
        initial_weights: "slicewise" has zeros in the outer planes of every kernel, so that a fresh network works slice
            by slice and a network trained on single slices works on stacks, and heads near zero, so that nothing moves
            (our choice); "usual" is PyTorch's for every layer (the paper says nothing), for training on stacks: such a
            student is always shown whole stacks.
        context: the student also looks at the frame before the first and the frame after the last, where there are
            such (our choice: they tell how motion speeds up and slows down; the paper looks at two frames). The
            teacher, which sees the frame between, is the same.
        kernels: "volumes" has kernels of 3 x 3 x 3; "slices" of 3 x 3 in the plane alone, for networks that treat
            every stack slice by slice: a third of the weights (our choice).

    Raises:
        InvalidInputError: a value makes no sense.
    """

    widths: Annotated[tuple[Width, ...], Strict(False), Field(min_length=1, max_length=8), Paper(LARGE)] = SMALL
    matching: Annotated[Literal["warped", "plain"], Paper("plain")] = "warped"
    surrogate: Annotated[Literal["features", "images"], Paper("images")] = "features"
    blend: Annotated[Literal["consistent", "literal"], Paper("literal")] = "consistent"
    motion: Literal["modulated", "direct", "linear"] = "modulated"
    modulation: Annotated[Literal["global", "literal"], Paper("literal")] = "global"
    alpha_from_one: Annotated[bool, Paper(False)] = True
    time_scale: Annotated[float, Field(gt=0, le=1e4), Paper(1000.0)] = 10.0
    fusion: Literal["all", "finest", "none"] = "all"
    refinement: Annotated[Literal["gated", "residual", "none"], Paper("residual")] = "gated"
    exact_ends: Annotated[bool, Paper(False)] = True
    swap_symmetric: Annotated[bool, Paper(False)] = True
    halved_integration: Annotated[bool, Paper(False)] = True
    shortest_halved: Annotated[int, Field(ge=2), Paper(2)] = 16
    initial_weights: Annotated[Literal["slicewise", "usual"], Paper("usual")] = "slicewise"
    context: Annotated[bool, Paper(False)] = False
    kernels: Annotated[Literal["volumes", "slices"], Paper("volumes")] = "volumes"

    def __post_init__(self) -> None:
        if self.motion == "linear" and not self.exact_ends:
            raise InvalidInputError("Linear scaling vanishes at the ends by itself; leave exact_ends on.")

    @property
    def scales(self) -> int:
        """Number of scales."""
        return len(self.widths)

    @property
    def planes(self) -> int:
        """Planes of a kernel along K."""
        return 3 if self.kernels == "volumes" else 1
