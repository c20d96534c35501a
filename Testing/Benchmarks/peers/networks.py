"""The networks of others by name: their settings, `networks.yaml`, and how they are built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from peers.monai_network import MonaiNetwork, MonaiSettings
from peers.pair_network import PairNetwork, PairTraining
from peers.settings import frozen_settings
from peers.voxelmorph_network import VoxelmorphNetwork, VoxelmorphSettings
from temporal_interp.errors import InvalidInputError

FILE = Path(__file__).parent / "networks.yaml"


@dataclass(frozen=True)
class NetworkKind:
    """A network of others.

    Attributes:
        package: its source, by its name for `pip`.
        settings: type of its settings.
        build: returns a network with fresh weights.
    """

    package: str
    settings: type[PairTraining]
    build: Callable[[Any], PairNetwork]


NETWORKS = {
    "voxelmorph": NetworkKind("voxelmorph", VoxelmorphSettings, VoxelmorphNetwork),
    "monai_voxelmorph": NetworkKind("monai", MonaiSettings, MonaiNetwork),
}


def network_kind(name: str) -> NetworkKind:
    """Return the network of that name.

    Raises:
        InvalidInputError: there is none.
    """
    if name not in NETWORKS:
        raise InvalidInputError(f"There is no network '{name}' of others; choose one of {', '.join(NETWORKS)}.")
    return NETWORKS[name]


def network_settings(name: str) -> PairTraining:
    """Return the frozen settings of the network of that name.

    Raises:
        InvalidInputError: there is none, or `networks.yaml` does not fit.
    """
    return frozen_settings(name, network_kind(name).settings, file=FILE)


def fresh_network(name: str, settings: PairTraining, *, seed: int = 0) -> PairNetwork:
    """Return a network with weights that depend on the seed alone; the global random state is left as it was.

    Raises:
        InvalidInputError: there is none of that name, its package is missing, or it cannot be built from the settings.
    """
    kind = network_kind(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # channels last: the same numbers, a fifth quicker on a CPU
        return kind.build(settings).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # no stub
