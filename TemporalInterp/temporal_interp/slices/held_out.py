"""What exists, hidden and made again: how much networks gain on motion, and when they no longer do.

Hidden slices cannot tell it: they lie twice as far from each other as those that are wanted, and there networks know
little. Rows and columns are about as close as slices should become.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from temporal_interp.slices.add_slices import fused_views
from temporal_interp.slices.sub_volumes import Guided
from temporal_interp.slices.synthesis_model import SliceSynthesis


class HeldOut:
    """Parts of volumes of which all but every r-th slice were hidden.

    Args:
        parts: see `guides.guided_along`; one or more.
    """

    def __init__(self, parts: Sequence[Guided]) -> None:
        self.parts = parts

    def judge(self, model: SliceSynthesis) -> tuple[float, float]:
        """Return the mean squared error left by the best share of a model's correction, over that of motion; and that
        share, from 0 to 1.

        1 and 0 say that the model knows nothing that motion does not.
        """
        share_of_model = float(model.share)
        model.share.fill_(1.0)
        before = explained = changed = 0.0
        for part in self.parts:
            made = fused_views(np.ascontiguousarray(part.seen[:: model.factor]), model, guide=part.guide)
            hidden = np.arange(len(part.fine)) % model.factor != 0
            change = (made - part.guide[0])[hidden].astype(np.float64)
            error = (part.fine - part.guide[0])[hidden]
            before += float((error**2).sum())
            explained += float((change * error).sum())
            changed += float((change**2).sum())
        model.share.fill_(share_of_model)
        share = float(np.clip(explained / changed, 0.0, 1.0)) if changed else 0.0
        left = before - 2 * share * explained + share**2 * changed
        return (left / before if before else 1.0), share
