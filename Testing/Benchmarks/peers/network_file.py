"""Files of trained networks of others: safetensors with a description in the header; nothing in them can run code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from peers.networks import fresh_network, network_kind
from peers.pair_network import PairNetwork, PairTraining
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.models.registry import user_folder

HEADER = "temporal-interp-peer"


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """The content of a file.

    Attributes:
        network: ready to use.
        settings: of the network and its training.
        training: data, duration and result of the training.
    """

    network: PairNetwork
    settings: PairTraining
    training: Mapping[str, Any]


def usual_folder() -> Path:
    """Return the default folder for trained networks of others; it need not exist."""
    return user_folder() / "peers"


def network_path(name: str, folder: Path) -> Path:
    """Return the path of the file of a network in a folder."""
    return Path(folder) / f"{name}.safetensors"


def make_folder(folder: Path) -> None:
    """Make a folder if there is none.

    Raises:
        InvalidInputError: it cannot be made.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(f"{folder} cannot be made: {error.strerror}.") from error


def write_network(
    path: Path, name: str, state: Mapping[str, torch.Tensor], settings: PairTraining, training: Mapping[str, Any]
) -> None:
    """Write a file, whole or not at all.

    Args:
        path: of the file, in an existing folder.
        name: of the network.
        state: its weights by name.
        settings: of the network and its training.
        training: data, duration and result of the training; anything that JSON can hold.

    Raises:
        InvalidInputError: the file cannot be written.
    """
    package = network_kind(name).package
    description = {
        "name": name,
        "package": f"{package} {version(package)}",
        "settings": asdict(settings),
        "training": dict(training),
    }
    tensors = {key: weights.detach().cpu().contiguous() for key, weights in state.items()}
    try:
        with atomic_file(path, overwrite=True) as unfinished:
            save_file(tensors, unfinished, metadata={HEADER: json.dumps(description)})
    except (OSError, SafetensorError) as error:
        raise InvalidInputError(f"{path} cannot be written: {error}.") from error


def read_network(path: Path, name: str) -> TrainedNetwork:
    """Return the network of a file.

    Raises:
        InvalidInputError: the file is damaged or holds another network, or the package of the network is missing.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
            description = json.loads((file.metadata() or {})[HEADER])
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in description["settings"].items()
        }
        found, training = description["name"], dict(description["training"])
        settings = network_kind(name).settings(**given)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{path} is damaged or holds no network of others ({error!r}). Train it again."
        ) from error
    if found != name:
        raise InvalidInputError(f"{path} holds the network '{found}', not '{name}'.")
    if not all(torch.isfinite(weights).all() for weights in state.values()):
        raise InvalidInputError(f"{path} has weights that are not finite. Train it again.")
    network = fresh_network(name, settings)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise InvalidInputError(f"{path} does not fit the installed package: {error}") from error
    return TrainedNetwork(network.eval(), settings, training)
