"""Slice synthesis fitted to volumes: from acquired volumes to a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from temporal_interp.data.field_of_view import is_constant, require_seen
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.fitting.resume import resume
from temporal_interp.slices.choices import require_factor
from temporal_interp.slices.fit import SliceFit
from temporal_interp.slices.seen import filled_slices
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings, SliceTrainingSettings
from temporal_interp.slices.sub_volumes import TrainingVolume
from temporal_interp.slices.synthesis_model import SliceSynthesis


def new_model(
    factor: int,
    slice_network: SliceNetworkSettings | None = None,
    pixel_network: PixelNetworkSettings | None = None,
    *,
    seed: int = 0,
) -> SliceSynthesis:
    """Return fresh networks, which interpolate linearly until they are trained.

    Raises:
        InvalidInputError: the factor is not one of FACTORS.
    """
    require_factor(factor)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SliceSynthesis(factor, slice_network or SliceNetworkSettings(), pixel_network or PixelNetworkSettings())


def fit_to_volumes(
    model: SliceSynthesis,
    volumes: Sequence[Volume],
    settings: SliceTrainingSettings,
    *,
    checkpoint: Path | None = None,
    progress: Progress = no_progress,
) -> SliceSynthesis:
    """Train a model on volumes alone, without ground truth, and return it ready for use.

    Args:
        model: to train, in place, on the device where to compute.
        volumes: to learn from, one or more.
        settings: of the training.
        checkpoint: file that keeps the state, and from which a training that was stopped is resumed.
        progress: told how far it is; may raise CancelledError.

    Raises:
        InvalidInputError: a volume cannot be learnt from, or the checkpoint belongs to another training.

    Example:
        >>> import numpy as np
        >>> from temporal_interp.data.geometry import Geometry
        >>> array = np.random.default_rng(0).random((6, 16, 16), dtype=np.float32)
        >>> volume = Volume(array, Geometry(array.shape, (1.0, 1.0, 2.0)))
        >>> settings = SliceTrainingSettings(steps=1, slices=5, side=12, batch=2)
        >>> fit_to_volumes(new_model(2), [volume], settings).factor
        2
    """
    for number, volume in enumerate(volumes):
        require_seen(volume, f"Volume {number}")
    with_something = [volume for volume in volumes if not is_constant(volume.array)]
    if not with_something:
        raise InvalidInputError("Every voxel is the same: there is nothing to learn from.")
    device = next(model.parameters()).device
    # bfloat16 halves the time of a training on a processor that supports it, and changes the result little
    precision = torch.float32 if device.type == "mps" else torch.bfloat16
    fit = SliceFit(model, [_training_volume(volume) for volume in with_something], settings, precision=precision)
    return resume(fit, checkpoint, progress=progress)


def _training_volume(volume: Volume) -> TrainingVolume:
    return TrainingVolume(IntensityRange.of([volume]).scale(filled_slices(volume)), volume.geometry.spacing_kji)
