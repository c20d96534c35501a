"""temporal-interp track: the motion of tissue through a sequence, and the strain along a contour."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import (
    ComponentOption,
    DeviceOption,
    ForceOption,
    InputArgument,
    JsonOption,
    SeriesOption,
)
from temporal_interp.cli.outputs import folder_output, require_outputs, state_output
from temporal_interp.cli.reading import read_input
from temporal_interp.cli.room import COMPRESSED, FIELD_BYTES, require_disk_space
from temporal_interp.errors import errors_naming, part_of
from temporal_interp.tensors.devices import choose_device
from temporal_interp.tracking.contour_view import ContourView

if TYPE_CHECKING:
    import numpy as np

    from temporal_interp.data.sequence import Sequence
    from temporal_interp.tracking.settings import TrackingSettings


FIELDS = ("displacement", "forward", "backward", "velocity", "divergence", "vorticity")
STRAINS = ("ii", "ij", "ik", "jj", "jk", "kk")
WRITTEN = (
    *(f"{name}.seq.nrrd" for name in FIELDS),
    *(f"strain_{axes}.seq.nrrd" for axes in STRAINS),
    *("curves.csv", "points.csv", "motion.png", "strain.png", "tracking.gif", "network.safetensors"),
)
"""Names of the files in the folder, none of which may be an input."""


TRACKING_SHARE, TRACKING_SHARE_ALONE = 0.9, 0.96
"""Share of the time that the tracking takes, as measured on a short-axis cine; writing takes the rest. The latter is of
the displacement alone."""


class Method(StrEnum):
    """What finds the motion, see `TrackingSettings.method`."""

    VELOCITY = "velocity"
    NMSR = "nmsr"


def track(
    input_path: InputArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A folder to write to.")],
    reference: Annotated[
        int, typer.Option(metavar="N", min=0, help="The frame whose tissue is followed; the first is 0.")
    ] = 0,
    cycle: Annotated[
        bool | None,
        typer.Option(
            "--cycle/--no-cycle",
            help="The frames are one whole beat, or not: after the last frame comes the first. Default: as the file "
            "says.",
        ),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Track where this label map is not 0. Default: the sector of an ultrasound image, without the text "
            "around it, and all of any other image.",
        ),
    ] = None,
    series: SeriesOption = None,
    component: ComponentOption = None,
    points: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Points of the reference frame to follow: .mrk.json, or .csv with x,y,z."),
    ] = None,
    contour: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A contour in the reference frame to measure strain along; same file types."),
    ] = None,
    view: Annotated[
        ContourView, typer.Option(help="The view of the contour, which names the strains.")
    ] = ContourView.SHORT_AXIS,
    wall_thickness: Annotated[
        float | None,
        typer.Option(metavar="MM", min=0, help="Thickness of the wall whose middle the contour is, for radial strain."),
    ] = None,
    maps: Annotated[
        bool, typer.Option("--maps", help="Also write strain in the image's axes, velocity, divergence and vorticity.")
    ] = False,
    displacement_only: Annotated[
        bool,
        typer.Option(
            "--displacement-only",
            help="Write displacement.seq.nrrd and nothing else, which takes less time.",
        ),
    ] = False,
    method: Annotated[
        Method | None,
        typer.Option(
            help="velocity fits a velocity field to each pair of frames, and nmsr networks to all pairs, which takes "
            "several times as long. Default: velocity; nmsr with --paper and --start-from."
        ),
    ] = None,
    passes: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How often every pair of frames is seen at each scale.")
    ] = None,
    smoothness: Annotated[
        float | None, typer.Option(metavar="X", min=0, help="Weight of smoothness against similarity.")
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="nmsr with the settings of its paper, which need a GPU.")
    ] = False,
    start_from: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="nmsr: start from the network of the tracking of a similar sequence."),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the state here; a stopped tracking resumes from it.")
    ] = None,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Follow tissue through a sequence, by fields that are fitted to the sequence itself; no training is needed.

    Writes displacement.seq.nrrd (from the reference frame to every frame), forward.seq.nrrd and backward.seq.nrrd
    (between neighbours), all in LPS mm; curves.csv; pictures and a film; with nmsr, network.safetensors for
    --start-from.
    """
    require_outputs(
        folder_output(output, names=WRITTEN),
        state_output(checkpoint, "--checkpoint"),
        inputs=[input_path, mask, points, contour, start_from],
        force=force,
    )
    if wall_thickness is not None and contour is None:
        raise typer.BadParameter("--wall-thickness needs --contour.")
    if displacement_only and (maps or points is not None or contour is not None):
        given = "--maps" if maps else "--points" if points is not None else "--contour"
        raise typer.BadParameter(f"--displacement-only writes nothing of what {given} asks for.")
    if method is Method.VELOCITY and (paper or start_from is not None):
        raise typer.BadParameter(f"{'--paper' if paper else '--start-from'} needs --method nmsr.")
    by_networks = method is Method.NMSR or paper or start_from is not None

    where = choose_device(device)

    from temporal_interp.cli.tracking_input import read_marks, ready_to_track
    from temporal_interp.cli.tracking_results import write_displacement, write_maps, write_results
    from temporal_interp.data.sequence import require_apart
    from temporal_interp.io.atomic import atomic_folder
    from temporal_interp.tracking.network_file import load_network
    from temporal_interp.tracking.track import track as run_tracking

    console, started = Console(json), time.monotonic()
    settings = _settings(by_networks, paper, passes, smoothness)
    marks = read_marks(points, contour, view, wall_thickness)
    network = None if start_from is None else load_network(start_from)
    sequence, region = ready_to_track(read_input(input_path, console, series, component).acquired(), mask)
    marks.require_in(sequence.volumes[0].geometry)
    for note in sequence.notes:
        console.note(note)
    if cycle is None and sequence.period is not None:
        console.note(
            f"The sequence is a loop of {sequence.with_unit(sequence.period)}; it is tracked as one whole beat. "
            "--no-cycle tracks it as none."
        )
    with errors_naming(output):
        require_apart(sequence.times, sequence.unit)
    # the displacements from the reference frame, and mostly those to both neighbours
    written = 1 if displacement_only else 3
    require_disk_space({output: COMPRESSED * written * FIELD_BYTES * len(sequence) * sequence[0].array.size})
    pair = 0 if displacement_only else _pair_that_changes_most(sequence)  # which is drawn
    by_scale: dict[int, np.ndarray] = {}
    share = TRACKING_SHARE_ALONE if displacement_only else TRACKING_SHARE
    with console.progress("Tracking") as progress:
        tracking = run_tracking(
            sequence,
            settings,
            reference=reference,
            closed=cycle,
            mask=region,
            start_from=network,
            device=where,
            on_scale=None
            if displacement_only
            else lambda scale, motion: by_scale.update({scale: motion.forward[pair]}),
            checkpoint=checkpoint,
            progress=part_of(progress, 0.0, share),
        )
        progress(share, "writing the motion")
        found: dict[str, Any]
        with atomic_folder(output, overwrite=True) as folder:
            if displacement_only:
                found = write_displacement(folder, tracking)
            else:
                found = write_results(folder, sequence, tracking, marks, pair, by_scale)
            if maps:
                write_maps(folder, tracking)
        progress(1.0, "writing the motion")
    if found.get("not_drawn") is not None:
        console.note(f"The pictures and the film could not be drawn ({found['not_drawn']}); everything else is there.")
    seconds = round(time.monotonic() - started, 1)
    values = {"output": output, "frames": len(sequence), "reference": reference, "settings": settings.in_one_line()}
    console.result({**values, **found, "seconds": seconds}, *_in_words(output, found, seconds))


def _settings(by_networks: bool, paper: bool, passes: int | None, smoothness: float | None) -> TrackingSettings:
    """Return the settings, changed by the options."""
    from temporal_interp.tracking.settings import TrackingSettings

    settings = TrackingSettings.paper() if paper else TrackingSettings(method="nmsr" if by_networks else "velocity")
    if passes is not None:
        settings = replace(settings, passes=(passes,) * len(settings.scales), refinement_passes=passes, least_steps=1)
    return settings if smoothness is None else replace(settings, smoothness=smoothness)


def _pair_that_changes_most(sequence: Sequence) -> int:
    """Return the number of the earlier frame of the neighbours that differ most, the pair that is drawn."""
    import itertools

    import numpy as np

    frames = (volume.array.astype(np.float32) for volume in sequence.volumes)  # two in memory at a time
    with np.errstate(invalid="ignore"):  # infinite in both
        changes = [_mean_of_numbers(np.abs(later - earlier)) for earlier, later in itertools.pairwise(frames)]
    return int(np.argmax(changes)) if changes else 0


def _mean_of_numbers(array: np.ndarray) -> float:
    import numpy as np

    known = array[np.isfinite(array)]
    return float(known.mean()) if known.size else 0.0


def _in_words(output: Path, found: Mapping[str, Any], seconds: float) -> list[str]:
    lines = [f"{output}: {_made(found)} ({seconds} s)."]
    drift = f"Followed there and back, tissue drifts by at most {found['forward_backward_mm']:.2f} mm (mean of a frame)"
    if found["closing_mm"] is not None:
        drift += f", and once round the cycle by {found['closing_mm']:.2f} mm before that was removed"
    lines.append(f"{drift}.")
    for name, peak in found.get("peak_strain", {}).items():
        lines.append(f"Peak {name} strain {peak['strain']:+.1%} in frame {peak['frame']}.")
    return lines


def _made(found: Mapping[str, Any]) -> str:
    if "not_drawn" not in found:
        return "the displacement"
    return "fields, curves, pictures and a film" if found["not_drawn"] is None else "fields and curves"
