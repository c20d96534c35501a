"""How a network is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of a training; the defaults are the paper's (section 3.1) where it gives them.

    Attributes:
        epochs: passes over the subjects (paper: 200).
        batch_size: samples per step (paper: 1).
        learning_rate: of Adam (paper: 1e-4).
        regularisation: lambda_r, weight of the smoothness of the fields (paper: 0.1).
        distillation: lambda_d, weight of the distillation loss (paper: 0.1); 0 trains a student without a teacher.
        alignment: weight of the alignment loss (paper: 1); 0 leaves it out, as in the paper's Table 3.
        motion: weight of the error of the displacements, in voxels, where the true motion is known (our choice;
            paper: none, 0).
        cycle: share of the student's loss that is cycle consistency (Reda et al. 2019, "Unsupervised Video
            Interpolation Using Cycle Consistency"; our choice; paper: none, 0): from frames that it synthesised
            half-way to either side of the target, the target must come back. So it learns of gaps shorter than any in
            the data.
        averaging: share that an exponential moving average of the weights keeps at every step; 0 for no averaging
            (our choice; paper: none). The average is what is validated and kept.
        precision: "32", or "bf16" for mixed precision; velocities and integration are float32 in both.
        validate_every: epochs between validations.
        patience: validations without improvement after which training stops; 0 never stops early.
        seed: of the fresh weights, of the order and of the samples.
        workers: processes that draw samples; 0 draws them in the training process.
        gradient_clip: largest norm of the gradient; 0 for no limit.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    epochs: int = 200
    batch_size: int = 1
    learning_rate: float = 1e-4
    regularisation: float = 0.1
    distillation: float = 0.1
    alignment: float = 1.0
    motion: float = 0.0
    cycle: float = 0.0
    averaging: float = 0.0
    precision: str = "32"
    validate_every: int = 1
    patience: int = 0
    seed: int = 0
    workers: int = 0
    gradient_clip: float = 0.0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "validate_every"):
            self._require(name, "a whole number from 1", lambda value: value >= 1, whole=True)
        for name in ("patience", "workers", "seed"):
            self._require(name, "a whole number from 0", lambda value: value >= 0, whole=True)
        for name in ("regularisation", "distillation", "alignment", "motion", "gradient_clip"):
            self._require(name, "a number from 0", lambda value: 0 <= value < float("inf"))
        self._require("learning_rate", "a number above 0 and below 1", lambda value: 0 < value < 1)
        self._require("averaging", "a number from 0 to below 1", lambda value: 0 <= value < 1)
        self._require("cycle", "a number from 0 to 1", lambda value: 0 <= value <= 1)
        if self.precision not in ("32", "bf16"):
            raise InvalidInputError(f'precision must be "32" or "bf16", got {self.precision!r}.')

    def _require(self, name: str, what: str, fits: Callable[[Any], bool], *, whole: bool = False) -> None:
        value = getattr(self, name)
        # YAML's true is an int to Python, and 1e-4 without a point is a text to YAML
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not number or not fits(value):
            raise InvalidInputError(f"The training setting '{name}' must be {what}, got {value!r}.")

    def as_dict(self) -> dict[str, Any]:
        """Return the settings for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> TrainingSettings:
        """Return settings from a configuration file; what is missing is the default.

        Raises:
            InvalidInputError: a name is unknown or a value makes no sense.
        """
        unknown = sorted(set(given) - {field.name for field in fields(cls)})
        if unknown:
            raise InvalidInputError(f"Unknown training settings: {', '.join(unknown)}.")
        return cls(**given)
