"""What is compared, by name: our engines, baselines, and registrations of others."""

from __future__ import annotations

from pathlib import Path

from peers.catalogue import PEER_NAMES, create_peer
from peers.catalogue import why_missing as why_peer_is_missing
from temporal_interp.engines.catalogue import EASED_ENGINE, available_engine_names, create_engine
from temporal_interp.engines.protocol import InterpolationEngine, PreparedPair
from temporal_interp.evaluation.evaluate import Scoring
from temporal_interp.evaluation.hold_out import HeldOutGap
from temporal_interp.evaluation.nearest_endpoint import BASELINE, NearestEndpoint

OURS = ("student", "refined", "velocity_field", EASED_ENGINE)
TRAINED_NETWORKS = Path(__file__).parents[1] / "networks"
"""Folder of the trained networks of others that come with the benchmark."""

BASELINES = ("linear_blend", BASELINE)
ALL = (*OURS, *BASELINES, *PEER_NAMES)
"""Every name, in the order of the tables."""


def why_missing(name: str, weights: Path) -> str:
    """Return why an engine cannot run on this machine, "" if it can.

    Args:
        name: one of `ALL`.
        weights: folder of the trained networks of the peers.
    """
    if name in PEER_NAMES:
        return why_peer_is_missing(name, weights=weights)
    if name in OURS and name.partition(":")[0] not in available_engine_names():
        return "no trained model comes with this copy of the program"
    return ""


def prepare_gap(engine: InterpolationEngine, scoring: Scoring, gap: HeldOutGap) -> PreparedPair:
    """Give an engine the two kept frames of a gap, and nothing else; the only place where the benchmarks do so."""
    return scoring.prepare(engine, gap)


def create(name: str, weights: Path) -> InterpolationEngine:
    """Return the engine of that name, everything it needs imported.

    Raises:
        InvalidInputError: it cannot be used here; the message says why.
    """
    if name in PEER_NAMES:
        return create_peer(name, weights=weights)
    return NearestEndpoint() if name == BASELINE else create_engine(name)
