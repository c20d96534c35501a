"""Devices share a batch; they never change it."""

import warnings
from types import SimpleNamespace

import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.training.hardware import Hardware, devices_for


@pytest.fixture
def machine(monkeypatch):
    """Function that makes Lightning find so many devices and machines."""

    def found(devices, nodes=1):
        trainer = SimpleNamespace(num_devices=devices, num_nodes=nodes)
        monkeypatch.setattr("temporal_interp.training.hardware.lightning.Trainer", lambda **_: trainer)

    return found


@pytest.mark.parametrize(("batch", "devices"), [(1, 1), (4, 4), (8, 4)])
@pytest.mark.parametrize("given", ["auto", "2,3"])
def test_a_batch_that_can_be_shared_uses_all_devices_without_a_word(machine, batch, devices, given):
    machine(devices)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Hardware("gpu", given).sharing(batch) == Hardware("gpu", given)


@pytest.mark.parametrize(("batch", "devices", "used"), [(1, 4, 1), (6, 4, 3), (2, 8, 2)])
def test_auto_leaves_devices_idle_rather_than_multiply_the_batch_and_says_so(machine, batch, devices, used):
    machine(devices)
    told = (
        f"{devices} devices are there and {used} used: a step has batch_size samples, {batch}, .* multiple of {devices}"
    )
    with pytest.warns(UserWarning, match=told):
        assert Hardware("gpu").sharing(batch).devices == used


def test_a_number_of_devices_that_cannot_share_the_batch_is_refused(machine):
    machine(4)
    with pytest.raises(InvalidInputError, match=r"4 devices cannot share a batch of 2 evenly.*multiple of 4"):
        Hardware("gpu", devices=4).sharing(2)
    machine(2, nodes=2)
    with pytest.raises(InvalidInputError, match=r"4 devices cannot share a batch of 1"):
        Hardware("gpu", nodes=2).sharing(1)


def test_machines_count_too():
    assert [devices_for(batch, 4, nodes=2) for batch in (1, 2, 4, 6, 8, 16)] == [0, 1, 2, 3, 4, 4]


@pytest.mark.parametrize("native", [True, False])
def test_auto_is_mixed_precision_where_the_device_computes_it(monkeypatch, native):
    asked = []
    monkeypatch.setattr(
        "temporal_interp.training.hardware.is_bfloat16_native", lambda device: asked.append(device) or native
    )
    assert Hardware("cpu").computes_in_bfloat16("auto") is native
    assert asked == ["cpu"]
    assert Hardware("cpu").computes_in_bfloat16("bf16")
    assert not Hardware("cpu").computes_in_bfloat16("32")
    assert not Hardware("mps").computes_in_bfloat16("auto")
