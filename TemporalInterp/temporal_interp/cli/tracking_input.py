"""Prepares a sequence for tracking: removes what is not image, and reads the mask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from temporal_interp.data.sequence import Sequence


def ready_to_track(sequence: Sequence, mask: Path | None) -> tuple[Sequence, np.ndarray | None]:
    """Return the sequence without the text around an ultrasound picture, and the mask, or None for everywhere.

    The notes of the sequence say what was removed.

    Raises:
        InvalidInputError: the mask cannot be read, or is empty on the grid of the sequence.
    """
    from temporal_interp.io import read_mask
    from temporal_interp.tracking.sector import scan_sector, without_surround

    region = None if mask is None else read_mask(mask, sequence.volumes[0].geometry)
    sector = scan_sector(sequence)
    if sector is None:
        return sequence, region
    return without_surround(sequence, sector), sector if region is None else region
