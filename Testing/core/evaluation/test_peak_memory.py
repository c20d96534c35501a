"""The memory of a piece of work, where the system tells it."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from temporal_interp.evaluation import peak_memory
from temporal_interp.evaluation.peak_memory import with_peak_memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of resident memory")
def test_a_large_array_is_seen_even_if_it_is_gone_at_the_end():
    result, grown = with_peak_memory(lambda: float(np.ones(30_000_000).sum()))
    assert result == 30_000_000
    assert 0.8 * 240e6 < grown < 1.5 * 240e6


def test_where_the_peak_cannot_be_reset_it_is_not_known(monkeypatch, tmp_path):
    monkeypatch.setattr(peak_memory, "CLEAR", tmp_path / "none" / "clear")
    assert with_peak_memory(lambda: 7) == (7, None)


def test_that_of_a_gpu_is_what_pytorch_holds_there(monkeypatch):
    import torch

    cuda = SimpleNamespace(
        reset_peak_memory_stats=lambda device: None,
        memory_allocated=lambda device: 100,
        max_memory_allocated=lambda device: 350,
    )
    monkeypatch.setattr(torch, "cuda", cuda)
    assert with_peak_memory(lambda: "done", "cuda:0") == ("done", 250.0)
