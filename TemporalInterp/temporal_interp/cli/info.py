"""temporal-interp info: the content of a file."""

from __future__ import annotations

from collections import abc
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import ComponentOption, InputArgument, JsonOption, SeriesOption
from temporal_interp.cli.reading import read_input
from temporal_interp.errors import AmbiguousInputError

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.io.candidates import Candidate


class _Intensity(NamedTuple):
    """The lowest and the highest finite voxel of all frames, None if there is none, and how many are not finite."""

    lowest: float | None
    highest: float | None
    not_finite: int


def info(
    input_path: InputArgument,
    series: SeriesOption = None,
    component: ComponentOption = None,
    json: JsonOption = False,
) -> None:
    """Show the content of a file, and the frames that differ most from the first.

    Of a folder of DICOM files that holds several sequences, it lists these.
    """
    from temporal_interp.workflows.phase_selection import farthest_from_first

    console = Console(json)
    try:
        sequence = read_input(input_path, console, series, component)
    except AmbiguousInputError as several:
        _list(several.candidates, input_path, console)
        return
    geometry, intensity, far = sequence.volumes[0].geometry, _intensity(sequence), farthest_from_first(sequence)
    values = {
        "input": input_path,
        "frames": len(sequence),
        "synthetic_frames": sequence.synthetic_frames,
        "size_ijk": geometry.shape[::-1],
        "spacing_mm": geometry.spacing,
        "slice_thickness_mm": sequence.slice_thickness,
        "origin_lps_mm": geometry.origin,
        "scalar_type": str(sequence.volumes[0].array.dtype),
        "intensity": intensity._asdict(),
        "index_name": sequence.index_name,
        "index_unit": sequence.unit,
        "index_values": sequence.times,
        "period": sequence.period,
        "farthest_from_first": far,
        "notes": sequence.notes,
    }
    lines = [f"{name + ':':<12}{value}" for name, value in _lines(sequence, intensity, far).items()]
    lines += [f"Note: {note}" for note in sequence.notes]
    if far:
        lines.append(f"Try: temporal-interp interpolate {input_path} -o OUT.seq.nrrd --from 0 --to {far[0]} --count 5")
    console.result(values, *lines)


def _list(candidates: abc.Sequence[Candidate], path: Path, console: Console) -> None:
    """Show several sequences, of which one is to be chosen."""
    from rich.table import Table

    from temporal_interp.io.candidates import COLUMNS, row

    table = Table(*COLUMNS, title=f"{len(candidates)} sequences")
    for one in candidates:
        table.add_row(*row(one))
    first = candidates[0]
    console.result(
        {"input": path, "candidates": [one.as_json() for one in candidates]},
        table,
        f"Try: temporal-interp info {path} --series {first.number}",
    )


def _lines(sequence: Sequence, intensity: _Intensity, farthest: list[int]) -> dict[str, str]:
    """Return what a person wants to know of a sequence, line by line."""
    from temporal_interp.data.time_text import time_text

    unit, first = sequence.unit, sequence.volumes[0]
    index = [time_text(value) for value in sequence.times]
    shown = ", ".join(index if len(index) <= 12 else [*index[:5], "...", *index[-2:]])
    thickness = "" if sequence.slice_thickness is None else f"; a slice shows {sequence.slice_thickness:g} mm"
    loop = "" if sequence.period is None else f"; a loop of {sequence.with_unit(sequence.period)}"
    lines = {
        "Frames": f"{len(sequence)}, numbered from 0; {_counted(sequence.synthetic_frames)} synthetic",
        "Size": " x ".join(map(str, first.geometry.shape[::-1])) + " voxels (columns x rows x slices)",
        "Spacing": " x ".join(f"{spacing:g}" for spacing in first.geometry.spacing) + " mm" + thickness,
        "Intensity": _intensity_in_words(intensity, str(first.array.dtype)),
        sequence.index_name.capitalize() or "Index": f"{shown} {unit}".rstrip() + loop,
    }
    if farthest:
        far = [f"{number} ({index[number]} {unit}".rstrip() + ")" for number in farthest]
        lines["Farthest"] = f"from frame 0 is frame {', then '.join(far)}"
    return lines


def _counted(numbers: list[int]) -> str:
    return f"{len(numbers)} ({', '.join(map(str, numbers))})" if numbers else "none"


def _intensity(sequence: Sequence) -> _Intensity:
    import numpy as np

    finite = [volume.array[np.isfinite(volume.array)] for volume in sequence.volumes]
    return _Intensity(
        lowest=min((float(values.min()) for values in finite if values.size), default=None),
        highest=max((float(values.max()) for values in finite if values.size), default=None),
        not_finite=sum(volume.array.size for volume in sequence.volumes) - sum(values.size for values in finite),
    )


def _intensity_in_words(intensity: _Intensity, scalar_type: str) -> str:
    if intensity.lowest is None:
        return f"no voxel is a finite number, {scalar_type}"
    words = f"{intensity.lowest:g} to {intensity.highest:g}, {scalar_type}"
    return words + (f"; {intensity.not_finite} voxels are NaN or infinite" if intensity.not_finite else "")
