"""Adds slices to a sequence, with the quality that the user chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import has_synthetic_slices
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.models.registry import Registry
from temporal_interp.slices.add_slices import add_slices_to_sequence, slice_attributes
from temporal_interp.slices.choices import Quality, require_factor
from temporal_interp.slices.fit_volume import fit_to_volumes
from temporal_interp.slices.model_file import slice_model_of
from temporal_interp.slices.motion import move_slices
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.slices.synthesis_model import SliceSynthesis

FITTING_SHARE = 0.7
"""Share of the progress for the fit of the networks."""

NETWORKS_SHARE = 0.4
"""Share of the networks in a slice that tissue was moved to: the two err in different places, so that together they are
better than either. On a part of a chest CT 0.3 to 0.5 differ little."""

FAR_APART = 2.0
"""In pixels: gaps wider than this after slices were added are wide. A short-axis cine has them, a CT does not (our
choice)."""


def is_far_apart(geometry: Geometry, factor: int) -> bool:
    """Tell whether the slices of a grid are still far apart after they were brought closer by a factor."""
    return geometry.spacing_kji[0] / factor > FAR_APART * max(geometry.spacing_kji[1:])


def shipped_model_name(factor: int) -> str:
    """Return the name of the model that comes with the program for a factor."""
    return f"slices-{factor}x"


def shipped_model(factor: int, device: str = "cpu") -> tuple[SliceSynthesis, dict[str, str]]:
    """Return the model that comes with the program for a factor, on a device, and the attributes that name it.

    Raises:
        InvalidInputError: there is none for this factor, or its file is not the registered one.
    """
    require_factor(factor)
    loaded = Registry().load(shipped_model_name(factor))
    source = {"SliceModel": shipped_model_name(factor), "SliceModelSHA256": loaded.sha256}
    return slice_model_of(loaded).to(device), source


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
    model, source = shipped_model(factor, device)
    fitting = part_of(progress, 0.0, FITTING_SHARE)
    fit_to_volumes(model, sequence.volumes, settings or SliceTrainingSettings(), progress=fitting)
    source["SliceModel"] += ", fitted to these images"
    adding, moving = part_of(progress, FITTING_SHARE, 0.85), part_of(progress, 0.85, 1.0)
    made = add_slices_to_sequence(sequence, model, source=source, keep_acquired=keep_acquired, progress=adding)
    if not keep_acquired:
        return made
    moved = move_slices(sequence, factor, device=device, progress=moving)
    volumes = [corrected(one, other, factor) for one, other in zip(moved, made, strict=True)]
    named = slice_attributes(factor, source={"SliceMethod": "motion and networks", **source})
    return _marked(replace(moved, volumes=volumes), named)


def corrected(moved: Volume, by_networks: Volume, factor: int) -> Volume:
    """Return slices that tissue was moved to, corrected by networks, in the scalar type of the moved; every factor-th
    slice, which is acquired, as it is.

    Example:
        >>> moved, other = (Volume(np.full((3, 1, 1), value), Geometry((3, 1, 1))) for value in (10.0, 15.0))
        >>> corrected(moved, other, 2).array.ravel().tolist()
        [10.0, 12.0, 10.0]
    """
    there, theirs = (volume.array.astype(np.float64) for volume in (moved, by_networks))
    array = to_scalar_type(there + NETWORKS_SHARE * (theirs - there), moved.array.dtype)
    array[::factor] = moved.array[::factor]
    return moved.with_array(array)


def _marked(sequence: Sequence, marks: Mapping[str, str]) -> Sequence:
    return replace(sequence, item_attributes=[{**given, **marks} for given in sequence.item_attributes])
