"""How far each stage of the student is from the floor of this machine.

The pairs are end diastole and end systole of the beating-heart phantom: one slice, a clinical stack, and a volume.
See the head of the report for what is measured and how.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from comparison.machine import describe
from stages.cases import PAIRS, pair
from stages.measure import parts_of
from stages.reach import measure_reach
from stages.report import comma_separated, markdown
from temporal_interp.cli.console import Console
from temporal_interp.cli.exits import exit_on_error
from temporal_interp.cli.outputs import require_file_output
from temporal_interp.engines.student import StudentEngine
from temporal_interp.io.atomic import atomic_folder


def main(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Markdown file; a CSV is put beside it.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")] = torch.get_num_threads(),
    device: Annotated[str, typer.Option(help="Where to compute: cpu or cuda.")] = "cpu",
    model: Annotated[
        str | None, typer.Option(help="Registered model or model file; the default model if none.")
    ] = None,
    together: Annotated[int, typer.Option(min=1, help="Frames asked for at once.")] = 1,
    repeats: Annotated[int, typer.Option(min=1, help="Runs, of which the shortest counts.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="One slice, one run.")] = False,
) -> None:
    """Write the table of stages."""
    with exit_on_error(Console()):
        if output is not None:
            require_file_output(output, (".md",), force=True)
        torch.set_num_threads(threads)
        repeats = 1 if quick else repeats
        engine = StudentEngine.from_model(model, device=device)
        reach = measure_reach(device, repeats=repeats)
        measured = {}
        for name in PAIRS[:1] if quick else PAIRS:
            volumes = pair(name)
            heading = f"{name}, {' x '.join(map(str, volumes[0].geometry.shape))} voxels"
            measured[heading] = parts_of(engine, volumes, reach, repeats=repeats, together=together)
        machine = "; ".join(f"{heading}: {value}" for heading, value in describe(threads).items())
        introduction = [
            f"{machine}; device: {device}.",
            f"{reach.in_words()}.",
            f"Model: {engine.model}. Frames asked for at once: {together}.",
        ]
        text = markdown(measured, introduction)
        if output is None:
            print(text)
            return
        with atomic_folder(output.parent, overwrite=True) as folder:
            (folder / output.name).write_text(text, encoding="utf-8")
            (folder / output.name).with_suffix(".csv").write_text(comma_separated(measured), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
