"""Every choice in fitting a velocity field, with the paper's values beside ours."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields, replace

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.similarity import FLAT

FIELDS = ("grid", "network")
"""What the velocity can be given by."""


@dataclass(frozen=True)
class VelocitySettings:
    """Settings of a fitted velocity field; the defaults are ours for slices, `volume()` for volumes, and `paper()` is
    NeVF (Han et al. 2023).

    Attributes:
        field: what gives the velocity: vectors on a "grid" (our choice: as good, and far quicker to fit), or a
            sinusoidal "network" (NeVF).
        stride: distance of the grid's vectors, in voxels of every level; of the points where a network is asked, L in
            Section 2.2, in voxels of the finest.
        spread: of a grid: standard deviation in distances between its vectors of the Gaussian that smoothes them.
        starts: of a grid: every problem is begun so many times, a little apart, and that which makes its two images
            likest goes on alone on the finest level: of a motion as large as that of a heart between ED and ES several
            explanations can be found, and chance should not pick one.
        max_voxels: the images are coarsened, the finest axis first, until they have no more voxels than this.
        levels: coarsening of the images, from coarse to fine, in powers of two or any whole number.
        iterations: at most so many steps on each level.
        learning_rate: of Adam; of a grid in distances between vectors (NeVF: 1e-4, of the weights).
        window: side of the window of the local correlation, in voxels, odd (NeVF: 9).
        window_stride: distance of these windows in voxels: neighbours overlap, so most can be left out (NeVF: 1).
        flat: variance, on images scaled to [0, 1], below which a window holds noise rather than structure; 0 takes
            that of the noise in the pair at hand, see `noise_variance`.
        smoothness: weight of the squared gradient: where `symmetric`, of the velocity, as the mean over all derivatives
            of all components, which has one size in 2D and 3D; else of the displacement, as their sum (NeVF: 0.1).
        bending: a length in voxels of the finest level, by their shortest side; the square of the second derivatives
            times it is added to that of the gradient, so that motion changes gradually across what shows nothing
            (our choice; NeVF: 0).
        folding: weight of mean relu(-det J) (NeVF: 100).
        symmetric: compare the two volumes half-way between them, so that neither is preferred; else, as in NeVF, the
            warped moving volume with the fixed one.
        squaring_steps: of scaling and squaring while fitting; the result is always integrated with 7.
        patience: a level ends early when the mean loss of so many steps has not improved by `tolerance`
            (relative) over the steps before; 0 runs all iterations. Slices fitted together stop together.
        tolerance: see `patience`.
        width: neurons in a hidden layer of the network (NeVF: 256).
        layers: linear layers of the network (NeVF: 5).
        frequency: omega of the network's sine activations (30 in SIREN, which NeVF follows).
        extent: the longest side of the images spans -extent to extent in the network's coordinates; more lets the
            first layer draw finer motion.
        reach: the network's output of 1 is this many of the smallest voxels.
        seed: of the network's first weights.

    Raises:
        InvalidInputError: a value makes no sense; the message names it.
    """

    field: str = "grid"
    stride: float = 2.0
    spread: float = 0.7
    starts: int = 2
    max_voxels: int = 100_000
    levels: tuple[int, ...] = (4, 2, 1)
    iterations: tuple[int, ...] = (30, 30, 20)
    learning_rate: float = 0.15
    window: int = 9
    window_stride: int = 3
    flat: float = 0.0
    smoothness: float = 2.0
    bending: float = 0.0
    folding: float = 0.0
    symmetric: bool = True
    squaring_steps: int = 3
    patience: int = 0
    tolerance: float = 1e-3
    width: int = 128
    layers: int = 5
    frequency: float = 30.0
    extent: float = 2.0
    reach: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._require("field", self.field in FIELDS, f"one of {', '.join(FIELDS)}")
        for name in (
            "width",
            "frequency",
            "extent",
            "reach",
            "max_voxels",
            "starts",
            "learning_rate",
            "squaring_steps",
            "window_stride",
        ):
            self._require(name, getattr(self, name) > 0, "positive")
        for name in ("spread", "flat", "smoothness", "bending", "folding", "patience", "tolerance"):
            self._require(name, getattr(self, name) >= 0, "zero or more")
        whole = (
            self.width, self.layers, self.max_voxels, self.starts, self.window, self.window_stride, self.squaring_steps,
            self.patience, self.seed,
        )  # fmt: skip
        if not all(isinstance(n, int) for n in (*whole, *self.levels, *self.iterations)):
            raise InvalidInputError(
                "The settings width, layers, max_voxels, starts, window, window_stride, squaring_steps, patience, "
                f"seed, levels and iterations must be whole numbers, got {self}."
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
    def volume(cls) -> VelocitySettings:
        """Return our choices for volumes; the defaults are those for single slices.

        A finer grid of images, and smaller windows on it: on drawn hearts motion is nearer to the true one by a sixth,
        while real slices, which tissue enters and leaves, are followed better on the coarser grid. Bending counts:
        the liver then follows the diaphragm for longer, but slices and small hearts, whose motion is finer, are worse
        for it the more it counts. One start: in volumes the motion did not hang on it.
        """
        return cls(
            stride=3.0, starts=1, max_voxels=1_000_000, levels=(8, 4, 2, 1), iterations=(30, 30, 30, 15), window=5,
            window_stride=2, bending=4.0,
        )  # fmt: skip

    @classmethod
    def neural(cls) -> VelocitySettings:
        """Return NeVF's network with our choices for everything else."""
        return cls(
            field="network", stride=1.5, starts=1, iterations=(80, 80, 80), learning_rate=1e-3, window=7,
            window_stride=1, flat=FLAT, folding=100.0, squaring_steps=5, patience=30,
        )  # fmt: skip

    @classmethod
    def paper(cls) -> VelocitySettings:
        """Return the literal values of NeVF (Sections 2.2 and 3.2), at full resolution."""
        return replace(
            cls.neural(), width=256, extent=1.0, reach=1.0, stride=3.0, max_voxels=2**31, levels=(1,),
            iterations=(300,), learning_rate=1e-4, window=9, smoothness=0.1, symmetric=False, squaring_steps=7,
            patience=0,
        )  # fmt: skip

    def in_one_line(self) -> str:
        """Return the settings that differ from the defaults, "" where none does."""
        default = VelocitySettings()
        changed = (f for f in fields(self) if getattr(self, f.name) != getattr(default, f.name))
        return " ".join(f"{f.name}={getattr(self, f.name)}".replace(" ", "") for f in changed)
