"""Where to compute."""

from __future__ import annotations

import sys
from collections.abc import Callable

from temporal_interp.errors import InvalidInputError
from temporal_interp.memory import free_memory, require_memory, total_memory

TORCH_BYTES = 550e6
"""Of addresses that PyTorch takes when it is imported, without a GPU (measured)."""


def available_devices() -> list[str]:
    """Return the kinds of devices that this machine has, as PyTorch names them: "cpu" and those that are quicker.

    Example:
        >>> available_devices()[0]
        'cpu'
    """
    return [kind for kind, is_there in _kinds().items() if is_there()]


def _kinds() -> dict[str, Callable[[], bool]]:
    if "torch" not in sys.modules:  # it would end the program where it cannot be loaded
        require_memory(TORCH_BYTES, "The libraries of the program")
    import torch

    return {"cpu": lambda: True, "cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}


def choose_device(name: str) -> str:
    """Return the PyTorch device of that name; "auto" is the NVIDIA GPU if there is one, else the CPU.

    Raises:
        InvalidInputError: the name is unknown or the machine has no such device.

    Example:
        >>> choose_device("cpu")
        'cpu'
    """
    kind = name.partition(":")[0]
    available = _kinds()
    if name == "auto":
        return "cuda" if available["cuda"]() else "cpu"
    if kind not in available:
        raise InvalidInputError(f"There is no device '{name}'; choose auto, cpu, cuda or mps.")
    if not available[kind]():
        raise InvalidInputError(f"PyTorch finds no {kind} device on this machine; choose auto or cpu.")
    return name


def memory_of(device: str) -> int | None:
    """Return the bytes of memory of a device as PyTorch names it, None where the system does not tell.

    That of an Apple GPU is that of the computer.
    """
    if not device.startswith("cuda"):
        return total_memory()
    import torch

    return int(torch.cuda.get_device_properties(device).total_memory)


def free_memory_of(device: str) -> int | None:
    """Return the bytes that can still be taken of the memory of a device; see `memory_of`."""
    if not device.startswith("cuda"):
        return free_memory()
    import torch

    return int(torch.cuda.mem_get_info(device)[0])


def is_bfloat16_native(device: str) -> bool:
    """Tell whether a device multiplies bfloat16 in hardware, so that it is faster than float32."""
    import torch

    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if kind == "cpu":
        known = torch.cpu.get_capabilities()
        return any(known.get(instructions, False) for instructions in ("amx_bf16", "avx512_bf16"))
    return False
