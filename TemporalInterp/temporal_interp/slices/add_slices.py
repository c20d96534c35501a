"""Slices between the slices of a volume, or of every volume of a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

import numpy as np
import torch

import temporal_interp
from temporal_interp.data.field_of_view import is_constant, outside_as_nan, require_seen
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.provenance import PREFIX, SLICE_FACTOR_KEY, SYNTHETIC_SLICES_KEY
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress, no_progress, part_of
from temporal_interp.slices.guides import guides_of
from temporal_interp.slices.seen import filled_slices, seen_between
from temporal_interp.slices.slice_grid import closer_slices
from temporal_interp.slices.synthesis_model import SliceSynthesis
from temporal_interp.tensors.devices import is_bfloat16_native

CHUNK_VOXELS = 500_000
"""Voxels of the result that are computed at once."""


GUIDE_SHARE = 0.6
"""Of the progress, for the motion that guided networks correct."""

ORDINALS = {2: "2nd", 3: "3rd", 4: "4th"}


class View(StrEnum):
    """The direction in which a network looks at the volume."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


ALL_VIEWS = tuple(View)


def add_slices(
    volume: Volume,
    model: SliceSynthesis,
    *,
    keep_acquired: bool = True,
    views: tuple[View, ...] = ALL_VIEWS,
    scale: IntensityRange | None = None,
    guide: np.ndarray | None = None,
    progress: Progress = no_progress,
) -> Volume:
    """Return a volume with r - 1 synthetic slices between every two, r being the model's factor.

    A synthetic slice is the mean of the views (Eq. 7).

    Args:
        volume: of two slices or more.
        model: on the device where to compute.
        keep_acquired: slices that were acquired stay as they are, bit for bit (ours); otherwise they are the mean of
            both pixelwise views, as the paper has it.
        views: which views to use (Table 4). With the axial one alone, acquired slices stay as they are.
        scale: intensities that the networks see as 0 and 1; those of the volume if None. Intensities beyond are not
            clipped.
        guide: of guided networks, which correct it, see `guides.guides_of`; found if None.
        progress: receives the progress; may raise CancelledError.

    Returns:
        A volume of the same scalar type, whose slice n r lies where slice n was. A synthetic voxel is NaN where neither
        slice around it is a number.

    Raises:
        InvalidInputError: the volume has one slice, or shows nothing.

    Example:
        Fresh networks interpolate linearly:

        >>> from temporal_interp.data.geometry import Geometry
        >>> from temporal_interp.slices.fit_volume import new_model
        >>> array = np.zeros((2, 8, 8), np.float32)
        >>> array[1] = 10
        >>> thin = add_slices(Volume(array, Geometry((2, 8, 8), (1.0, 1.0, 4.0))), new_model(2))
        >>> thin.array[:, 0, 0].round(1).tolist(), thin.geometry.spacing
        ([0.0, 5.0, 10.0], (1.0, 1.0, 2.0))
    """
    if volume.geometry.shape[0] < 2:
        raise InvalidInputError("There is only one slice; slices can be added between two or more.")
    require_seen(volume, "The volume")
    geometry = closer_slices(volume.geometry, model.factor)
    voxels = filled_slices(volume)
    if is_constant(voxels):
        array = np.broadcast_to(voxels[:1], geometry.shape).copy()
    else:
        scale = scale or IntensityRange.of([volume])
        scaled = scale.scale(voxels)
        if model.guided and guide is None:
            finding, progress = part_of(progress, 0.0, GUIDE_SHARE), part_of(progress, GUIDE_SHARE, 1.0)
            device = str(next(model.parameters()).device)
            (guide,) = guides_of([scaled], volume.geometry.spacing_kji, model.factor, device=device, progress=finding)
        fused = fused_views(scaled, model, views=views, guide=guide, progress=progress)
        fused *= np.float32(scale.high - scale.low)
        fused += np.float32(scale.low)
        array = to_scalar_type(fused, volume.array.dtype)
    array = outside_as_nan(array, seen_between(volume, model.factor))
    if keep_acquired:
        array[:: model.factor] = volume.array
    return Volume(array, geometry)


def add_slices_to_sequence(
    sequence: Sequence,
    model: SliceSynthesis,
    *,
    source: Mapping[str, str] | None = None,
    keep_acquired: bool = True,
    guides: list[np.ndarray] | None = None,
    progress: Progress = no_progress,
) -> Sequence:
    """Return the sequence with synthetic slices in every volume, on one scale of intensities.

    Args:
        sequence: volumes of two slices or more.
        model: on the device where to compute.
        source: attributes that name the model, by name without prefix, such as {"SliceModel": "..."}.
        keep_acquired: see `add_slices`.
        guides: of the volumes, for guided networks; found, for all frames together, if None.
        progress: receives the progress; may raise CancelledError.

    Returns:
        The sequence with the attributes of `slice_attributes` on every volume.

    Raises:
        InvalidInputError: as `add_slices`; the message names the frame.
    """
    for number, volume in enumerate(sequence.volumes):
        require_seen(volume, f"Frame {number}")
    scale = scale_of(sequence)
    if model.guided and guides is None and scale is not None:
        finding, progress = part_of(progress, 0.0, GUIDE_SHARE), part_of(progress, GUIDE_SHARE, 1.0)
        guides = guides_of_frames(sequence, scale, model, progress=finding)
    volumes = []
    for number, volume in enumerate(sequence.volumes):
        part = part_of(progress, number / len(sequence), (number + 1) / len(sequence))
        guide = None if guides is None else guides[number]
        volumes.append(
            add_slices(volume, model, keep_acquired=keep_acquired, scale=scale, guide=guide, progress=part)
        )  # fmt: skip
    named = {"SliceMethod": "motion and networks" if model.guided else "networks", **(source or {})}
    marks = slice_attributes(model.factor, keep_acquired=keep_acquired, source=named)
    attributes = [{**given, **marks} for given in sequence.item_attributes]
    return replace(sequence, volumes=volumes, item_attributes=attributes)


def guides_of_frames(
    sequence: Sequence, scale: IntensityRange, model: SliceSynthesis, *, progress: Progress = no_progress
) -> list[np.ndarray]:
    """Return the guides of all frames, whose motion is found together, so that it is steady in time."""
    return guides_of(
        [scale.scale(filled_slices(volume)) for volume in sequence.volumes],
        sequence.geometry.spacing_kji,
        model.factor,
        loop=sequence.period is not None,
        device=str(next(model.parameters()).device),
        progress=progress,
    )


def slice_attributes(
    factor: int, *, keep_acquired: bool = True, source: Mapping[str, str] | None = None
) -> dict[str, str]:  # fmt: skip
    """Return the text attributes that say which slices of a volume are synthetic, and from what they were made."""
    which = f"all but every {ORDINALS[factor]} from the first on" if keep_acquired else "all"
    values = {
        SYNTHETIC_SLICES_KEY.removeprefix(PREFIX): which,
        SLICE_FACTOR_KEY.removeprefix(PREFIX): str(factor),
        **(source or {}),
    }
    values["ProgramVersion"] = temporal_interp.__version__
    return {PREFIX + key: value for key, value in values.items() if value}


def scale_of(sequence: Sequence) -> IntensityRange | None:
    """Return the scale of all frames; None where every voxel of the sequence is the same."""
    if all(is_constant(volume.array) for volume in sequence.volumes):
        return None
    return IntensityRange.of(sequence.volumes)


@torch.inference_mode()
def fused_views(
    array: np.ndarray,
    model: SliceSynthesis,
    *,
    views: tuple[View, ...] = ALL_VIEWS,
    guide: np.ndarray | None = None,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Return the mean of the views, ((K - 1) r + 1, J, I) float32.

    Args:
        array: (K, J, I) float32, intensities from 0 to 1.
        model: on the device where to compute.
        views: which views to use.
        guide: of guided networks, (2, (K - 1) r + 1, J, I).
        progress: receives the progress; may raise CancelledError.
    """
    scaled, given = torch.from_numpy(array), None if guide is None else torch.from_numpy(guide)
    device, factor = next(model.parameters()).device, model.factor
    # the networks add little to linear interpolation: bfloat16 changes the result far less than noise does
    precision = torch.autocast(device.type, torch.bfloat16, enabled=is_bfloat16_native(str(device)))
    slices = (len(scaled) - 1) * factor + 1
    result = torch.zeros((slices, *scaled.shape[1:]))
    # on acquired slices the axial view only repeats the input, and does not count if there is another view (Eq. 7)
    pixelwise = [view for view in views if view is not View.AXIAL]
    weight = torch.full((slices, 1, 1), 1 / len(views))
    weight[::factor] = 1 / max(1, len(pixelwise))
    for number, view in enumerate(views):
        part = part_of(progress, number / len(views), (number + 1) / len(views))
        for share, place, made in _view(scaled, model, view, precision, given):
            part(share, f"adding slices, {view} view")
            skipped = view is View.AXIAL and bool(pixelwise)
            target = result[place]
            made = made.cpu().float() * weight[place[0]]
            if skipped:
                made[::factor] = 0
            target += made
    if given is not None:
        result = torch.lerp(given[0], result, model.share.cpu())
    progress(1.0, "adding slices")
    return result.numpy()


def _view(
    scaled: torch.Tensor,
    model: SliceSynthesis,
    view: View,
    precision: torch.autocast,
    guide: torch.Tensor | None,
) -> Iterator[tuple[float, tuple[slice, ...], torch.Tensor]]:  # fmt: skip
    """Yield the fraction done, where a part of the result lies, and the part."""
    slices, rows, columns = scaled.shape
    device, factor, everything = next(model.parameters()).device, model.factor, slice(None)
    fine = (slices - 1) * factor + 1
    if view is View.AXIAL:
        step = max(1, CHUNK_VOXELS // (factor * rows * columns))
        for start in range(0, slices - 1, step):
            stop = min(start + step, slices - 1)
            beside = None if guide is None else guide[None, :, start * factor : stop * factor + 1].to(device)
            with precision:
                made = model.axial(scaled[None, start : stop + 1].to(device), beside)[0][0]
            last = stop == slices - 1  # a part ends where the next one begins; only the last one keeps its end
            place = slice(start * factor, stop * factor + last)
            yield start / (slices - 1), (place, everything, everything), made[: len(made) - 1 + last]
        return
    axis = 1 if view is View.CORONAL else 2
    pixelwise = model.coronal if view is View.CORONAL else model.sagittal
    count = scaled.shape[axis]
    step = max(1, CHUNK_VOXELS // (fine * scaled.shape[3 - axis]))
    for start in range(0, count, step):
        part = slice(start, start + step)
        images = (everything, part, everything) if axis == 1 else (everything, everything, part)
        beside = None if guide is None else guide[(slice(None), *images)][None].to(device)
        with precision:
            made = pixelwise(scaled[images][None].to(device), beside)[0]
        yield start / count, images, made
