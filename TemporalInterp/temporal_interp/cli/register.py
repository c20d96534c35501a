"""temporal-interp register: register two volumes by a velocity field."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import DeviceOption, ForceOption, JsonOption
from temporal_interp.cli.outputs import file_output, require_outputs
from temporal_interp.cli.register_labels import CarriedLabels, LabelInterpolation, in_words
from temporal_interp.cli.room import COMPRESSED, FIELD_BYTES, require_disk_space
from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    import numpy as np

    from temporal_interp.data.geometry import Geometry
    from temporal_interp.data.volume import Volume
    from temporal_interp.registration.moving_volume import Sampled
    from temporal_interp.registration.register import Registration


def register(
    fixed_path: Annotated[Path, typer.Argument(metavar="FIXED", help="The reference volume: .nrrd, .nii.gz, .mha.")],
    moving_path: Annotated[Path, typer.Argument(metavar="MOVING", help="The volume to register to it.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="WARPED", help="Write MOVING, warped onto FIXED.")],
    field: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the displacement field (LPS mm): .nrrd, .mha.")
    ] = None,
    initial: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Start from this displacement field on FIXED's grid, or this transform of ITK."
        ),
    ] = None,
    moving_labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Labels of MOVING, to warp along: see --warped-labels.")
    ] = None,
    fixed_labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Labels of FIXED: prints how well MOVING's overlap with them (Dice)."),
    ] = None,
    warped_labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the labels of MOVING, warped onto FIXED.")
    ] = None,
    label_interpolation: Annotated[
        LabelInterpolation,
        typer.Option(help="The nearest voxel's label, or the strongest of labels that are interpolated one by one."),
    ] = LabelInterpolation.NEAREST,
    slice_thickness: Annotated[
        float | None,
        typer.Option(metavar="MM", min=0, help="Slice thickness; slices with wide gaps are registered one by one."),
    ] = None,
    neural: Annotated[
        bool, typer.Option("--neural", help="Fit a neural network (NeVF) instead of a grid: slower, not better.")
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Start from the settings of NeVF, including its network, not from ours.")
    ] = False,
    iterations: Annotated[int | None, typer.Option(metavar="N", help="Largest number of steps on every level.")] = None,
    stride: Annotated[
        float | None, typer.Option(metavar="L", help="Distance in voxels between the points where the field is fitted.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(metavar="N", help="Side of the local correlation's window in voxels, odd.")
    ] = None,
    smoothness: Annotated[
        float | None, typer.Option(metavar="X", help="Weight of smoothness against similarity.")
    ] = None,
    max_voxels: Annotated[
        int | None, typer.Option(metavar="N", help="Fit on a grid coarsened to at most N voxels.")
    ] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Register two volumes and warp the second onto the first."""
    from temporal_interp.io.format_registry import field_extensions, volume_extensions

    require_outputs(
        file_output(output, volume_extensions()),
        file_output(field, field_extensions(), "--field"),
        file_output(warped_labels, volume_extensions(), "--warped-labels"),
        inputs=[fixed_path, moving_path, initial, moving_labels, fixed_labels],
        force=force,
    )
    if moving_labels is None and (fixed_labels or warped_labels):
        raise InvalidInputError("--fixed-labels and --warped-labels need the labels to warp: add --moving-labels FILE.")

    where = choose_device(device)

    from temporal_interp.data.slice_independence import slices_are_independent
    from temporal_interp.io import write_displacement, write_volume
    from temporal_interp.registration.moving_volume import sample_onto
    from temporal_interp.registration.register import default_settings
    from temporal_interp.registration.register import register as run_registration
    from temporal_interp.registration.settings import VelocitySettings

    console, started = Console(json), time.monotonic()
    fixed = _read(fixed_path, console)
    require_disk_space(_needs(fixed, output, field))
    if paper or neural:
        settings = VelocitySettings.paper() if paper else VelocitySettings.neural()
    else:
        settings = default_settings(slices_are_independent(fixed.geometry, slice_thickness))
    if stride is not None:
        settings = replace(settings, field=replace(settings.field, stride=stride))
    if iterations is not None:
        settings = replace(settings, iterations=(iterations,) * len(settings.levels))
    if window is not None:
        settings = replace(settings, window=window)
    if smoothness is not None:
        settings = replace(settings, smoothness=smoothness)
    if max_voxels is not None:
        settings = replace(settings, max_voxels=max_voxels)
    moving = _read(moving_path, console)
    labels = None if moving_labels is None else CarriedLabels.read(moving_labels, fixed_labels, fixed)
    at_rest = sample_onto(moving, fixed.geometry)
    _tell_what_is_covered(at_rest, fixed, moving, console)
    start = None if initial is None else _initial_field(initial, fixed.geometry, console)
    with console.progress("Registering") as progress:
        result = run_registration(
            fixed,
            moving,
            settings=settings,
            initial=start,
            slice_thickness=slice_thickness,
            device=where,
            progress=progress,
        )
    carried = None if labels is None else labels.warped(fixed, result.displacement.array, label_interpolation)
    overlap = {} if labels is None or carried is None else labels.overlap(carried)
    for path in filter(None, (output, field, warped_labels)):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    write_volume(result.warped, output, overwrite=force)
    if field is not None:
        write_displacement(result.displacement.array, fixed.geometry, field, overwrite=force)
    if warped_labels is not None and carried is not None:
        write_volume(carried, warped_labels, overwrite=force)

    values = _measured(fixed, at_rest, result) | overlap
    lines = [
        f"{output}: correlation with {fixed_path.name} {values['correlation_after']:.4f}, "
        f"before {values['correlation_before']:.4f}.",
        f"Displacement: mean {values['mean_mm']:.2f} mm, largest {values['largest_mm']:.2f} mm, "
        f"{values['fold_rate']:.3%} of the voxels folded.",
        *in_words(overlap),
    ]
    values |= {"output": output, "field": field, "seconds": round(time.monotonic() - started, 1)}
    console.result({**values, "settings": settings.in_one_line()}, *lines)


def _read(path: Path, console: Console) -> Volume:
    """Return a volume, and say what was assumed of it."""
    from temporal_interp.io import read_volume_with_notes

    volume, notes = read_volume_with_notes(path)
    for note in notes:
        console.note(f"{path.name}: {note}")
    return volume


def _needs(fixed: Volume, output: Path, field: Path | None) -> dict[Path, float]:
    """Return the bytes that every output takes on the disk."""
    needs = {output: COMPRESSED * fixed.array.nbytes}
    return needs if field is None else {**needs, field: COMPRESSED * FIELD_BYTES * fixed.array.size}


def _tell_what_is_covered(at_rest: Sampled, fixed: Volume, moving: Volume, console: Console) -> None:
    """Say where MOVING lies, if not on FIXED's grid, and what becomes of what it does not cover."""
    if moving.geometry.is_close(fixed.geometry):
        return
    note = "MOVING lies on another voxel grid; it is resampled onto FIXED's."
    if not at_rest.covered.all():
        from temporal_interp.data.field_of_view import background

        note += (
            f" It covers {at_rest.covered.mean():.0%} of FIXED. The rest is not compared, and has the background of "
            f"MOVING, {background(moving):g}, in WARPED."
        )
    console.note(note)


def _initial_field(path: Path, geometry: Geometry, console: Console) -> np.ndarray:
    from temporal_interp.io import read_displacement

    array, grid = read_displacement(path, geometry, note=console.note)
    if not grid.is_close(geometry):
        raise InvalidInputError(
            f"{path}: the field does not lie on FIXED's voxel grid: {grid} against {geometry}. Resample it onto that "
            "grid first."
        )
    return array


def _measured(fixed: Volume, at_rest: Sampled, result: Registration) -> dict[str, object]:
    """Return the similarity of the volumes before and after, and the size of the field."""
    import numpy as np

    length = np.linalg.norm(result.displacement.array, axis=-1)
    return {
        "correlation_before": _correlation(fixed.array, at_rest.volume.array, at_rest.covered),
        "correlation_after": _correlation(fixed.array, result.warped.array, result.covered),
        "mean_mm": float(length.mean()),
        "largest_mm": float(length.max()),
        "fold_rate": result.displacement.fold_rate,
    }


def _correlation(fixed: np.ndarray, moving: np.ndarray, covered: np.ndarray) -> float:
    """Return Pearson's correlation of the voxels that both show; `covered` is where the moving volume does."""
    import numpy as np

    both = covered & np.isfinite(fixed)
    return float(np.corrcoef(fixed[both], moving[both])[0, 1])
