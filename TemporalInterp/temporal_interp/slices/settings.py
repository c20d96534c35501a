"""Every choice in slice synthesis, with the paper's values beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.degradation import Degradation

FACTORS = (2, 3, 4)
"""How many times closer slices can come to lie (section 4.1)."""


class Quality(StrEnum):
    """How slices are made: at once, or after minutes of learning from the very images."""

    QUICK = "quick"
    FITTED = "fitted"


def require_factor(factor: int) -> None:
    """Raise InvalidInputError unless slices can come so many times closer."""
    if factor not in FACTORS:
        raise InvalidInputError(f"Slices can come {', '.join(map(str, FACTORS))} times closer, not {factor} times.")


class _Checked:
    """Settings whose whole numbers are checked when they are made."""

    def _require(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise InvalidInputError(f"The setting '{name}' must be {what}, got {getattr(self, name)!r}.")

    def _require_whole(self, names: tuple[str, ...], least: int) -> None:
        for name in names:
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            self._require(name, whole and value >= least, f"a whole number from {least}")


@dataclass(frozen=True)
class SliceNetworkSettings(_Checked):
    """SInt-A; the defaults are ours, small enough for a processor.

    Attributes:
        features: of a slice before its blocks are taken apart (paper: 3).
        block_side: pixels a side that become one pixel of the network (paper: 8).
        blocks: in each of the six groups (paper: 12).
        memory_items: m, of the memory bank (paper: 10); 0 leaves it out.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    features: int = 8
    block_side: int = 2
    blocks: int = 2
    memory_items: int = 10

    def __post_init__(self) -> None:
        self._require_whole(("features", "block_side", "blocks"), 1)
        self._require_whole(("memory_items",), 0)

    @classmethod
    def paper(cls) -> SliceNetworkSettings:
        """Return the sizes in section 3.1.1."""
        return cls(features=3, block_side=8, blocks=12, memory_items=10)


@dataclass(frozen=True)
class PixelNetworkSettings(_Checked):
    """PInt; the defaults are ours, small enough for a processor.

    Attributes:
        width: channels (HAN: 64).
        groups: of blocks (HAN: 10).
        blocks: in each group (HAN: 20).
        holistic: whether the layer attention and the channel-spatial attention are there (HAN: yes). In so small a
            network they take half as much time again.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    width: int = 32
    groups: int = 2
    blocks: int = 4
    holistic: bool = False

    def __post_init__(self) -> None:
        self._require_whole(("width", "groups", "blocks"), 1)
        self._require("holistic", isinstance(self.holistic, bool), "true or false")

    @classmethod
    def paper(cls) -> PixelNetworkSettings:
        """Return the sizes of HAN, to which the paper refers. With `SliceNetworkSettings.paper` both networks have more
        weights than the 46.9 million that the paper counts: its text does not say where it is smaller."""
        return cls(width=64, groups=10, blocks=20, holistic=True)


@dataclass(frozen=True)
class SliceTrainingSettings(_Checked):
    """How both networks are trained on volumes; the defaults are ours, for one volume in minutes on a processor.

    Attributes:
        steps: of the optimiser (paper: 50 epochs over 510 volumes).
        batch: images, and pairs of slices, in a step, each drawn by itself (ours; paper: all of 4 sub-volumes, which
            are many more, and much alike).
        slices: of an image at most (paper: 15).
        side: of an image along rows and columns of the slices, in voxels (paper: 128).
        learning_rate: of Adam at its highest; it rises over `WARM_UP` steps and falls to zero as a cosine (paper: 1e-4,
            a tenth of it after ten epochs).
        wavelets: weight of the wavelet loss (Eqs. 8 to 10; paper: 1); 0 leaves it out.
        coronal_distillation: weight of L_c^cmd (paper: 0.15); 0 leaves it out.
        sagittal_distillation: weight of L_s^cmd (paper: 0.15); 0 leaves it out.
        closest: gamma, the share of the points that count in both (paper: 0.4 in section 4.1, best 0.25 in Fig. 8; ours
            counts all, since only the view that knows less learns).
        repeats: N, how often slices are put between slices for the distillation (paper: 2).
        memory: weight of compactness and separateness (paper: 0.1, of sums over intensities of a scale it does not
            give; ours are means, of intensities from 0 to 1, whose squared errors are far smaller).
        mutual: whether the pixelwise views learn from the axial one too (paper: yes). They see all slices at once, it
            sees two: where training is short it learns from them, and they would unlearn from it (ours).
        in_plane: share of the steps that learn along the other two axes, in which the volume is as fine as the slices
            that are wanted (ours; 0, the paper, learns along the slice axis alone, where both what is given and what is
            wanted are r times coarser than in use).
        degradation: how slices are made thick to learn from.
        seed: of the first weights and of the order.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    steps: int = 1000
    batch: int = 16
    slices: int = 15
    side: int = 48
    learning_rate: float = 1e-3
    wavelets: float = 0.3
    coronal_distillation: float = 2.0
    sagittal_distillation: float = 2.0
    closest: float = 1.0
    repeats: int = 1
    memory: float = 1e-4
    mutual: bool = False
    in_plane: float = 0.75
    degradation: Degradation = Degradation.DIRECT
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "degradation", Degradation(self.degradation))
        self._require_whole(("steps", "batch", "repeats"), 1)
        self._require_whole(("slices", "side"), 2)
        self._require_whole(("seed",), 0)
        for name in ("wavelets", "coronal_distillation", "sagittal_distillation", "memory"):
            self._require(name, 0 <= getattr(self, name) < float("inf"), "zero or more")
        self._require("learning_rate", 0 < self.learning_rate < 1, "above 0 and below 1")
        self._require("in_plane", 0 <= self.in_plane <= 1, "from 0 to 1")
        self._require("mutual", isinstance(self.mutual, bool), "true or false")
        self._require("closest", 0 < self.closest <= 1, "above 0 and at most 1")

    @classmethod
    def fine(cls) -> SliceTrainingSettings:
        """Return settings for volumes whose slices lie as close as is wanted: they are the truth for themselves, and
        need neither the other axes nor another view."""
        return cls(
            steps=3000, slices=25, in_plane=0.0, wavelets=0.0, coronal_distillation=0.0, sagittal_distillation=0.0
        )

    @classmethod
    def paper(cls) -> SliceTrainingSettings:
        """Return what section 4.1 gives. Steps are 50 epochs over 510 volumes in batches of 4."""
        return cls(
            steps=6375,
            batch=64,
            side=128,
            learning_rate=1e-4,
            repeats=2,
            memory=0.1,
            in_plane=0.0,
            closest=0.4,
            mutual=True,
            wavelets=1.0,
            coronal_distillation=0.15,
            sagittal_distillation=0.15,
        )
