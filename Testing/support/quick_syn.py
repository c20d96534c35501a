"""SyN that takes a moment, where antspyx is installed."""

import pytest

from temporal_interp.evaluation import pairwise_syn


def quick_syn():
    if not pairwise_syn.is_available():
        pytest.skip("antspyx is not installed")
    return pairwise_syn.syn({**pairwise_syn.PAPER, "reg_iterations": (40, 20, 10, 0)})
