"""Where a training runs, and how a batch is shared among devices."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException

from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.devices import is_bfloat16_native


@dataclass(frozen=True)
class Hardware:
    """Where a training runs; as Lightning names it.

    Attributes:
        accelerator: "auto", "cpu", "gpu" or "mps".
        devices: number of devices (processes, on a CPU), which must share a batch evenly, or "auto" for as many as do.
        nodes: number of machines; under SLURM as many as were allocated.
        strategy: "auto" or "ddp".
    """

    accelerator: str = "auto"
    devices: str | int = "auto"
    nodes: int = 1
    strategy: str = "auto"

    def sharing(self, batch_size: int) -> Hardware:
        """Return this hardware with a number of devices among which a batch is shared evenly.

        A step always has `batch_size` samples, so that the same settings train the same network on any hardware. With
        "auto", devices that a batch is too small for stay idle, and a warning says so.

        Raises:
            InvalidInputError: there is no such hardware, or the given number of devices cannot share the batch.
        """
        trainer = self.trainer(logger=False, enable_checkpointing=False)
        devices, nodes = trainer.num_devices, trainer.num_nodes
        chosen = devices_for(batch_size, devices, nodes)
        if chosen == devices:
            return self
        if self.devices != "auto" or not chosen:
            raise InvalidInputError(
                f"{nodes * devices} devices cannot share a batch of {batch_size} evenly. Choose a number of devices "
                f"that divides it, or set batch_size to a multiple of {nodes * devices}."
            )
        warnings.warn(
            f"{devices} devices are there and {chosen} used: a step has batch_size samples, {batch_size}, however many "
            f"devices share it. To use all, set batch_size to a multiple of {nodes * devices}.",
            stacklevel=2,
        )
        return replace(self, devices=chosen)

    def trainer(self, **arguments: Any) -> lightning.Trainer:
        """Return Lightning's trainer on this hardware, with further arguments.

        Raises:
            InvalidInputError: there is no such hardware.
        """
        try:
            return lightning.Trainer(
                accelerator=self.accelerator,
                devices=self.devices,
                num_nodes=self.nodes,
                strategy=self.strategy,
                **arguments,
            )
        except (MisconfigurationException, RuntimeError, TypeError, ValueError) as error:
            raise InvalidInputError(f"Nothing can be trained on {self}: {error}") from error

    @property
    def device(self) -> torch.device:
        """The device of one process of it.

        Raises:
            InvalidInputError: there is no such hardware.
        """
        try:
            return lightning.Fabric(accelerator=self.accelerator, devices=1).device
        except (MisconfigurationException, RuntimeError, ValueError) as error:
            raise InvalidInputError(f"Nothing can be computed on {self}: {error}") from error

    def computes_in_bfloat16(self, precision: str) -> bool:
        """Tell whether a training with that precision, "32", "bf16" or "auto", uses mixed precision here."""
        if precision != "auto":
            return precision == "bf16"
        on_gpu = self.accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
        return self.accelerator != "mps" and is_bfloat16_native("cuda" if on_gpu else "cpu")


def devices_for(batch_size: int, devices: int, nodes: int = 1) -> int:
    """Return the largest number of devices a machine, up to `devices`, that share a batch evenly; 0 where none does.

    Example:
        >>> devices_for(1, 4), devices_for(6, 4), devices_for(8, 4, nodes=2), devices_for(1, 4, nodes=2)
        (1, 3, 4, 0)
    """
    return next((count for count in range(devices, 0, -1) if batch_size % (count * nodes) == 0), 0)
