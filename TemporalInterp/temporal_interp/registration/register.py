"""Registers one volume onto another: volumes and mm outside, tensors and voxels inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.field_of_view import LEAST_SHARE, Filling, field_of_view, outside_as_nan, require_seen
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.data.slice_independence import slices_are_independent
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, OutOfMemoryError, Progress, TemporalInterpError, no_progress
from temporal_interp.memory import require_fits
from temporal_interp.registration.fit_velocity import compared_images, fit_velocity, seen_in_both
from temporal_interp.registration.grids import coarsen
from temporal_interp.registration.moving_volume import sample_onto
from temporal_interp.registration.settings import GridField, VelocitySettings
from temporal_interp.tensors.slabs import as_image
from temporal_interp.tensors.spatial import compose, integrate_velocity, resize_field


@dataclass(frozen=True, eq=False)
class Registration:
    """The moving volume brought onto the fixed one.

    Attributes:
        warped: moving, resampled onto the fixed grid, in its own scalar type, and its own background where it shows
            nothing, see `sample_onto`.
        covered: (K, J, I) bool, where it shows something.
        displacement: resamples the moving volume: warped(x) = moving(x + displacement(x)).
    """

    warped: Volume
    covered: np.ndarray
    displacement: DisplacementField


@dataclass(frozen=True, eq=False)
class FittedVelocity:
    """A velocity between two volumes, and the images that it was fitted to.

    Attributes:
        velocity: (1, 3, k, j, i), channels (K, J, I), in voxels of its own grid over the extent of the volumes. For
            independent slices k is K and the K channel is zero.
        compared: (2, 1, k, j, i), the fixed and the moving volume on the finest grid that they were compared on, over
            the same extent.
        seen: (1, 1, k, j, i), how much of each voxel of that grid both volumes show; None where they show all.
    """

    velocity: torch.Tensor
    compared: torch.Tensor
    seen: torch.Tensor | None = None


def fit_volumes(
    fixed: np.ndarray,
    moving: np.ndarray,
    geometry: Geometry,
    settings: VelocitySettings,
    *,
    independent: bool,
    seen: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
    device: str = "cpu",
    progress: Progress = no_progress,
) -> FittedVelocity:
    """Fit the velocity for which fixed = moving resampled by its exponential.

    Args:
        fixed: (K, J, I), scaled to [0, 1].
        moving: likewise, on the same grid.
        geometry: of both.
        settings: of the fit.
        independent: each slice is a 2D problem of its own, see `data.slice_independence`.
        seen: how much of each voxel the fixed and the moving volume show, (K, J, I), bool or from 0 to 1; None for all.
            The rest is not compared, but has to be numbers.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.

    Raises:
        FitDivergedError: the fit diverged.
        OutOfMemoryError: the device has too little memory.
    """
    with torch.inference_mode(False), torch.enable_grad():  # a caller may have switched gradients off

        def problems(array: np.ndarray) -> torch.Tensor:
            image = as_image(array, device)
            return image[0].transpose(0, 1) if independent else image  # slices become problems: (K, 1, J, I)

        there, here = problems(fixed), problems(moving)
        shown = None
        if any(one is not None for one in seen):
            shown = torch.cat([problems(np.ones_like(fixed) if one is None else one) for one in seen])
        spacing: tuple[float, ...] = geometry.spacing_kji[1:] if independent else geometry.spacing_kji
        try:
            compared = compared_images(there, here, spacing, settings)
            velocity = fit_velocity(there, here, spacing, settings, compared=compared, seen=shown, progress=progress)
        except torch.OutOfMemoryError as error:
            size = " x ".join(map(str, geometry.shape))
            raise OutOfMemoryError(
                f"A velocity field for volumes of {size} voxels needs more memory than {device} has; compute on the "
                "CPU, or crop the images."
            ) from error
    both = None if shown is None else seen_in_both(coarsen(shown, tuple(compared.shape[2:])))
    if not independent:
        return FittedVelocity(velocity, compared, both)
    through_plane = torch.zeros_like(velocity[:, :1])
    velocity = torch.cat([through_plane, velocity], dim=1).transpose(0, 1).unsqueeze(0)
    both = None if both is None else both.transpose(0, 1).unsqueeze(0)
    return FittedVelocity(velocity, torch.stack([half.transpose(0, 1) for half in compared.chunk(2)]), both)


def default_settings(independent: bool, *, search: int = 0) -> VelocitySettings:
    """Return our settings of a fit: for slices if they are independent, else for a volume.

    Args:
        independent: each slice is a 2D problem of its own.
        search: reach of the search that slices begin from, see `GridField`; in volumes it would take too long.
    """
    if not independent:
        return VelocitySettings.volume()
    return VelocitySettings(field=GridField(search=search)) if search else VelocitySettings()


def register(
    fixed: Volume,
    moving: Volume,
    *,
    settings: VelocitySettings | None = None,
    initial: np.ndarray | None = None,
    slice_thickness: float | None = None,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Registration:
    """Bring the moving volume onto the fixed one.

    Args:
        fixed: the reference volume.
        moving: the volume to bring onto it, on any voxel grid in the same physical space; its contrast may differ.
            What it does not cover is not compared, like voxels of either volume that are NaN or infinite.
        settings: of the fit; `default_settings` if None.
        initial: (K, J, I, 3) resampling field in LPS mm to start from, such as a trained network's. The fit finds
            the rest, u', and the result is u' + u_initial o (id + u') (NeVF, Section 2.3).
        slice_thickness: mm along K if known.
        device: where to compute.
        progress: receives the progress; may raise CancelledError.

    Raises:
        InvalidInputError: the volumes show next to nothing in common, one is constant, or `initial` does not fit.
        OutOfMemoryError: there is too little memory; the message says what would fit.
        FitDivergedError: the fit diverged.

    Example:
        A disc that lies a voxel further along I in the moving volume, where voxels are 2 mm wide:

        >>> j, i = np.mgrid[:32, :32]
        >>> grid = Geometry((1, 32, 32), spacing=(2.0, 2.0, 8.0))
        >>> fixed, moving = (Volume(1.0 * (np.hypot(j - 16, i - at) < 8)[None], grid) for at in (15, 16))
        >>> found = register(fixed, moving)
        >>> found.warped.geometry == fixed.geometry, found.displacement.array.shape
        (True, (1, 32, 32, 3))
    """
    for volume, name in ((fixed, "The fixed volume"), (moving, "The moving volume")):
        require_seen(volume, name)
    geometry = fixed.geometry
    start = None if initial is None else _initial_voxels(initial, geometry, device)
    here = _on_grid(moving, geometry)
    _require_common(fixed, here)
    independent = slices_are_independent(geometry, slice_thickness)
    settings = settings or default_settings(independent)
    if not device.startswith("cuda"):
        require_fits(settings.memory, geometry.shape, "A registration", instead=", or set fewer with --max-voxels")
    fixed_scaled, moving_scaled = _scaled(fixed, "The fixed volume"), _scaled(here, "The moving volume")
    if start is not None:
        moved = sample_onto(moving_scaled, geometry, start)
        moving_scaled = moved.volume.with_array(outside_as_nan(moved.volume.array, moved.covered))
    fitted = fit_volumes(
        Filling()(fixed_scaled),
        Filling()(moving_scaled),
        geometry,
        settings,
        independent=independent,
        seen=(field_of_view(fixed_scaled.array), field_of_view(moving_scaled.array)),
        device=device,
        progress=progress,
    )
    with torch.inference_mode():
        displacement = integrate_velocity(fitted.velocity)
        if start is not None:
            displacement = compose(start, resize_field(displacement, geometry.shape))
        made = sample_onto(moving, geometry, displacement)
        return Registration(made.volume, made.covered, DisplacementField.from_voxels(displacement, geometry))


def _on_grid(moving: Volume, geometry: Geometry) -> Volume:
    """Return the moving volume on the fixed grid, NaN where it shows nothing; as it is where it lies there."""
    if moving.geometry.is_close(geometry):
        return moving
    here = sample_onto(moving.with_array(moving.array.astype(np.float32)), geometry)
    return here.volume.with_array(np.where(here.covered, here.volume.array, np.float32(np.nan)))


def _require_common(fixed: Volume, moving: Volume) -> None:
    """Raise InvalidInputError where two volumes on one grid show next to nothing in common."""
    seen = [field_of_view(volume.array) for volume in (fixed, moving)]
    both = np.ones(fixed.array.shape, bool)
    for one in seen:
        both &= True if one is None else one
    if np.count_nonzero(both) < max(2, LEAST_SHARE * both.size):
        raise InvalidInputError(
            "The moving volume shows next to nothing of what the fixed one shows: they share "
            f"{np.count_nonzero(both)} of its {both.size} voxels. Check the origins and directions of both."
        )


def _scaled(volume: Volume, name: str) -> Volume:
    try:
        return volume.with_array(IntensityRange.of_contrast([volume]).normalise(volume.array))
    except TemporalInterpError as error:
        raise InvalidInputError(f"{name} cannot be registered. {error}") from error


def _initial_voxels(initial: np.ndarray, geometry: Geometry, device: str) -> torch.Tensor:
    if initial.shape != (*geometry.shape, 3) or not np.isfinite(initial).all():
        raise InvalidInputError(
            f"The initial displacement must be finite and have shape {(*geometry.shape, 3)}, the fixed volume's voxels "
            f"with three components in mm, got {initial.shape}."
        )
    return from_physical(initial, geometry).unsqueeze(0).to(device)
