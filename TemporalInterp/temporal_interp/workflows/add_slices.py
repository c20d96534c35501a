"""Slices between the slices of a volume, or of every frame of a sequence."""

from __future__ import annotations

from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import Progress, no_progress
from temporal_interp.slices.choices import Quality
from temporal_interp.slices.quality import with_closer_slices


def add_slices(
    images: Volume | Sequence,
    factor: int = 2,
    *,
    fitted: bool = False,
    keep_acquired: bool = True,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> Sequence:
    """Return images whose slices are `factor` times closer: tissue moves from slice to slice.

    Args:
        images: volumes of two slices or more.
        factor: 2, 3 or 4.
        fitted: networks (cross-view mutual distillation) learn from these images what motion leaves over, and correct
            it, which takes minutes.
        keep_acquired: leave acquired slices as they are, bit for bit; only networks can make them anew.
        device: "cpu", "cuda", "cuda:1" or "mps".
        progress: receives the progress; may raise CancelledError.

    Returns:
        A sequence, of one frame for a volume; the attributes of every frame say which slices are synthetic.

    Raises:
        InvalidInputError: the factor is not 2, 3 or 4, a volume has one slice, synthetic slices or shows nothing,
            or the volumes are too small to learn from.

    Example:
        >>> import numpy as np
        >>> stack = Sequence.from_numpy(np.random.rand(1, 4, 24, 24), spacing=(1.0, 1.0, 4.0))
        >>> finer = add_slices(stack, factor=2)
        >>> finer.geometry.shape, finer.geometry.spacing
        ((7, 24, 24), (1.0, 1.0, 2.0))
    """
    sequence = Sequence([images], [0.0], "frame", "") if isinstance(images, Volume) else images
    quality = Quality.FITTED if fitted else Quality.QUICK
    return with_closer_slices(sequence, factor, quality, device=device, keep_acquired=keep_acquired, progress=progress)
