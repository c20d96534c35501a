"""The memory that each operation takes for frames of several sizes, beside what the program estimates before the work.

    python Testing/Benchmarks/memory.py                     some minutes
    python Testing/Benchmarks/memory.py --check             fails where more is taken than was estimated

Every measurement is a process of its own, which imports everything first; what it takes beyond that is the work's.
The estimates are `EngineSpec.memory`, `VelocitySettings.memory` and the like.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import typer
from scipy import ndimage

from comparison.memory import peak_gb
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence as Frames
from temporal_interp.data.volume import Volume
from temporal_interp.engines.registry import create_engine, engine_specs
from temporal_interp.registration.register import default_settings, register
from temporal_interp.slices.motion import MEMORY as MEMORY_OF_SLICES
from temporal_interp.slices.motion import move_slices
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.track import bytes_beside, footprint_of, track
from temporal_interp.workflows.interpolation import interpolate

SHAPES = ((8, 96, 96), (16, 128, 128))
LARGE_SHAPES = (*SHAPES, (32, 128, 128), (48, 192, 192))
FRAMES = 3
SPARE_GB = 0.2
"""What libraries take when they are first used, whatever the size of the frames: buffers, threads, compiled kernels."""


def frames_of(shape: tuple[int, int, int]) -> Frames:
    """Return frames of a smooth texture that moves through the plane."""
    texture = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=shape), (0.7, 2, 2))
    texture = 1000 + 300 * texture / texture.std()
    geometry = Geometry(shape, (1.5, 1.5, 3.0))
    moved = (ndimage.shift(texture, (0, n, n / 2), order=1, mode="nearest") for n in range(FRAMES))
    return Frames(
        [Volume(one.astype(np.int16), geometry) for one in moved], [100.0 * n for n in range(FRAMES)], "time", "ms"
    )


def _interpolated(engine: str) -> tuple[Callable[[Frames], object], Callable[[int], float]]:
    return (
        lambda frames: interpolate(frames, between=(0, 1), count=1, engine=create_engine(engine)),
        lambda voxels: engine_specs()[engine].memory.of(voxels) + 3 * 2 * voxels,
    )


OPERATIONS: dict[str, tuple[Callable[[Frames], object], Callable[[int], float]]] = {
    "linear_blend": _interpolated("linear_blend"),
    "student": _interpolated("student"),
    "velocity_field": _interpolated("velocity_field"),
    "register": (
        lambda frames: register(frames[0], frames[1]),
        lambda voxels: default_settings(False).memory.of(voxels),
    ),
    "track": (
        track,
        lambda voxels: footprint_of(TrackingSettings()).of(voxels) + bytes_beside(TrackingSettings(), FRAMES, voxels),
    ),
    "slices": (
        lambda frames: move_slices(frames, 2),
        lambda voxels: MEMORY_OF_SLICES.of(FRAMES * voxels) + 2 * 2 * FRAMES * voxels,
    ),
}
"""What is done with the frames, and the bytes that are estimated for frames of a number of voxels."""


def measured(operation: str, shape: tuple[int, int, int]) -> float:
    """Return the GB that an operation takes beyond its imports, in this process."""
    frames, before = frames_of(shape), peak_gb()
    OPERATIONS[operation][0](frames)
    after = peak_gb()
    if before is None or after is None:
        raise typer.BadParameter("This system does not tell the peak memory of a process.")
    return after - before


def main(
    operations: Annotated[str, typer.Option(metavar="NAME,NAME", help="Default: all.")] = ",".join(OPERATIONS),
    large: Annotated[bool, typer.Option("--large", help="Larger volumes, too: an hour.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail where an estimate is too low.")] = False,
    one: Annotated[str, typer.Option(hidden=True, help="Measure this shape in this process.")] = "",
) -> None:
    """Measure the memory of every operation."""
    if one:
        print(measured(operations, tuple(map(int, one.split("x")))))  # type: ignore[arg-type] # three numbers
        return
    too_low = []
    print(f"| operation | voxels | taken, GB | estimated, GB |\n|{'---|' * 4}")
    for operation in operations.split(","):
        for shape in LARGE_SHAPES if large else SHAPES:
            size = "x".join(map(str, shape))
            taken = float(_in_a_process([operation, size]))
            estimated = OPERATIONS[operation][1](math.prod(shape)) / 1e9
            print(f"| {operation} | {size} | {taken:.2f} | {estimated:.2f} |", flush=True)
            if taken > estimated + SPARE_GB:
                too_low.append(f"{operation}, {size}")
    if check and too_low:
        typer.echo(f"More was taken than estimated: {'; '.join(too_low)}", err=True)
        raise typer.Exit(1)


def _in_a_process(what: Sequence[str]) -> str:
    operation, size = what
    command = [sys.executable, __file__, "--operations", operation, "--one", size]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]


if __name__ == "__main__":
    typer.run(main)
