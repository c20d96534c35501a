"""A trained network of others as a registration of both directions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from peers.both_ways import BothWays, PairFields
from peers.network_file import network_path, read_network, usual_folder
from peers.networks import fresh_network, network_settings
from peers.pair_network import PairNetwork, displacement
from peers.settings import in_one_line
from temporal_interp.data.physical_displacement import to_physical
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress

SLICES_AT_ONCE = 16

TIMED = "_timed"
"""Ends the name of a registration that is used with the timing of our velocity field."""


@dataclass(frozen=True, eq=False)
class NetworkPeer:
    """A registration by a network that sees single slices, as the student that comes with the program does.

    Therefore nothing moves along K, whether slices are independent or not.

    Attributes:
        name: of the peer.
        settings: in one line, for tables.
        network: trained.
    """

    name: str
    settings: str
    network: PairNetwork

    def __call__(self, first: Volume, last: Volume, *, independent: bool, progress: Progress) -> PairFields:
        """Return the motion between two volumes; see `BothWays`."""
        ends = [torch.from_numpy(np.ascontiguousarray(volume.array)).unsqueeze(1) for volume in (first, last)]
        count = len(ends[0])
        fields: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
        for start in range(0, count, SLICES_AT_ONCE):
            progress(start / count, f"{self.name}: slice {start + 1} of {count}")
            a, b = (end[start : start + SLICES_AT_ONCE] for end in ends)
            with torch.inference_mode():
                for field, moving, fixed in zip(fields, (a, b), (b, a), strict=True):
                    field.append(displacement(self.network, moving, fixed))
        return PairFields(*(_physical(torch.cat(field), first) for field in fields))


def _physical(in_plane: torch.Tensor, volume: Volume) -> np.ndarray:
    """Return displacements of slices, (K, 2, J, I) pixels, as (K, J, I, 3) LPS mm."""
    along_k = torch.zeros_like(in_plane[:, :1])
    return to_physical(torch.cat([along_k, in_plane], dim=1).transpose(0, 1), volume.geometry)


def trained_peer(name: str, weights: Path | None = None) -> BothWays:
    """Return a trained network as a registration.

    Args:
        name: "voxelmorph" or "monai_voxelmorph", or one of them with `TIMED` at its end, which is the same network.
        weights: folder of its file, <network>.safetensors; None for `usual_folder()`.

    Raises:
        InvalidInputError: there is no such network, its package is missing, it has not been trained (the message says
            how to), or its file cannot be used.
    """
    network = name.removesuffix(TIMED)
    fresh_network(network, network_settings(network))  # a missing package is reported before a missing file
    path = network_path(network, weights or usual_folder())
    if not path.is_file():
        raise InvalidInputError(
            f"{path} is not there: {network} has not been trained. "
            f"Train it with `python Testing/Benchmarks/train_peers.py --name {network} -o {path.parent}`."
        )
    trained = read_network(path, network)
    seconds = trained.training.get("seconds", 0)
    line = f"2D, trained for {seconds:.0f} s, {in_one_line(trained.settings)}"
    return NetworkPeer(name, line, trained.network)
