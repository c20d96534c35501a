"""Whether the memory suffices for an engine on a sequence, before the work begins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from temporal_interp.engines.registry import EngineSpec, engine_specs
from temporal_interp.errors import OutOfMemoryError
from temporal_interp.memory import free_memory, in_words

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.protocol import Engine

NEEDS_LEAST = "linear_blend"
"""An engine that takes next to nothing."""


def require_room(engine: Engine, sequence: Sequence, frames: int) -> None:
    """Raise OutOfMemoryError if an engine and its result take more memory than there is.

    The message says what it would take, what there is, and what would fit. The memory of a GPU is not looked at:
    engines that fill it go on with the CPU, or tell of it themselves. Nor are engines that declare nothing.

    Args:
        engine: what will work.
        sequence: the frames that it works on.
        frames: number of the frames of the result.
    """
    spec, free = engine_specs().get(engine.name), free_memory()
    if spec is None or free is None:
        return
    voxels, frame = math.prod(sequence.geometry.shape), sequence[0].array.nbytes
    on_gpu = str(getattr(engine, "device", "cpu")).startswith(("cuda", "mps"))
    work, result = 0 if on_gpu else spec.memory.least(voxels), frames * frame
    if work + result <= free:
        return
    size = " x ".join(map(str, sequence.geometry.shape[::-1]))
    needed = f"{frames} frames of {size} voxels by the {spec.in_words} take about {in_words(work + result)} of memory"
    raise OutOfMemoryError(f"{needed}, and {in_words(free)} are free. {_what_fits(spec, free, work, frame, voxels)}")


def _what_fits(spec: EngineSpec, free: int, work: int, frame: int, voxels: int) -> str:
    """Return sentences on what would fit: fewer frames, another engine, smaller images."""
    fewer = (free - work) // frame
    if fewer > 2:
        return f"About {fewer} frames would fit; ask for fewer, or give a smaller region."
    largest = spec.memory.largest(free - 3 * frame)
    smaller = f"Crop the images to about {largest / voxels:.0%} of their voxels, or close other programs."
    if spec.name != NEEDS_LEAST and free // frame > 2:
        return f"The linear blend (--engine {NEEDS_LEAST}) would fit. Or: {smaller[0].lower()}{smaller[1:]}"
    return smaller
