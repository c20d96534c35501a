"""Adds slices to a sequence, with the quality that the user chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.provenance import has_synthetic_slices
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.models.registry import Registry
from temporal_interp.slices.add_slices import add_slices_to_sequence, guides_of_frames, scale_of, slice_attributes
from temporal_interp.slices.choices import Quality, require_factor
from temporal_interp.slices.fit_volume import fit_to_volumes, guided_from
from temporal_interp.slices.model_file import slice_model_of
from temporal_interp.slices.motion import move_slices
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.slices.synthesis_model import SliceSynthesis

MOVING_SHARE, FITTING_SHARE = 0.2, 0.9
"""Shares of the progress after the motion, and after the fit of the networks."""

LEARNT_FRAMES = 3
"""Frames of a cine from which networks learn, evenly spread: the others show the same."""

FAR_APART = 2.0
"""In pixels: gaps wider than this after slices were added are wide. A short-axis cine has them, a CT does not (our
choice)."""


def is_far_apart(geometry: Geometry, factor: int) -> bool:
    """Tell whether the slices of a grid are still far apart after they were brought closer by a factor."""
    return geometry.spacing_kji[0] / factor > FAR_APART * max(geometry.spacing_kji[1:])


def shipped_model_name(factor: int) -> str:
    """Return the name of the model that comes with the program for a factor."""
    return f"slices-{factor}x"


def shipped_model(
    factor: int, device: str = "cpu", *, guided: bool = False
) -> tuple[SliceSynthesis, dict[str, str]]:  # fmt: skip
    """Return the model that comes with the program for a factor, on a device, and the attributes that name it.

    Args:
        factor: 2, 3 or 4.
        device: where to compute.
        guided: let it correct what motion makes, see `guided_from`.

    Raises:
        InvalidInputError: there is none for this factor, or its file is not the registered one.
    """
    require_factor(factor)
    loaded = Registry().load(shipped_model_name(factor))
    model = slice_model_of(loaded)
    source = {"SliceModel": shipped_model_name(factor), "SliceModelSHA256": loaded.sha256}
    return (guided_from(model) if guided else model).to(device), source


def with_closer_slices(
    sequence: Sequence,
    factor: int,
    quality: Quality,
    *,
    device: str = "cpu",
    settings: SliceTrainingSettings | None = None,
    keep_acquired: bool = True,
    progress: Progress = no_progress,
) -> Sequence:
    """Return the sequence with factor - 1 synthetic slices between every two of each volume.

    Args:
        sequence: volumes of two slices or more.
        factor: 2, 3 or 4.
        quality: by motion alone, or corrected by the networks that come with the program, fitted to all these volumes.
            Where slices stay far apart, networks know nothing of what lies between, and motion is all.
        device: where to compute.
        settings: of the fitting; the defaults if None.
        keep_acquired: see `add_slices`; motion always keeps them.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: the factor is not 2, 3 or 4, a volume has one slice, synthetic slices or shows nothing,
            the volumes are too small to learn from, or motion is to make acquired slices anew.
    """
    require_factor(factor)
    if any(map(has_synthetic_slices, sequence.item_attributes)):
        raise InvalidInputError("There are synthetic slices already; use the images as acquired, and a larger factor.")
    if quality is Quality.QUICK and not keep_acquired:
        raise InvalidInputError("Motion keeps the acquired slices as they are; to make them anew, fit the networks.")
    alone = quality is Quality.QUICK or is_far_apart(sequence.geometry, factor)
    if alone and keep_acquired:
        moved = move_slices(sequence, factor, device=device, progress=progress)
        return _marked(moved, slice_attributes(factor, source={"SliceMethod": "motion"}))
    model, source = shipped_model(factor, device, guided=keep_acquired)
    source["SliceModel"] += ", fitted to these images"
    usual = SliceTrainingSettings.correcting() if keep_acquired else SliceTrainingSettings()
    settings, guides = settings or usual, None
    moving, fitting = part_of(progress, 0.0, MOVING_SHARE), part_of(progress, MOVING_SHARE, FITTING_SHARE)
    scale = scale_of(sequence)
    if model.guided and scale is not None:
        guides = guides_of_frames(sequence, scale, model, progress=moving)
        fit_guided(model, sequence, guides, scale, settings, progress=fitting)
    else:
        fit_to_volumes(model, sequence.volumes, settings, progress=fitting)
    adding = part_of(progress, FITTING_SHARE, 1.0)
    return add_slices_to_sequence(
        sequence, model, source=source, keep_acquired=keep_acquired, guides=guides, progress=adding
    )


def fit_guided(
    model: SliceSynthesis,
    sequence: Sequence,
    guides: list[np.ndarray],
    scale: IntensityRange,
    settings: SliceTrainingSettings,
    *,
    progress: Progress = no_progress,
) -> None:
    """Fit networks, in place, to what motion leaves over in some frames of a sequence.

    Args:
        model: guided.
        sequence: to learn from.
        guides: of all frames, see `guides_of_frames`.
        scale: of the guides.
        settings: of the fit.
        progress: receives the progress; may raise CancelledError.
    """
    frames = sorted({round(n) for n in np.linspace(0, len(sequence) - 1, LEARNT_FRAMES)})
    volumes, known = [sequence[n] for n in frames], [guides[n] for n in frames]
    fit_to_volumes(model, volumes, settings, guides=known, scale=scale, progress=progress)


def _marked(sequence: Sequence, marks: Mapping[str, str]) -> Sequence:
    return replace(sequence, item_attributes=[{**given, **marks} for given in sequence.item_attributes])
