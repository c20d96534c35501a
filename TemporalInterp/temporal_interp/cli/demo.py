"""temporal-interp demo: frames of a simulated beating heart are held out, synthesised, and compared with the truth."""

from __future__ import annotations

from collections import abc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.evaluate import write_report
from temporal_interp.cli.options import DeviceOption, ForceOption, JsonOption
from temporal_interp.cli.outputs import folder_output, require_outputs
from temporal_interp.cli.pictures import drawn, tell_if_not_drawn
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.protocol import Engine
    from temporal_interp.errors import Progress
    from temporal_interp.evaluation.evaluate import Evaluation
    from temporal_interp.simulation import PhantomCine

SEQUENCE = "beating_heart.seq.nrrd"

PHASES = 25
"""Frames of the beat, including its end, which equals its beginning."""

KEPT_EVERY = 4
"""One in this many frames is kept; the others are held out."""

SHOWN_FRAMES = (2, 6, 10, 14)
"""Held-out frames in the figure of errors: the middles of the gaps, the hardest, in systole and after."""


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the sequence and the pictures.")
    ] = Path("demo-output"),
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Hold out three of four frames of a simulated beating heart, synthesise them, and compare them with the truth."""
    require_outputs(folder_output(output), force=force)

    from temporal_interp.engines.choice import choose_engine
    from temporal_interp.engines.registry import available_engine_names, create_engine
    from temporal_interp.errors import part_of
    from temporal_interp.evaluation.summary import as_json, as_table, summarise
    from temporal_interp.io.atomic import atomic_folder

    console, where = Console(json), choose_device(device)
    with atomic_folder(output, overwrite=True) as folder, console.progress("Demo") as progress:
        cine = _beating_heart()
        engines = {name: create_engine(name, device=where) for name in available_engine_names()}
        evaluation = _scored(cine, list(engines.values()), part_of(progress, 0.05, 0.9))
        best = choose_engine(cine.sequence.geometry, cine.sequence.slice_thickness, device=where)
        completed = _completed(cine, evaluation, engines[best.name])
        not_drawn = _write(cine, completed, evaluation, folder, part_of(progress, 0.9, 1.0))
    tell_if_not_drawn(not_drawn, console)

    summaries = summarise([evaluation])
    title = f"Beating heart phantom, {evaluation.protocol}"
    table = as_table(summaries, title=title)
    console.result({"output": output, **as_json([evaluation])}, table, *_closing(output))


def _beating_heart() -> PhantomCine:
    """Return one slice of the beating heart, as a scanner would show it."""
    from temporal_interp.simulation import Acquisition, BeatingHeart, make_heart_cine, short_axis_slice

    heart = BeatingHeart().in_plane()
    phases = [n / (PHASES - 1) for n in range(PHASES)]
    scanner = Acquisition(resolution_mm=1.8, snr=35.0)
    return make_heart_cine(heart, short_axis_slice(heart), phases, acquisition=scanner)


def _scored(cine: PhantomCine, engines: abc.Sequence[Engine], progress: Progress) -> Evaluation:
    """Predict the held-out frames with every engine, and score them against the truth and the exact motion."""
    from temporal_interp.evaluation.evaluate import evaluate
    from temporal_interp.evaluation.hold_out import every

    hold_out = every(cine.sequence, KEPT_EVERY)
    return evaluate(
        cine.sequence,
        hold_out,
        engines,
        truth=cine.motion_truth(),
        patient=cine.name,
        keep_frames=[frame for gap in hold_out.gaps for frame in gap.held_out],
        progress=progress,
    )


def _completed(cine: PhantomCine, evaluation: Evaluation, engine: Engine) -> Sequence:
    """Return the kept frames, with those of an engine in place of the ones held out, scaled to [0, 1]."""
    from temporal_interp.evaluation.presets import NATIVE

    scaled = NATIVE.scale(cine.sequence)
    volumes, attributes = list(scaled.volumes), list(scaled.item_attributes)
    for row in evaluation.rows:
        if row.engine == engine.name:
            frame = evaluation.kept[row.preset, row.engine, row.frame]
            volumes[row.frame], attributes[row.frame] = frame.volume, frame.attributes
    return replace(scaled, volumes=volumes, item_attributes=attributes)


def _write(
    cine: PhantomCine, completed: Sequence, evaluation: Evaluation, folder: Path, progress: Progress
) -> str | None:
    """Write the sequence and the scores, then the pictures; return why these could not be drawn, None if they were."""
    from temporal_interp.figures.animation import save_animation
    from temporal_interp.figures.contact_sheet import save_contact_sheet
    from temporal_interp.io import write_sequence

    def draw(pictures: Path) -> None:
        save_contact_sheet(completed, pictures / "contact_sheet.png")
        progress(0.7, "film")
        save_animation(completed, pictures / "film.gif")

    write_sequence(completed, folder / SEQUENCE)
    progress(0.2, "scores")
    shown = {key: frame for key, frame in evaluation.kept.items() if key[-1] in SHOWN_FRAMES}
    of_report = write_report(cine.sequence, replace(evaluation, kept=shown), folder)
    progress(0.5, "pictures")
    of_film = drawn(folder, draw)
    progress(1.0, "done")
    return of_report or of_film


def _closing(output: Path) -> list[str]:
    """Return the last lines: what was written, and what to try next."""
    return [
        "PSNR and SSIM compare with the held-out frames. EPE is the distance between the estimated",
        "and the exact motion; EPE at rest is that of no motion at all.",
        "",
        f"{output / SEQUENCE}: the sequence for 3D Slicer, synthetic frames marked as such",
        f"{output / 'film.gif'}: acquired frames alone, and with the synthetic ones",
        f"{output / 'contact_sheet.png'}, native_frames.png, native_curves.png, scores.csv: the rest",
        "",
        "The same on your own 4D NIfTI, .seq.nrrd or folder of DICOM cine images:",
        "  temporal-interp info YOUR_DATA",
        "  temporal-interp interpolate YOUR_DATA -o smooth.seq.nrrd --factor 4",
        "  temporal-interp evaluate YOUR_DATA --every 2 -o evaluation",
    ]
