"""Tracking of all pairs of a sequence, by NMSR or as the command `track` does it, as a method of the table."""

from __future__ import annotations

import time
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress
from temporal_interp.evaluation.pairwise_methods import Tracked
from temporal_interp.tracking.motion import SequenceMotion
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.track import track

OURS = ("one_scale", "nmsr", "nmsr_v", "nmsr_vi", "track")
"""The plain baseline, one network on the frames as they are, for as much work as all scales; fresh weights at each of
four scales; each scale from given weights; each scale from the weights of the coarser one; all with the settings that
make frames most similar. Last, `temporal-interp track` with its defaults, which follow tissue more smoothly."""

PAPER = "_paper"
"""Ends the names of the rows of NMSR's Table 1 with the settings of the paper, which take hours without a GPU."""

NAMES = (*OURS, *(name + PAPER for name in OURS[:-1]))
START_NEEDED = ("nmsr_v", "nmsr_v" + PAPER)
"""Those that start from given weights."""


@dataclass(frozen=True)
class Nmsr:
    """Tracks the whole sequence, whichever pairs are scored, both ways; the time of a pair is its share of that.

    Attributes:
        name: one of NAMES.
        device: where to compute.
        start_from: weights of a network, for those in START_NEEDED; the others ignore them.
    """

    name: str
    device: str = "cpu"
    start_from: Mapping[str, torch.Tensor] | None = None

    def track(
        self, sequence: Sequence, pairs: abc.Sequence[int], *, mask: np.ndarray | None, progress: Progress
    ) -> list[Tracked]:
        """Return a row for every scale of NMSR; each includes the time of the coarser ones, on which it builds."""
        rows = []
        settings = self.settings(sequence)
        start = time.perf_counter()

        def keep(scale: int, motion: SequenceMotion) -> None:
            seconds = time.perf_counter() - start
            fields = {n: motion.backward[n] for n in pairs}
            rows.append(Tracked(self._label(scale, settings), fields, seconds / (len(sequence) - 1)))

        def report(fraction: float, message: str) -> None:
            progress(fraction, f"{self.name}: {message}")

        given = self.start_from if self.name in START_NEEDED else None
        track(sequence, settings, mask=mask, start_from=given, device=self.device, on_scale=keep, progress=report)
        return rows

    def settings(self, sequence: Sequence) -> TrackingSettings:
        """Return the settings for a sequence: without the refinement, which changes nothing between neighbours."""
        if self.name == "track":
            return replace(TrackingSettings(), refinement=())
        settings = TrackingSettings.paper() if self.name.endswith(PAPER) else TrackingSettings.most_similar()
        kind = self.name.removesuffix(PAPER)
        settings = replace(settings, inherit=kind == "nmsr_vi")
        if kind != "one_scale":
            return settings
        if self.name.endswith(PAPER):  # 3500 steps, as at every scale
            return replace(settings, scales=(1,), passes=(1,))
        in_plane = sequence.slices_are_independent
        return settings.one_scale(dimensions=2 if in_plane else 3)

    def _label(self, scale: int, settings: TrackingSettings) -> str:
        """Return the name as the paper's table has it, with the scale where there are several."""
        if len(settings.scales) == 1 or settings.method != "nmsr":
            return self.name
        return f"{self.name} (1/{scale})" if scale > 1 else f"{self.name} (1)"
