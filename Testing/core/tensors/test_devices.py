"""Devices by name, and their memory."""

from types import SimpleNamespace

import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.memory import total_memory
from temporal_interp.tensors import devices


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that there is an NVIDIA GPU with 8 GB, of which 3 are free."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=8 * 10**9))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * 10**9, 8 * 10**9))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)


def test_a_gpu_is_taken_where_there_is_one(gpu):
    assert devices.choose_device("auto") == "cuda"
    assert devices.choose_device("cuda:1") == "cuda:1"
    assert (devices.memory_of("cuda"), devices.free_memory_of("cuda")) == (8 * 10**9, 3 * 10**9)
    assert devices.is_bfloat16_native("cuda")


def test_without_one_the_processor_computes(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_device("auto") == "cpu"
    assert devices.memory_of("cpu") == total_memory()
    assert not devices.is_bfloat16_native("meta")
    with pytest.raises(InvalidInputError, match="no cuda device"):
        devices.choose_device("cuda:0")
    with pytest.raises(InvalidInputError, match="no device 'abacus'"):
        devices.choose_device("abacus")
