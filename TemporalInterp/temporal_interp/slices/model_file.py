"""Both networks of slice synthesis in a model file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from temporal_interp.errors import InvalidInputError, TemporalInterpError
from temporal_interp.models.model_file import LoadedModel, save_model
from temporal_interp.slices.choices import FACTORS
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings
from temporal_interp.slices.synthesis_model import SliceSynthesis

KIND = "slices"


def save_slice_model(model: SliceSynthesis, path: Path, training: Mapping[str, Any]) -> None:
    """Write a model file, whole or not at all.

    Args:
        model: to write.
        path: ends in .safetensors.
        training: how it was trained, for people; anything that JSON can hold.

    Raises:
        InvalidInputError: the name is wrong, a weight is not finite, or the disk is full.
    """
    settings = {
        "factor": model.factor,
        "guided": model.guided,
        "slice_network": model.slice_network.settings.as_dict(),
        "pixel_network": model.pixel_network.settings.as_dict(),
    }
    save_model(path, model.state_dict(), kind=KIND, settings=settings, training=training)


def slice_model_of(loaded: LoadedModel) -> SliceSynthesis:
    """Return the networks of a loaded model, ready for use.

    Raises:
        InvalidInputError: it is another kind of model, it describes no such model, or its weights do not fit it.
    """
    if loaded.kind != KIND:
        raise InvalidInputError(f"{loaded.path} holds a {loaded.kind}, but a model for slices is needed.")
    try:
        factor = loaded.settings["factor"]
        guided = bool(loaded.settings.get("guided", False))  # older files have none
        slice_network = SliceNetworkSettings.from_dict(loaded.settings["slice_network"])
        pixel_network = PixelNetworkSettings.from_dict(loaded.settings["pixel_network"])
    except (KeyError, TemporalInterpError) as error:
        raise InvalidInputError(f"{loaded.path} describes no model for slices: {error}.") from error
    if factor not in FACTORS:
        raise InvalidInputError(f"{loaded.path} describes no model for slices: its factor is {factor!r}.")
    model = SliceSynthesis(factor, slice_network, pixel_network, guided=guided)
    try:
        model.load_state_dict(loaded.state)
    except RuntimeError as error:
        raise InvalidInputError(f"{loaded.path} does not hold the weights that its description promises.") from error
    return model.eval()
