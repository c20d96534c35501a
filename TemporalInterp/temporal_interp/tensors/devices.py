"""Where to compute."""

from __future__ import annotations

from collections.abc import Callable

from temporal_interp.errors import InvalidInputError


def choose_device(name: str) -> str:
    """Return the PyTorch device of that name; "auto" is the NVIDIA GPU if there is one, else the CPU.

    Raises:
        InvalidInputError: the name is unknown or the machine has no such device.

    Example:
        >>> choose_device("cpu")
        'cpu'
    """
    import torch

    kind = name.partition(":")[0]
    available: dict[str, Callable[[], bool]] = {
        "cpu": lambda: True,
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if kind not in available:
        raise InvalidInputError(f"There is no device '{name}'; choose auto, cpu, cuda or mps.")
    if not available[kind]():
        raise InvalidInputError(f"PyTorch finds no {kind} device on this machine; choose auto or cpu.")
    return name


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
