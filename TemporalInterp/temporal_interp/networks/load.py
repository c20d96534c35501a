"""Networks from model files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, overload

import torch
from torch.nn import functional

from temporal_interp.errors import InvalidInputError, TemporalInterpError
from temporal_interp.models.model_file import LoadedModel, load_model
from temporal_interp.networks.convolution import Convolution
from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.networks.student import Student
from temporal_interp.networks.teacher import Teacher

NETWORKS: dict[str, type[Teacher] | type[Student]] = {"teacher": Teacher, "student": Student}
"""The networks by the kind that a model file names."""


@overload
def load_network(path: Path, kind: Literal["teacher"]) -> Teacher: ...
@overload
def load_network(path: Path, kind: Literal["student"]) -> Student: ...
@overload
def load_network(path: Path, kind: str) -> Teacher | Student: ...
def load_network(path: Path, kind: str) -> Teacher | Student:
    """Return the network of a model file, ready for use.

    Args:
        path: of the model file.
        kind: one of `NETWORKS`.

    Raises:
        InvalidInputError: the file holds another kind of network or cannot be used; the message says why.
    """
    return network_of(load_model(path), kind)


@overload
def network_of(model: LoadedModel, kind: Literal["teacher"]) -> Teacher: ...
@overload
def network_of(model: LoadedModel, kind: Literal["student"]) -> Student: ...
@overload
def network_of(model: LoadedModel, kind: str) -> Teacher | Student: ...
def network_of(model: LoadedModel, kind: str) -> Teacher | Student:
    """Return the network of a loaded model, ready for use.

    Args:
        model: as read.
        kind: one of `NETWORKS`.

    Raises:
        InvalidInputError: it is another kind of network, it describes no network, or its weights do not fit it.
    """
    if model.kind != kind:
        raise InvalidInputError(f"{model.path} holds a {model.kind}, but a {kind} is needed.")
    try:
        settings = NetworkSettings.from_dict(model.settings)
    except TemporalInterpError as error:
        raise InvalidInputError(f"{model.path} describes no network: {error}") from error
    with torch.device("meta"):  # a description may promise any size; the file holds what it holds
        promised = {name: weights.shape for name, weights in NETWORKS[kind](settings).state_dict().items()}
    if promised != {name: weights.shape for name, weights in model.state.items()}:
        raise InvalidInputError(f"{model.path} does not hold the weights that its description promises.")
    network = NETWORKS[kind](settings)
    network.load_state_dict(model.state)
    return network.eval()


def in_volumes(network: Student) -> Student:
    """Return a student of slices as one of volumes, which treats a stack slice by slice until it has learnt otherwise.

    The outer planes of its kernels are zero (our choice: so a training on volumes starts from what slices taught).

    Example:
        >>> flat = Student(NetworkSettings(widths=(4, 8), kernels="slices"))
        >>> in_volumes(flat).settings.kernels
        'volumes'
    """
    grown = Student(replace(network.settings, kernels="volumes"))
    planes = {f"{name}.weight" for name, part in network.named_modules() if isinstance(part, Convolution)}
    state = {
        name: functional.pad(value, (0, 0, 0, 0, 1, 1)) if name in planes else value
        for name, value in network.state_dict().items()
    }
    grown.load_state_dict(state)
    return grown
