"""Slice synthesis fitted to volumes: from acquired volumes to a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from temporal_interp.data.field_of_view import is_constant, require_seen
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.fitting.resume import resume
from temporal_interp.slices.choices import require_factor
from temporal_interp.slices.fit import SliceFit
from temporal_interp.slices.guides import LEARNT_VOXELS, guided_along
from temporal_interp.slices.held_out import HeldOut
from temporal_interp.slices.seen import filled_slices
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings, SliceTrainingSettings
from temporal_interp.slices.sub_volumes import Guided, TrainingVolume
from temporal_interp.slices.synthesis_model import SliceSynthesis

AJAR = -0.4
"""The gate before its sigmoid, which lets 0.4 through."""

LEAST_VOXELS = 200_000
"""Of every volume that guided networks learn from, however many these are."""

HELD_OUT_SHARE, SLICES_TO_HOLD_OUT = 0.2, 5
"""Share of the slices whose rows and columns are held out, where there are so many slices."""

GUIDES_SHARE = 0.3
"""Of the progress, for the motion that guided networks learn from."""


def new_model(
    factor: int,
    slice_network: SliceNetworkSettings | None = None,
    pixel_network: PixelNetworkSettings | None = None,
    *,
    guided: bool = False,
    seed: int = 0,
) -> SliceSynthesis:
    """Return fresh networks, which interpolate linearly until they are trained; guided ones leave what motion makes.

    Raises:
        InvalidInputError: the factor is not one of FACTORS.
    """
    require_factor(factor)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = slice_network or SliceNetworkSettings(), pixel_network or PixelNetworkSettings()
        return SliceSynthesis(factor, *sizes, guided=guided)


def guided_from(model: SliceSynthesis) -> SliceSynthesis:
    """Return guided networks that begin with the weights of others: what those make counts by two fifths, as a blend of
    both should (our choice)."""
    networks = model.slice_network.settings, model.pixel_network.settings
    guided = SliceSynthesis(model.factor, *networks, guided=True)
    weights = guided.state_dict()
    for name, known in model.state_dict().items():
        if weights[name].shape != known.shape:
            weights[name].zero_()
            if known.ndim == 1:
                weights[name][len(known) :] = AJAR
        weights[name][tuple(map(slice, known.shape))] = known
    guided.load_state_dict(weights)
    return guided.eval()


def fit_to_volumes(
    model: SliceSynthesis,
    volumes: Sequence[Volume],
    settings: SliceTrainingSettings,
    *,
    guides: Sequence[np.ndarray] | None = None,
    scale: IntensityRange | None = None,
    checkpoint: Path | None = None,
    progress: Progress = no_progress,
) -> SliceSynthesis:
    """Train a model on volumes alone, without ground truth, and return it ready for use.

    Args:
        model: to train, in place, on the device where to compute.
        volumes: to learn from, one or more.
        settings: of the training. Where guided networks learn from rows and columns, they do so in most slices, and
            those of the others are held out to tell when to end.
        guides: of the volumes on `scale`, so that views of guided networks can learn from each other; see
            `guides.guides_of`.
        scale: intensities that guided networks see as 0 and 1; those of each volume if None.
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
    if not model.guided:
        fit = SliceFit(model, [_training_volume(volume) for volume in with_something], settings, precision=precision)
        return resume(fit, checkpoint, progress=progress)
    finding, progress = part_of(progress, 0.0, GUIDES_SHARE), part_of(progress, GUIDES_SHARE, 1.0)
    own = [None] * len(volumes) if guides is None else list(guides)
    chosen = [(volume, guide) for volume, guide in zip(volumes, own, strict=True) if not is_constant(volume.array)]
    most = max(LEARNT_VOXELS // len(chosen), LEAST_VOXELS)
    learnt, held_out = [], []
    for number, (volume, guide) in enumerate(chosen):
        part = part_of(finding, number / len(chosen), (number + 1) / len(chosen))
        plain = _training_volume(volume, scale)
        found = _guided(plain, model.factor, settings, most, str(device), part)
        for axis in (1, 2):
            if axis in found and found[axis].fine.shape[1] >= SLICES_TO_HOLD_OUT:
                found[axis], hidden = found[axis].split(HELD_OUT_SHARE)
                held_out.append(hidden)
        learnt.append(replace(plain, guides=found, guide=guide))
    last = HeldOut(held_out) if held_out else None
    return resume(SliceFit(model, learnt, settings, precision=precision, held_out=last), checkpoint, progress=progress)


def _guided(
    plain: TrainingVolume, factor: int, settings: SliceTrainingSettings, most: int, device: str, progress: Progress
) -> dict[int, Guided]:
    """Return what motion makes of a volume where slices are hidden, and rows and columns if these are learnt from."""
    axes, found = (0, 1, 2) if settings.in_plane else (0,), {}
    for axis in axes:
        one = guided_along(
            plain.array,
            plain.spacing_kji,
            axis,
            factor,
            most=most,
            degradation=settings.degradation,
            device=device,
            progress=part_of(progress, axis / len(axes), (axis + 1) / len(axes)),
        )
        if one is not None:
            found[axis] = one
    return found


def _training_volume(volume: Volume, scale: IntensityRange | None = None) -> TrainingVolume:
    scale = scale or IntensityRange.of([volume])
    return TrainingVolume(scale.scale(filled_slices(volume)), volume.geometry.spacing_kji)
