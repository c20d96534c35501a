"""SimpleITK's diffeomorphic demons as a peer. Source: Vercauteren et al. 2009."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

from peers.both_ways import BothWays, one_way_each
from peers.settings import in_one_line
from temporal_interp.evaluation.pairwise_demons import diffeomorphic_demons


@dataclass(frozen=True)
class DemonsSettings:
    """Arguments of `diffeomorphic_demons`, which explains them."""

    smoothing: float
    update_smoothing: float
    iterations: int
    shrink_factors: tuple[int, ...]


def demons(name: str, settings: DemonsSettings) -> BothWays:
    """Return demons as a peer; each direction is a registration of its own."""
    return one_way_each(name, in_one_line(settings), partial(diffeomorphic_demons, **asdict(settings)))
