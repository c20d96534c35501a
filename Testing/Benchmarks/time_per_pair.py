"""How long the engines take for one pair of volumes on this machine: `make bench`.

The pair is end diastole and end systole of the beating-heart phantom: one slice, a clinical stack, and a volume. Where
the box that moves is smaller than the image, the student looks at that alone. `prepare` is done once a pair, `frame`
for every time asked for, `with fields` also gives the displacement fields, `8 at once` is the share of the time of
eight single frames that eight frames asked for together take. Before the table: a new process that reads the default
model and makes one frame, all included.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from temporal_interp.devices import choose_device
from temporal_interp.engines.catalogue import available_engine_names, create_engine
from temporal_interp.phantom import BeatingHeart, PhantomCine, make_heart_cine, short_axis_slice, short_axis_stack

FROM_NOTHING = """
import numpy
from temporal_interp.engines.catalogue import available_engine_names, create_engine
from temporal_interp.volumes import Geometry, Volume
grid = Geometry((1, 128, 128), (1.5, 1.5, 8.0))
pair = [Volume(numpy.random.default_rng(n).random(grid.shape, dtype="float32"), grid) for n in range(2)]
create_engine(available_engine_names()[0]).prepare(*pair).at(0.5)
"""

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
            ("volume", solid, short_axis_stack(solid, shape=(32, 128, 128), spacing_mm=(1.5, 1.5, 3.5))),
        )
    }


def timed(cine: PhantomCine, name: str, device: str) -> list[str]:
    engine, prepared = create_engine(name, device=device), []
    prepare = seconds(lambda: prepared.append(engine.prepare(*cine.sequence.volumes)))
    frame = min(seconds(lambda: prepared[0].at(0.5)) for _ in range(FRAMES))
    with_fields = min(seconds(lambda: prepared[0].at(0.5, fields=True)) for _ in range(FRAMES))
    row = [f"{value:.3f}" for value in (prepare, frame, with_fields)]
    if not hasattr(prepared[0], "at_many"):
        return [*row, ""]
    times = [n / 9 for n in range(1, 9)]
    together = min(seconds(lambda: prepared[0].at_many(times)) for _ in range(FRAMES))
    return [*row, f"{together / (8 * frame):.2f}"]


def main() -> None:
    device = choose_device("auto")
    where = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    console = Console()
    console.print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores", highlight=False)
    console.print(f"Python {platform.python_version()}, torch {torch.__version__}, {device} ({where})", highlight=False)
    start = seconds(lambda: subprocess.run([sys.executable, "-c", FROM_NOTHING], check=True))
    console.print(f"From nothing to the first frame of one slice: {start:.1f} s", highlight=False)
    table = Table("pair", "voxels (K, J, I)", "engine")
    for heading in ("prepare s", "frame s", "with fields s", "8 at once"):
        table.add_column(heading, justify="right")
    for pair, cine in pairs().items():
        for name in available_engine_names():
            table.add_row(pair, str(cine.geometry.shape), name, *timed(cine, name, device))
    console.print(table)


if __name__ == "__main__":
    main()
