"""Every choice in fitting a velocity field, with the paper's values beside ours."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from temporal_interp.data.settings import Counts, Levels, Paper, Seed, Settings, checked
from temporal_interp.errors import InvalidInputError
from temporal_interp.memory import Footprint
from temporal_interp.tensors.similarity import NOISE_VARIANCE_FLOOR

Stride = Annotated[float, Field(ge=1)]


def _odd(side: int) -> int:
    if side % 2 == 0:
        raise ValueError("must be odd")
    return side


@checked
class GridField(Settings):
    """A velocity given by vectors on a grid (our choice: as good as a network, and far quicker to fit).

    Attributes:
        stride: distance between the vectors, in voxels of every level.
        spread: standard deviation of the Gaussian that smooths the vectors, in distances between them.
        starts: every problem is begun this many times, a little apart. The start that makes its two images most similar
            continues alone on the finest level: a motion as large as that of a heart between ED and ES has several
            explanations, and chance should not pick one.
        search: every problem is begun once more, from the motion that an exhaustive search finds on the coarsest level,
            up to this many of its voxels, see `match_windows`: a thin structure that moves further than it is thick is
            not found downhill. 0 leaves it out. The paper has no search.
    """

    kind: ClassVar[str] = "grid"

    stride: Stride = 2.0
    spread: NonNegativeFloat = 0.7
    starts: PositiveInt = 2
    search: NonNegativeInt = 0


@checked
class NetworkField(Settings):
    """A velocity given by a sinusoidal network (NeVF, Han et al. 2023).

    Attributes:
        stride: distance between the points where the network is evaluated, L in Section 2.2, in voxels of the finest
            level.
        width: neurons in a hidden layer.
        layers: linear layers.
        frequency: omega of the sine activations (30 in SIREN, which NeVF follows).
        extent: the longest side of the images spans -extent to extent in the network's coordinates; more lets the
            first layer draw finer motion.
        reach: an output of 1 is this many of the smallest voxels.
        upsampled: the velocity is brought to full resolution before it is integrated, as in Section 2.2; else it is
            integrated on the sparse grid, and the displacement is brought to full resolution: the order that Section
            3.5 compares.
        seed: of the first weights.
    """

    kind: ClassVar[str] = "network"

    stride: Annotated[Stride, Paper(3.0)] = 1.5
    width: Annotated[PositiveInt, Paper(256)] = 128
    layers: Annotated[int, Field(ge=2), Paper(5)] = 5
    frequency: Annotated[PositiveFloat, Paper(30.0)] = 30.0
    extent: Annotated[PositiveFloat, Paper(1.0)] = 2.0
    reach: Annotated[PositiveFloat, Paper(1.0)] = 5.0
    upsampled: bool = True
    seed: Seed = 0


@checked
class VelocitySettings(Settings):
    """Settings of a fitted velocity field. The defaults are ours for slices, `volume()` gives ours for volumes, and
    `paper()` gives those of NeVF (Han et al. 2023, Sections 2.2 and 3.2), at full resolution.

    Attributes:
        field: what gives the velocity.
        max_voxels: the images are coarsened, the finest axis first, until they have no more voxels than this.
        levels: coarsening of the images, from coarse to fine, in powers of two or any whole number.
        iterations: steps on each level, at most.
        learning_rate: of Adam; for a grid in distances between vectors, for a network of its weights.
        window: side of the window of the local correlation, in voxels, odd.
        window_stride: distance between these windows, in voxels: neighbours overlap, so most can be left out.
        noise_variance_floor: variance, on images scaled to [0, 1], below which a window holds noise rather than
            structure; 0 takes the variance of the noise in the pair at hand, see `noise_variance`.
        smoothness: weight of the squared gradient: where `symmetric`, of the velocity, as the mean over all derivatives
            of all components, which has one size in 2D and 3D; else of the displacement, as their sum.
        bending: a length in voxels of the finest level, along their shortest side. The square of the second derivatives
            times it is added to that of the gradient, so that motion changes gradually across regions without structure
            (our choice).
        folding: weight of mean relu(-det J).
        symmetric: compare the two volumes half-way between them, so that neither is preferred; else, as in NeVF, the
            warped moving volume with the fixed one.
        squaring_steps: of scaling and squaring while fitting; the result is always integrated with 7.
        patience: a level ends early when the mean loss of this many steps has not improved by `tolerance`
            (relative) over the steps before; 0 runs all iterations. Slices fitted together stop together.
        tolerance: see `patience`.

    Raises:
        InvalidInputError: a value makes no sense; the message names it.

    Example:
        >>> VelocitySettings(window=5, field=GridField(starts=1)).in_one_line()
        'starts=1 window=5'
        >>> VelocitySettings.paper().field.width
        256
    """

    field: Annotated[GridField | NetworkField, Paper(NetworkField.paper())] = GridField()
    max_voxels: Annotated[PositiveInt, Paper(2**31)] = 100_000
    levels: Annotated[Levels, Field(min_length=1), Paper((1,))] = (4, 2, 1)
    iterations: Annotated[Counts, Paper((300,))] = (30, 30, 20)
    learning_rate: Annotated[PositiveFloat, Paper(1e-4)] = 0.15
    window: Annotated[int, Field(ge=3), AfterValidator(_odd), Paper(9)] = 9
    window_stride: Annotated[PositiveInt, Paper(1)] = 3
    noise_variance_floor: Annotated[NonNegativeFloat, Paper(NOISE_VARIANCE_FLOOR)] = 0.0
    smoothness: Annotated[NonNegativeFloat, Paper(0.1)] = 2.0
    bending: Annotated[NonNegativeFloat, Paper(0.0)] = 0.0
    folding: Annotated[NonNegativeFloat, Paper(100.0)] = 0.0
    symmetric: Annotated[bool, Paper(False)] = True
    squaring_steps: Annotated[PositiveInt, Paper(7)] = 3
    patience: Annotated[NonNegativeInt, Paper(0)] = 0
    tolerance: NonNegativeFloat = 1e-3

    @property
    def memory(self) -> Footprint:
        """The memory that a fit takes."""
        return Footprint(per_voxel=60, at_once=1000, most_at_once=self.max_voxels)

    def __post_init__(self) -> None:
        if len(self.iterations) != len(self.levels):
            raise InvalidInputError(
                f"The setting 'iterations' must have one number for every level, got {self.iterations} for the levels "
                f"{self.levels}."
            )

    @classmethod
    def volume(cls) -> VelocitySettings:
        """Return our choices for volumes; the defaults are those for single slices.

        A finer grid of images, and smaller windows on it: on simulated hearts the motion is nearer to the true one by a
        sixth, while real slices, which tissue enters and leaves, are followed better on the coarser grid. Bending
        counts: the liver then follows the diaphragm for longer, but slices and small hearts, whose motion is finer, get
        worse the more it counts. One start: in volumes the motion did not depend on it.
        """
        return cls(
            field=GridField(stride=3.0, starts=1), max_voxels=1_000_000, levels=(8, 4, 2, 1),
            iterations=(30, 30, 30, 15), window=5, window_stride=2, bending=4.0,
        )  # fmt: skip

    @classmethod
    def neural(cls) -> VelocitySettings:
        """Return NeVF's network with our choices for everything else."""
        return cls(
            field=NetworkField(), iterations=(80, 80, 80), learning_rate=1e-3, window=7, window_stride=1,
            noise_variance_floor=NOISE_VARIANCE_FLOOR, folding=100.0, squaring_steps=5, patience=30,
        )  # fmt: skip
