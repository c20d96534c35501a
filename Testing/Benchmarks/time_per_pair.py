"""How long the engines take for one pair of volumes on this machine: `make bench`.

The pair is end diastole and end systole of the beating-heart phantom, once as one slice, once as a clinical stack.
`prepare` is done once a pair, `frame` for every time asked for, `with fields` also gives the displacement fields.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from temporal_interp.commands.options import choose_device
from temporal_interp.engines.catalogue import ENGINE_NAMES, create_engine
from temporal_interp.phantom import BeatingHeart, PhantomCine, make_heart_cine, short_axis_slice, short_axis_stack

FRAMES = 3
"""Frames timed; the best is shown, being the least disturbed by other work."""


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def pairs() -> dict[str, PhantomCine]:
    flat, solid = BeatingHeart().in_plane(), BeatingHeart()
    return {
        name: make_heart_cine(heart, geometry, [0.0, heart.end_systole])
        for name, heart, geometry in (
            ("slice", flat, short_axis_slice(flat)),
            ("stack", solid, short_axis_stack(solid)),
        )
    }


def timed(cine: PhantomCine, name: str, device: str) -> list[str]:
    engine, prepared = create_engine(name, device=device), []
    prepare = seconds(lambda: prepared.append(engine.prepare(*cine.sequence.volumes)))
    frame = min(seconds(lambda: prepared[0].at(0.5)) for _ in range(FRAMES))
    with_fields = min(seconds(lambda: prepared[0].at(0.5, fields=True)) for _ in range(FRAMES))
    return [f"{value:.3f}" for value in (prepare, frame, with_fields)]


def main() -> None:
    device = choose_device("auto")
    where = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    console = Console()
    console.print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores", highlight=False)
    console.print(f"Python {platform.python_version()}, torch {torch.__version__}, {device} ({where})", highlight=False)
    table = Table("pair", "voxels (K, J, I)", "engine")
    for heading in ("prepare s", "frame s", "with fields s"):
        table.add_column(heading, justify="right")
    for pair, cine in pairs().items():
        for name in ENGINE_NAMES:
            table.add_row(pair, str(cine.geometry.shape), name, *timed(cine, name, device))
    console.print(table)


if __name__ == "__main__":
    main()
