"""The compared engines by name: ours, baselines, and registrations of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from peers.catalogue import PEER_NAMES, create_peer
from peers.catalogue import why_missing as why_peer_is_missing
from peers.periodic_spline import PERIODIC_SPLINE, PeriodicSpline
from temporal_interp.data.frame import Frame
from temporal_interp.data.sequence import Gap
from temporal_interp.engines.protocol import Engine, PreparedSequence
from temporal_interp.engines.registry import available_engine_names, create_engine
from temporal_interp.engines.velocity_field import EASE_IN_OUT_ENGINE
from temporal_interp.evaluation.evaluate import Scoring
from temporal_interp.evaluation.hold_out import HeldOutGap, HoldOut
from temporal_interp.evaluation.nearest_endpoint import BASELINE, NearestEndpoint

OURS = ("student", "velocity_field", "velocity_field:pair", EASE_IN_OUT_ENGINE)
TRAINED_NETWORKS = Path(__file__).parents[1] / "networks"
"""Folder of the trained networks of others that come with the benchmark."""

BASELINES = ("linear_blend", "cubic_blend", PERIODIC_SPLINE, BASELINE)
"""Those without motion."""

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


@dataclass(frozen=True, eq=False)
class PreparedGap:
    """One gap of a prepared sequence, by t, from 0 at its first frame to 1 at its last."""

    prepared: PreparedSequence
    gap: Gap

    def at(self, t: float, *, fields: bool = False) -> Frame:
        """Return the frame at t."""
        return self.prepared.at(self.gap.time_of(t), fields=fields, gap=self.gap.number)

    def at_many(self, t: Sequence[float]) -> list[Frame]:
        """Return the frames at some t, computed together."""
        return self.prepared.at([self.gap.time_of(share) for share in t], gap=self.gap.number)


def prepare_gap(engine: Engine, scoring: Scoring, hold_out: HoldOut, gap: HeldOutGap) -> PreparedGap:
    """Give an engine the frames that are not held out, and let it prepare a gap, without any cached results."""
    prepared = scoring.prepare(engine, hold_out)
    around = prepared.sequence.gap_at(scoring.scaled.times[gap.first])
    prepared.prepare_gap(around.number)
    return PreparedGap(prepared, around)


def create(name: str, weights: Path) -> Engine:
    """Return the engine of that name, with everything that it needs imported.

    Raises:
        InvalidInputError: it cannot be used here; the message says why.
    """
    if name in PEER_NAMES:
        return create_peer(name, weights=weights)
    without_motion = {BASELINE: NearestEndpoint, PERIODIC_SPLINE: PeriodicSpline}
    return without_motion[name]() if name in without_motion else create_engine(name)
