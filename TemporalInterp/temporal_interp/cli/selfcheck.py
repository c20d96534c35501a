"""temporal-interp selfcheck: does this device give what the CPU gives, and how fast is it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import DeviceOption, JsonOption
from temporal_interp.tensors.devices import choose_device

if TYPE_CHECKING:
    from temporal_interp.workflows.selfcheck import EngineCheck


def selfcheck(
    device: DeviceOption = "auto",
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", metavar="NAME", help="Engine to check; may be repeated. Default: all of them."),
    ] = None,
    small: Annotated[bool, typer.Option("--small", help="Check on 8 x 64 x 64 voxels, not 32 x 128 x 128.")] = False,
    json: JsonOption = False,
) -> None:
    """Compare every engine on a device with the CPU; show the time of one and of eight instants, and the memory."""
    from dataclasses import asdict

    from rich.table import Table

    from temporal_interp.engines.registry import available_engine_names
    from temporal_interp.errors import TemporalInterpError
    from temporal_interp.workflows.selfcheck import SHAPE, selfcheck

    console, where = Console(json), choose_device(device)
    shape = (8, 64, 64) if small else SHAPE
    with console.progress("Check") as progress:
        checks = list(selfcheck(where, engine or available_engine_names(), shape=shape, progress=progress))

    table = Table(title=f"{_name_of(where)}, {' x '.join(map(str, shape))} voxels")
    columns = _columns(checks, on_cpu=where == "cpu")
    for heading in columns:
        table.add_column(heading, no_wrap=heading == "engine")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    console.result({"device": where, "shape_kji": shape, "engines": [asdict(check) for check in checks]}, table)
    wrong = [check.engine for check in checks if not check.agrees]
    if wrong:
        raise TemporalInterpError(
            f"On {where}, {', '.join(wrong)} gives other frames than on the CPU. Use --device cpu, and report it."
        )


def _columns(checks: Sequence[EngineCheck], *, on_cpu: bool) -> dict[str, list[str]]:
    """Return the cells under every heading; the CPU is compared with nothing, and PyTorch does not tell its memory."""
    columns = {
        "engine": [check.engine for check in checks],
        "prepared, s": [f"{check.prepare_s:.2f}" for check in checks],
        "one instant": [f"{check.one_s:.2f}" for check in checks],
        "eight": [f"{check.eight_s:.2f}" for check in checks],
    }
    if on_cpu:
        return columns
    memory = ["?" if check.memory_mb is None else f"{check.memory_mb:.0f}" for check in checks]
    return columns | {
        "CPU: prepared and one": [f"{check.cpu_s:.2f}" for check in checks],
        "memory, MB": memory,
        "differs from the CPU": [f"{check.difference:.3%}{'' if check.agrees else ', too much'}" for check in checks],
    }


def _name_of(device: str) -> str:
    import torch

    if device.startswith("cuda"):
        return f"{device}: {torch.cuda.get_device_name(device)}, PyTorch {torch.__version__}"
    return f"{device}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
