"""The peers by name, for callers that let the user choose."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from peers.both_ways import BothWays
from peers.scaled_fields import ScaledFieldsEngine
from peers.settings import frozen_settings
from peers.timed_fields import TimedFieldsEngine
from temporal_interp.errors import InvalidInputError, TemporalInterpError

PACKAGES = {
    "demons": "SimpleITK",
    "demons_timed": "SimpleITK",
    "syn_default": "antspyx",
    "syn": "antspyx",
    "syn_timed": "antspyx",
    "elastix_slicer": "itk-elastix",
    "elastix": "itk-elastix",
    "voxelmorph": "voxelmorph",
    "voxelmorph_timed": "voxelmorph",
    "monai_voxelmorph": "monai",
    "monai_voxelmorph_timed": "monai",
}
"""The package that a peer needs."""

PEER_NAMES = tuple(PACKAGES)
"""Names that `create_peer` knows, in the order of the table. "elastix_slicer" and "syn_default" are as shipped, the
others are tuned: see `peers.yaml`."""

TIMED = ("demons_timed", "syn_timed", "voxelmorph_timed", "monai_voxelmorph_timed")
"""Those that look at the gaps around a gap, as our velocity field does."""

NETWORKS = ("voxelmorph", "voxelmorph_timed", "monai_voxelmorph", "monai_voxelmorph_timed")
"""Those that have to be trained first."""


def why_missing(name: str, *, weights: Path | None = None) -> str:
    """Return why a peer cannot be used on this machine, in words for the user; "" if it can.

    Args:
        name: one of PEER_NAMES.
        weights: folder of trained networks; None for the usual one.

    Raises:
        InvalidInputError: there is no peer of that name.
    """
    missing = _not_installed(name)
    if missing or name not in NETWORKS:
        return missing
    try:
        _register(name, weights)
    except TemporalInterpError as error:
        return str(error)
    return ""


def create_peer(name: str, *, weights: Path | None = None) -> ScaledFieldsEngine:
    """Return the peer of that name with its frozen settings, as an engine; its package is imported now.

    Args:
        name: one of PEER_NAMES.
        weights: folder of trained networks; None for the usual one.

    Raises:
        InvalidInputError: there is no peer of that name, or it cannot be used; the message says why.
    """
    missing = _not_installed(name)
    if missing:
        raise InvalidInputError(f"The peer {name} is {missing}.")
    engine = TimedFieldsEngine if name in TIMED else ScaledFieldsEngine
    return engine(_register(name, weights))


def _not_installed(name: str) -> str:
    if name not in PACKAGES:
        raise InvalidInputError(f"There is no peer '{name}'; choose one of {', '.join(PEER_NAMES)}.")
    try:
        distribution(PACKAGES[name])
    except PackageNotFoundError:
        return f"not installed: pip install {PACKAGES[name]}"
    return ""


def _register(name: str, weights: Path | None) -> BothWays:
    if name in NETWORKS:
        from peers.network_peer import trained_peer

        return trained_peer(name, weights)
    if name in ("demons", "demons_timed"):
        from peers.demons import DemonsSettings, demons

        return demons(name, frozen_settings(name, DemonsSettings))
    if name in ("syn", "syn_default", "syn_timed"):
        from peers.syn import SynSettings, syn

        return syn(name, frozen_settings(name, SynSettings))
    from peers.elastix import ElastixSettings, elastix

    return elastix(name, frozen_settings(name, ElastixSettings))
