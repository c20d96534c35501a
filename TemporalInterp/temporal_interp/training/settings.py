"""How a network is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from temporal_interp.data.settings import LearningRate, Paper, Seed, Settings, checked


@checked
class TrainingSettings(Settings):
    """The settings of a training. `paper()` has those of the paper (section 3.1); only the regulariser differs.

    Attributes:
        epochs: passes over the subjects.
        batch_size: samples per step, in all processes together: with more devices each one takes fewer.
        learning_rate: of Adam.
        schedule: how the learning rate goes on from there: "constant", or "cosine", which falls to nothing over all
            epochs (our choice; paper: not named, so constant).
        regularisation: lambda_r, weight of the smoothness of the fields.
        regulariser: what lambda_r weighs: "strain" is the sum of the squared derivatives over components and axes, in
            mm per mm (our choice: it means the same for voxels of any size); "diffusion" is VoxelMorph's mean in voxels
            (paper, section 2.4, which cites it), on cubic voxels a ninth of that.
        distillation: lambda_d, weight of the distillation loss; 0 trains a student without a teacher.
        alignment: weight of the alignment loss; 0 leaves it out, as in the paper's Table 3.
        motion: weight of the error of the displacements, in voxels, where the true motion is known (our choice;
            paper: none, 0).
        averaging: share that an exponential moving average of the weights keeps at every step; 0 for no averaging
            (our choice; paper: none). The average is validated and kept.
        precision: "32", "bf16" for mixed precision, or "auto" for mixed precision where the device computes it in
            hardware; velocities, integration and losses are float32 in all (paper: silent, so 32).
        validate_every: epochs between validations.
        patience: validations without improvement after which training stops; 0 never stops early (paper: none).
        seed: of the fresh weights, of the order and of the samples.
        workers: processes that draw samples; 0 draws them in the training process.
        gradient_clip: largest norm of the gradient; 0 for no limit.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000), Paper(200)] = 200
    batch_size: Annotated[int, Field(ge=1, le=65_536), Paper(1)] = 1
    learning_rate: Annotated[LearningRate, Paper(1e-4)] = 1e-4
    schedule: Annotated[Literal["constant", "cosine"], Paper("constant")] = "constant"
    regularisation: Annotated[NonNegativeFloat, Paper(0.1)] = 0.1
    regulariser: Annotated[Literal["strain", "diffusion"], Paper("diffusion")] = "strain"
    distillation: Annotated[NonNegativeFloat, Paper(0.1)] = 0.1
    alignment: Annotated[NonNegativeFloat, Paper(1.0)] = 1.0
    motion: Annotated[NonNegativeFloat, Paper(0.0)] = 0.0
    averaging: Annotated[float, Field(ge=0, lt=1), Paper(0.0)] = 0.0
    precision: Annotated[Literal["32", "bf16", "auto"], Paper("32")] = "32"
    validate_every: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    patience: Annotated[NonNegativeInt, Paper(0)] = 0
    seed: Seed = 0
    workers: Annotated[int, Field(ge=0, le=1024)] = 0
    gradient_clip: Annotated[NonNegativeFloat, Paper(0.0)] = 0.0
