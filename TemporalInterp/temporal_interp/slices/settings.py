"""Every choice in slice synthesis, with the paper's values beside ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, Strict

from temporal_interp.data.settings import LearningRate, Paper, Seed, Settings, Share, checked
from temporal_interp.slices.degradation import Degradation


@checked
class SliceNetworkSettings(Settings):
    """SInt-A; the defaults are ours, small enough for a CPU, and `paper()` gives the sizes in section 3.1.1.

    Attributes:
        features: channels of a slice before it is divided into blocks.
        block_side: side of the block of pixels that becomes one pixel of the network.
        blocks: number in each of the six groups.
        memory_items: m, of the memory bank; 0 leaves it out.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    features: Annotated[PositiveInt, Paper(3)] = 8
    block_side: Annotated[PositiveInt, Paper(8)] = 2
    blocks: Annotated[PositiveInt, Paper(12)] = 2
    memory_items: Annotated[NonNegativeInt, Paper(10)] = 10


@checked
class PixelNetworkSettings(Settings):
    """PInt; the defaults are ours, small enough for a CPU, and `paper()` gives those of HAN, to which the paper
    refers.

    With `SliceNetworkSettings.paper` both networks have more weights than the 46.9 million that the paper counts; its
    text does not say where they are smaller.

    Attributes:
        width: channels.
        groups: number of groups of blocks.
        blocks: number in each group.
        holistic: whether there are the layer attention and the channel-spatial attention. In so small a network they
            take half as much time again.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    width: Annotated[PositiveInt, Paper(64)] = 32
    groups: Annotated[PositiveInt, Paper(10)] = 2
    blocks: Annotated[PositiveInt, Paper(20)] = 4
    holistic: Annotated[bool, Paper(True)] = False


@checked
class SliceTrainingSettings(Settings):
    """How both networks are trained on volumes; the defaults are ours, for one volume in minutes on a CPU, and
    `paper()` gives section 4.1.

    Attributes:
        steps: of the optimiser (paper: 50 epochs over 510 volumes in batches of 4).
        batch: images, and pairs of slices, in a step, each drawn by itself (ours; paper: all of 4 sub-volumes, which
            are many more, and very similar).
        slices: largest number of slices of an image.
        side: of an image along rows and columns of the slices, in voxels.
        learning_rate: peak of Adam's; it rises over `WARM_UP` steps and falls to zero as a cosine (paper: to a
            tenth after ten epochs).
        wavelets: weight of the wavelet loss (Eqs. 8 to 10); 0 leaves it out.
        coronal_distillation: weight of L_c^cmd; 0 leaves it out.
        sagittal_distillation: weight of L_s^cmd; 0 leaves it out.
        distillation_ratio: gamma, the share of the points that count in both: those that differ least (paper: 0.4 in
            section 4.1, best 0.25 in Fig. 8; ours counts all, since only the weaker view learns).
        repeats: N, how often slices are added between slices for the distillation.
        memory: weight of compactness and separateness (paper: of sums over intensities of a scale it does not
            give; ours are means, of intensities from 0 to 1, whose squared errors are far smaller).
        mutual: whether the pixelwise views also learn from the axial one. They see all slices at once, it sees two: in
            a short training it learns from them, and they would get worse by learning from it (ours).
        in_plane: share of the steps that learn along the other two axes, in which the volume is as fine as the wanted
            slices (ours; 0, the paper, learns along the slice axis alone, where input and target are both r times
            coarser than in use).
        degradation: how thick slices are simulated for learning.
        seed: of the first weights and of the order.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    steps: Annotated[PositiveInt, Paper(6375)] = 1000
    batch: Annotated[PositiveInt, Paper(64)] = 16
    slices: Annotated[int, Field(ge=2), Paper(15)] = 15
    side: Annotated[int, Field(ge=2), Paper(128)] = 48
    learning_rate: Annotated[LearningRate, Paper(1e-4)] = 1e-3
    wavelets: Annotated[NonNegativeFloat, Paper(1.0)] = 0.3
    coronal_distillation: Annotated[NonNegativeFloat, Paper(0.15)] = 2.0
    sagittal_distillation: Annotated[NonNegativeFloat, Paper(0.15)] = 2.0
    distillation_ratio: Annotated[float, Field(gt=0, le=1), Paper(0.4)] = 1.0
    repeats: Annotated[PositiveInt, Paper(2)] = 1
    memory: Annotated[NonNegativeFloat, Paper(0.1)] = 1e-4
    mutual: Annotated[bool, Paper(True)] = False
    in_plane: Annotated[Share, Paper(0.0)] = 0.75
    degradation: Annotated[Degradation, Strict(False)] = Degradation.DIRECT
    seed: Seed = 0

    @classmethod
    def correcting(cls) -> SliceTrainingSettings:
        """Return settings for networks that correct what motion makes: they begin with the weights of the program, and
        more steps gain little (ours)."""
        return cls(steps=200)

    @classmethod
    def fine(cls) -> SliceTrainingSettings:
        """Return settings for volumes whose slices are as close as wanted: they are their own truth, and need neither
        the other axes nor another view."""
        return cls(
            steps=3000, slices=25, in_plane=0.0, wavelets=0.0, coronal_distillation=0.0, sagittal_distillation=0.0
        )
