"""temporal-interp phantom: a simulated sequence whose motion is known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import ForceOption, JsonOption
from temporal_interp.cli.outputs import folder_output, require_content, require_outputs, sequence_output
from temporal_interp.cli.room import COMPRESSED, FIELD_BYTES, require_room_for_sequence

if TYPE_CHECKING:
    from temporal_interp.data.geometry import Geometry
    from temporal_interp.data.volume import Volume
    from temporal_interp.errors import Progress
    from temporal_interp.simulation import PhantomCine
    from temporal_interp.simulation.motion import MovingBody

    RequireFits = Callable[[MovingBody, Geometry, str], None]
    """Refuses a cine of a body on a grid, of a scalar type, that cannot be written."""


class Body(StrEnum):
    """The body that moves."""

    HEART = "heart"
    LUNG = "lung"


def phantom(
    body: Annotated[Body, typer.Argument(help="A beating heart in MR, or a breathing chest in CT.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="A .seq.nrrd or .nii.gz file, or a folder, to write.")
    ],
    phases: Annotated[int, typer.Option(metavar="N", min=1, help="Frames, evenly spaced over one cycle.")] = 20,
    dimensions: Annotated[
        int | None, typer.Option(metavar="2|3", min=2, max=3, help="One slice (default), or a volume.")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(metavar="X", min=0, help="Standard deviation of the noise: % of the blood's signal, or HU."),
    ] = None,
    clinical: Annotated[
        bool, typer.Option("--clinical", help="heart: thick slices, blur, noise, coil shading, inflow.")
    ] = False,
    ct: Annotated[
        Path | None, typer.Option(metavar="FILE", help="lung: make this chest CT breathe instead of a drawn chest.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of all random numbers.")] = 0,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write the exact displacement of every frame from frame 0."),
    ] = None,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Make a simulated sequence whose motion is known exactly."""
    _require_fitting(body, dimensions, clinical, ct)
    require_outputs(sequence_output(output), folder_output(truth, "--truth"), inputs=[ct], force=force)

    import numpy as np

    from temporal_interp.io import notes_on_writing, write_sequence
    from temporal_interp.io.atomic import atomic_folder
    from temporal_interp.io.format_registry import Planned

    console = Console(json)

    def require_fits(moving: MovingBody, geometry: Geometry, dtype: str) -> None:
        also = {} if truth is None else {truth: COMPRESSED * (FIELD_BYTES + 4) * phases * math.prod(geometry.shape)}
        require_room_for_sequence(output, phases, geometry.shape, np.dtype(dtype), also)
        times = np.arange(phases) / phases * moving.cycle_ms
        require_content(output, Planned(times.tolist(), "ms", geometry.shape))

    if body is Body.HEART:
        cine = _heart(phases, dimensions or 2, noise, clinical, seed, require_fits)
    else:
        cine = _lung(phases, dimensions or 2, noise or 0.0, ct, seed, require_fits)
    with nullcontext() if truth is None else atomic_folder(truth, overwrite=True) as folder:
        if folder is not None:
            with console.progress("Writing the truth") as progress:
                _write_truth(cine, folder, progress)
        output.absolute().parent.mkdir(parents=True, exist_ok=True)
        write_sequence(cine.sequence, output, overwrite=force)
    for note in notes_on_writing(cine.sequence, output):
        console.note(note)

    shown = [f"{output}: {len(cine)} frames of a {cine.name}."]
    if truth is not None:
        shown.append(f"{truth}: displacement fields (LPS mm) and Jacobian determinants from frame 0 to every other.")
    console.result({"output": output, "truth": truth, "frames": len(cine), "phantom": cine.name}, *shown)


def _require_fitting(body: Body, dimensions: int | None, clinical: bool, ct: Path | None) -> None:
    if body is Body.HEART and ct is not None:
        raise typer.BadParameter("--ct needs lung.")
    if body is Body.LUNG and clinical:
        raise typer.BadParameter("--clinical needs heart.")
    if ct is not None and dimensions is not None:
        raise typer.BadParameter("The CT has its own dimensions; omit --dimensions.")


def _heart(
    phases: int, dimensions: int, noise: float | None, clinical: bool, seed: int, require_fits: RequireFits
) -> PhantomCine:
    from temporal_interp.simulation import (
        CLINICAL,
        Acquisition,
        BeatingHeart,
        even_phases,
        make_heart_cine,
        short_axis_slice,
        short_axis_stack,
    )

    heart = BeatingHeart()
    if dimensions == 2:
        heart = heart.in_plane()
    geometry = short_axis_slice(heart) if dimensions == 2 else short_axis_stack(heart)
    require_fits(heart, geometry, "uint16")
    acquisition = CLINICAL if clinical else Acquisition()
    if noise is not None:
        acquisition = replace(acquisition, snr=100 / noise if noise else float("inf"))
    return make_heart_cine(heart, geometry, even_phases(phases), acquisition=acquisition, seed=seed)


def _lung(
    phases: int, dimensions: int, noise_hu: float, ct: Path | None, seed: int, require_fits: RequireFits
) -> PhantomCine:
    from temporal_interp.data.volume import Volume
    from temporal_interp.io import read_volume
    from temporal_interp.simulation import BreathingLung, chest_volume, coronal_slice, even_phases, make_lung_cine

    def cine(lung: BreathingLung, anatomy: Volume | Geometry) -> PhantomCine:
        require_fits(lung, anatomy.geometry if isinstance(anatomy, Volume) else anatomy, "int16")
        return make_lung_cine(lung, anatomy, even_phases(phases), noise_hu=noise_hu, seed=seed)

    if ct is not None:
        volume = read_volume(ct)
        return cine(BreathingLung.fitted_to(volume.geometry), volume)
    if dimensions == 2:
        return cine(BreathingLung().in_plane(), coronal_slice())
    return cine(BreathingLung(), chest_volume())


def _write_truth(cine: PhantomCine, folder: Path, progress: Progress) -> None:
    """Write the resampling field and its Jacobian determinant from frame 0 to every other frame."""
    from temporal_interp.io import write_displacement, write_volume

    for number in range(1, len(cine)):
        field = cine.displacement_field(0, number)
        name = f"frame_0_to_{number}.nrrd"
        write_displacement(field.array, cine.geometry, folder / f"displacement_{name}")
        write_volume(cine.sequence.volumes[0].with_array(field.jacobian), folder / f"jacobian_{name}")
        progress(number / (len(cine) - 1), f"frame {number}")
