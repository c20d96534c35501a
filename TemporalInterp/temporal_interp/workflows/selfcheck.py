"""Compares every engine on a device with the same engine on the CPU, and measures time and memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from temporal_interp.engines.registry import create_engine
from temporal_interp.errors import Progress, no_progress

if TYPE_CHECKING:
    from temporal_interp.data.frame import Frame
    from temporal_interp.data.sequence import Sequence as Frames
    from temporal_interp.engines.protocol import PreparedSequence

Answer = TypeVar("Answer")

SHAPE = (32, 128, 128)
"""(K, J, I) of the volume that engines are compared on, as in the benchmark."""

INSTANTS = 8
"""Instants that are asked for at once."""

AGREES = 0.005
"""Frames agree where they differ by no more than this share of the intensity range in the mean. Devices round in other
ways, and a fit takes other steps then, so that they never agree to the last digit (our choice)."""


@dataclass(frozen=True)
class EngineCheck:
    """An engine on a device, compared with the CPU.

    Attributes:
        engine: name.
        difference: mean difference of a frame from that of the CPU, as a share of the intensity range.
        prepare_s: seconds to prepare a gap.
        one_s: seconds for one instant, the gap prepared.
        eight_s: seconds for `INSTANTS` instants, likewise.
        cpu_s: seconds of the CPU for a gap and one instant, 0 where the device is the CPU.
        memory_mb: the most memory of the device that PyTorch took, in 10^6 bytes; None where it does not tell.
    """

    engine: str
    difference: float
    prepare_s: float
    one_s: float
    eight_s: float
    cpu_s: float
    memory_mb: float | None

    @property
    def agrees(self) -> bool:
        """Whether the device gives what the CPU gives."""
        return self.difference <= AGREES


def selfcheck(
    device: str,
    engines: Sequence[str],
    *,
    shape: tuple[int, int, int] = SHAPE,
    progress: Progress = no_progress,
) -> Iterator[EngineCheck]:
    """Yield the check of one engine after the other, on the drawn heart between end-diastole and end-systole.

    Args:
        device: as PyTorch names it: "cpu", "cuda", "mps".
        engines: names of engines.
        shape: (K, J, I) of the volume.
        progress: receives the progress; may raise CancelledError to stop.
    """
    frames = _beating_heart(shape)
    _prepared(engines[0], device, frames).at(frames.times[1])  # PyTorch and the device start up with the first work
    for number, name in enumerate(engines):
        progress(number / len(engines), f"checking {name.replace('_', ' ')}")
        yield _checked(name, device, frames)
    progress(1.0, "checked")


def _beating_heart(shape: tuple[int, int, int]) -> Frames:
    """Return a drawn heart on its way from end-diastole to end-systole, with a frame on either side of that gap."""
    from temporal_interp.simulation import Acquisition, BeatingHeart, make_heart_cine, short_axis_stack

    heart = BeatingHeart()
    geometry = short_axis_stack(heart, shape=shape, spacing_mm=(1.5, 1.5, 3.0))
    return make_heart_cine(heart, geometry, (0.0, 0.08, 0.35, 0.45), acquisition=Acquisition(snr=35.0)).sequence


def _checked(name: str, device: str, frames: Frames) -> EngineCheck:
    start, stop = frames.times[1:3]
    instants = [start + (stop - start) * (n + 1) / (INSTANTS + 1) for n in range(INSTANTS)]
    middle = instants[INSTANTS // 2]
    _reset_memory(device)
    prepared, prepare_s = _timed(lambda: _prepared(name, device, frames), device)
    frame, one_s = _timed(lambda: prepared.at(middle), device)
    _, eight_s = _timed(lambda: prepared.at(instants), device)
    memory = _memory_mb(device)
    if device == "cpu":
        return EngineCheck(name, 0.0, prepare_s, one_s, eight_s, 0.0, memory)
    reference, cpu_s = _timed(lambda: _prepared(name, "cpu", frames).at(middle), "cpu")
    return EngineCheck(name, _difference(frame, reference), prepare_s, one_s, eight_s, cpu_s, memory)


def _prepared(name: str, device: str, frames: Frames) -> PreparedSequence:
    prepared = create_engine(name, device=device).prepare(frames)
    prepared.prepare_gap(1)
    return prepared


def _difference(frame: Frame, reference: Frame) -> float:
    ours, theirs = (made.volume.array.astype(np.float64) for made in (frame, reference))
    return float(np.abs(ours - theirs).mean() / max(np.ptp(theirs), 1e-12))


def _timed(work: Callable[[], Answer], device: str) -> tuple[Answer, float]:
    """Return a result, and the seconds until the device has finished it."""
    started = time.perf_counter()
    result = work()
    _wait_for(device)
    return result, time.perf_counter() - started


def _wait_for(device: str) -> None:
    import torch

    kind = device.partition(":")[0]
    if kind == "cuda":
        torch.cuda.synchronize(device)
    elif kind == "mps":
        torch.mps.synchronize()


def _reset_memory(device: str) -> None:
    import torch

    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def _memory_mb(device: str) -> float | None:
    import torch

    return torch.cuda.max_memory_allocated(device) / 1e6 if device.startswith("cuda") else None
