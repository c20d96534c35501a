"""ANTs' symmetric normalisation (SyN) as a peer, both directions from one run. Source: Avants et al. 2008."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from peers.both_ways import BothWays, both_at_once
from peers.settings import in_one_line
from temporal_interp.evaluation.pairwise_syn import syn_both_ways


@dataclass(frozen=True)
class SynSettings:
    """Arguments of `ants.registration`, which explains them; None leaves one to ANTs."""

    type_of_transform: str
    syn_metric: str | None = None
    syn_sampling: int | None = None
    reg_iterations: tuple[int, ...] | None = None
    grad_step: float | None = None
    flow_sigma: float | None = None
    total_sigma: float | None = None


def syn(name: str, settings: SynSettings) -> BothWays:
    """Return SyN as a peer. Raises InvalidInputError where antspyx is not installed."""
    given = {argument: value for argument, value in asdict(settings).items() if value is not None}
    return both_at_once(name, in_one_line(settings), syn_both_ways(given))
