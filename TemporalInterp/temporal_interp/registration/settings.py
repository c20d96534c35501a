"""Every choice in fitting a neural velocity field, with the paper's values beside ours."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields

from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class NeuralVelocitySettings:
    """Settings of the neural velocity field (NeVF, Han et al. 2023); the defaults are ours, `paper()` is the paper.

    Attributes:
        width: neurons in a hidden layer of the sinusoidal network (paper: 256).
        layers: linear layers (paper: 5).
        frequency: omega of the sine activations (30 in SIREN, which the paper follows).
        extent: the longest side of the grid spans -extent to extent in the network's coordinates; more lets the first
            layer draw finer motion.
        reach: the network's output of 1 is this many of the grid's smallest voxels.
        stride: distance of the points where the network is asked, L in Section 2.2, in voxels of the fitted grid.
        max_voxels: the grid is coarsened, the finest axis first, until it has no more voxels than this.
        levels: coarsening of the fitted grid, from coarse to fine, in powers of two or any whole number.
        iterations: at most so many steps on each level.
        learning_rate: of Adam (paper: 1e-4).
        window: side of the window of the local correlation, in voxels, odd (paper: 9).
        smoothness: weight of the squared gradient; of the velocity where `symmetric`, else of the displacement as in
            the paper (0.1).
        folding: weight of mean relu(-det J) (paper: 100).
        symmetric: compare the two volumes half-way between them, so that neither is preferred; else, as in the paper,
            the warped moving volume with the fixed one.
        squaring_steps: of scaling and squaring while fitting; the result is always integrated with 7.
        patience: a level ends early when the mean loss of so many steps has not improved by `tolerance`
            (relative) over the steps before; 0 runs all iterations. Slices fitted together stop together.
        tolerance: see `patience`.
        seed: of the network's first weights.

    Raises:
        InvalidInputError: a value makes no sense; the message names it.
    """

    width: int = 128
    layers: int = 5
    frequency: float = 30.0
    extent: float = 2.0
    reach: float = 5.0
    stride: float = 1.5
    max_voxels: int = 100_000
    levels: tuple[int, ...] = (4, 2, 1)
    iterations: tuple[int, ...] = (80, 80, 80)
    learning_rate: float = 1e-3
    window: int = 7
    smoothness: float = 0.5
    folding: float = 100.0
    symmetric: bool = True
    squaring_steps: int = 5
    patience: int = 30
    tolerance: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("width", "frequency", "extent", "reach", "max_voxels", "learning_rate", "squaring_steps"):
            self._require(name, getattr(self, name) > 0, "positive")
        for name in ("smoothness", "folding", "patience", "tolerance"):
            self._require(name, getattr(self, name) >= 0, "zero or more")
        whole = (self.width, self.layers, self.max_voxels, self.window, self.squaring_steps, self.patience, self.seed)
        if not all(isinstance(n, int) for n in (*whole, *self.levels, *self.iterations)):
            raise InvalidInputError(
                "The settings width, layers, max_voxels, window, squaring_steps, patience, seed, levels and iterations "
                f"must be whole numbers, got {self}."
            )
        self._require("layers", self.layers >= 2, "at least 2")
        self._require("stride", self.stride >= 1, "at least 1 voxel")
        self._require("window", self.window >= 3 and self.window % 2 == 1, "odd and at least 3")
        self._require("levels", bool(self.levels) and min(self.levels) >= 1, "whole numbers of at least 1")
        falling = all(coarse > fine for coarse, fine in itertools.pairwise(self.levels))
        self._require("levels", falling, "from coarse to fine")
        fits = len(self.iterations) == len(self.levels) and min(self.iterations) >= 1
        self._require("iterations", fits, "one whole number of at least 1 for every level")

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise InvalidInputError(f"The setting '{name}' must be {what}, got {getattr(self, name)}.")

    @classmethod
    def paper(cls) -> NeuralVelocitySettings:
        """Return the literal values of the paper (Sections 2.2 and 3.2), at full resolution."""
        return cls(
            width=256, extent=1.0, reach=1.0, stride=3.0, max_voxels=2**31, levels=(1,), iterations=(300,),
            learning_rate=1e-4, window=9, smoothness=0.1, symmetric=False, squaring_steps=7, patience=0,
        )  # fmt: skip

    def in_one_line(self) -> str:
        """Return the settings that differ from the defaults, "" where none does."""
        default = NeuralVelocitySettings()
        changed = (f for f in fields(self) if getattr(self, f.name) != getattr(default, f.name))
        return " ".join(f"{f.name}={getattr(self, f.name)}".replace(" ", "") for f in changed)
