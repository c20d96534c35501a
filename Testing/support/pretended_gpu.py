"""A GPU that is not there: tensors with shapes and a device, but without values, on which every operation is checked.

PyTorch's FakeTensorMode refuses operands on different devices, as a GPU does. Its device is PyTorch's own stand-in for
backends written in Python, since a build without CUDA can neither index nor differentiate tensors of a CUDA device.
The backend is registered once and for all, so use it in a process of its own.

The mode computes every shape on PyTorch's `meta` device. Engines on plain `meta` tensors would therefore say nothing
more, and let more pass: convolutions, linear layers, products of matrices and `gather` take operands of the CPU there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.overrides import TorchFunctionMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from temporal_interp.models import model_file

NAME = "pretended:0"

_IN_PYTHON: dict[Callable, Callable] = {
    Tensor.item: lambda value: value,
    Tensor.__float__: float,
    Tensor.__int__: int,
    Tensor.__index__: int,
    Tensor.__bool__: bool,
}


class _Values(TorchFunctionMode):
    """Answers where a program asks for values, which tensors here have not; and only on the CPU for arrays."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        options = dict(kwargs or {})
        if function in _IN_PYTHON:
            dtype = args[0].dtype
            value = True if dtype == torch.bool else 0.5 if dtype.is_floating_point else 1
            return _IN_PYTHON[function](value)
        if function in (Tensor.numpy, Tensor.__array__):
            return _array(args[0])
        if function in (torch.tensor, torch.as_tensor) and not isinstance(args[0], Tensor):
            device = options.pop("device", "cpu")
            return _on(device, function(*args, **options))
        if function is Tensor.new_tensor:
            options.setdefault("dtype", args[0].dtype)
            return _on(args[0].device, torch.tensor(args[1], **options))
        if function is Tensor.__getitem__:
            where = args[1] if isinstance(args[1], tuple) else (args[1],)
            lists = [_on(args[0].device, torch.tensor(part)) if isinstance(part, list) else part for part in where]
            return function(args[0], tuple(lists))
        return function(*args, **options)


def _on(device: torch.device | str, made: Tensor) -> Tensor:
    """Return a tensor like one that was made of numbers, for whose copy the backend has no memory."""
    return torch.empty(made.shape, dtype=made.dtype, device=device)


def _array(tensor: Tensor) -> np.ndarray:
    if tensor.device.type != "cpu":
        raise TypeError(f"can't convert {tensor.device} tensor to numpy: copy it to the CPU first")
    return np.ones(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


def register() -> None:
    """Make the device known to PyTorch, and let models be read as they are."""
    _setup_privateuseone_for_python_backend(NAME.partition(":")[0])
    nn.Module.to = _moved
    model_file.safe_open = _with_values(model_file.safe_open)


def _moved(module: nn.Module, device: torch.device | str) -> nn.Module:
    """Do what `Module.to` does, which swaps tensors that FakeTensorMode holds on to."""
    for part in module.modules():
        for name, weights in part._parameters.items():
            if weights is not None:
                part._parameters[name] = nn.Parameter(weights.detach().to(device), weights.requires_grad)
        for name, buffer in part._buffers.items():
            part._buffers[name] = buffer if buffer is None else buffer.to(device)
    return module


def _with_values(safe_open: Callable) -> Callable:
    @contextmanager
    def opened(*arguments, **options):
        with safe_open(*arguments, **options) as file:

            def get_tensor(name: str) -> Tensor:
                with unset_fake_temporarily():
                    return file.get_tensor(name)

            yield SimpleNamespace(keys=file.keys, metadata=file.metadata, get_tensor=get_tensor)

    return opened


@contextmanager
def pretended_gpu() -> Iterator[str]:
    """Within it there is a GPU of the name that it gives, which does everything but compute."""
    with FakeTensorMode(allow_non_fake_inputs=True), _Values():
        yield NAME
