"""Networks out of model files."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.errors import InvalidInputError
from temporal_interp.models.model_file import LoadedModel, load_model
from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.networks.student import Student
from temporal_interp.networks.teacher import Teacher


def load_network(path: Path, kind: str) -> Teacher | Student:
    """Return the network of a model file, ready to be asked.

    Raises:
        InvalidInputError: the file holds another kind of network or cannot be used; the message says why.
    """
    return network_of(load_model(path), kind)


def network_of(model: LoadedModel, kind: str) -> Teacher | Student:
    """Return the network of a loaded model, ready to be asked.

    Raises:
        InvalidInputError: it is another kind of network, its description is of none, or its weights do not fit it.
    """
    if model.kind != kind:
        raise InvalidInputError(f"{model.path} holds a {model.kind}, but a {kind} is needed.")
    try:
        settings = NetworkSettings.from_dict(model.settings)
    except InvalidInputError as error:
        raise InvalidInputError(f"{model.path} describes no network: {error}") from error
    network = {"teacher": Teacher, "student": Student}[kind](settings)
    try:
        network.load_state_dict(model.state)
    except RuntimeError as error:
        raise InvalidInputError(f"{model.path} does not hold the weights that its description promises.") from error
    return network.eval()
