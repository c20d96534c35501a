"""Scores engines on acquired frames that are hidden from them."""

from __future__ import annotations

from collections import abc

from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.choice import engine_for
from temporal_interp.engines.protocol import Engine
from temporal_interp.engines.registry import AUTO
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.evaluation import hold_out
from temporal_interp.evaluation.evaluate import Evaluation
from temporal_interp.evaluation.evaluate import evaluate as evaluate_held_out


def evaluate(
    sequence: Sequence,
    *,
    every: int | None = None,
    between: tuple[int, int] | None = None,
    cyclic: bool | None = None,
    engines: abc.Sequence[str | Engine] = (AUTO, "linear_blend"),
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Evaluation:
    """Hide acquired frames, predict them with every engine and with the nearest frame, and score them.

    Give either `every` or `between`.

    Args:
        sequence: acquired frames, three or more.
        every: keep every n-th frame and hide the others.
        between: hide the frames strictly between two, such as end-diastole and end-systole, given by number.
        cyclic: whether the sequence is a loop, in which frames are also predicted between the last kept one and the
            first, and its end lies before its beginning; None takes it as it is, see `Sequence.as_cyclic`.
        engines: names of engines, see `create_engine`, "auto" for the one that `choose_engine` takes, or engines.
        device: "cpu", "cuda", "cuda:1" or "mps", for engines given by name.
        progress: receives the progress; may raise CancelledError.

    Returns:
        `rows` has the measures of every hidden frame and engine, such as "psnr", "ssim" and "psnr_moving".

    Raises:
        InvalidInputError: the input cannot be evaluated; the message says why.

    Example:
        >>> import numpy as np
        >>> cine = Sequence.from_numpy(np.random.rand(5, 1, 16, 16), times=range(5))
        >>> evaluation = evaluate(cine, every=2, engines=["linear_blend"])
        >>> [(row.engine, row.frame) for row in evaluation.rows]
        [('nearest_endpoint', 1), ('nearest_endpoint', 3), ('linear_blend', 1), ('linear_blend', 3)]
    """
    if (every is None) == (between is None):
        raise InvalidInputError("Give either every or between, to say which frames to hide.")
    chosen = [engine_for(engine, sequence, device=device) for engine in engines]
    sequence = sequence.as_cyclic(cyclic)
    held_out = hold_out.between(sequence, *between) if between is not None else hold_out.every(sequence, every or 0)
    return evaluate_held_out(sequence, held_out, chosen, progress=progress)
