"""temporal-interp info: the content of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from temporal_interp.cli.console import Console
from temporal_interp.cli.options import InputArgument, JsonOption

if TYPE_CHECKING:
    from collections import abc

    from temporal_interp.data.sequence import Sequence


class _Intensity(TypedDict):
    """The lowest and the highest finite voxel of all frames, None if there is none, and how many are not finite."""

    lowest: float | None
    highest: float | None
    not_finite: int


class _Values(TypedDict):
    """The output about a sequence for a program."""

    frames: int
    synthetic_frames: list[int]
    size_ijk: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    slice_thickness_mm: float | None
    origin_lps_mm: tuple[float, float, float]
    scalar_type: str
    intensity: _Intensity
    index_name: str
    index_unit: str
    index_values: abc.Sequence[float]
    farthest_from_first: list[int]
    notes: abc.Sequence[str]


def info(input_path: InputArgument, json: JsonOption = False) -> None:
    """Show the content of a file, and the frames that differ most from the first."""
    from temporal_interp.io import read_sequence

    sequence = read_sequence(input_path)
    values = _values(sequence)
    lines = [f"{name + ':':<12}{value}" for name, value in _lines(sequence, values).items()]
    lines += [f"Note: {note}" for note in sequence.notes]
    if len(sequence) > 1:
        far = values["farthest_from_first"][0]
        lines.append(f"Try: temporal-interp interpolate {input_path} -o OUT.seq.nrrd --from 0 --to {far} --count 5")
    Console(json).result({"input": input_path, **values}, *lines)


def _values(sequence: Sequence) -> _Values:
    from temporal_interp.workflows.phase_selection import farthest_from_first

    geometry = sequence.volumes[0].geometry
    return {
        "frames": len(sequence),
        "synthetic_frames": sequence.synthetic_frames,
        "size_ijk": geometry.shape[::-1],
        "spacing_mm": geometry.spacing,
        "slice_thickness_mm": sequence.slice_thickness,
        "origin_lps_mm": geometry.origin,
        "scalar_type": str(sequence.volumes[0].array.dtype),
        "intensity": _intensity(sequence),
        "index_name": sequence.index_name,
        "index_unit": sequence.unit,
        "index_values": sequence.times,
        "farthest_from_first": farthest_from_first(sequence),
        "notes": sequence.notes,
    }


def _lines(sequence: Sequence, values: _Values) -> dict[str, str]:
    """Return the output for a person, line by line, from the values of a sequence."""
    unit = sequence.unit
    index = [f"{value:g}" for value in sequence.times]
    shown = ", ".join(index if len(index) <= 12 else [*index[:5], "...", *index[-2:]])
    thickness = "" if sequence.slice_thickness is None else f"; a slice shows {sequence.slice_thickness:g} mm"
    lines = {
        "Frames": f"{len(sequence)}, numbered from 0; {_counted(values['synthetic_frames'])} synthetic",
        "Size": " x ".join(map(str, values["size_ijk"])) + " voxels (columns x rows x slices)",
        "Spacing": " x ".join(f"{spacing:g}" for spacing in values["spacing_mm"]) + " mm" + thickness,
        "Intensity": _intensity_in_words(values["intensity"], values["scalar_type"]),
        sequence.index_name.capitalize() or "Index": f"{shown} {unit}".rstrip(),
    }
    if values["farthest_from_first"]:
        far = [f"{number} ({index[number]} {unit}".rstrip() + ")" for number in values["farthest_from_first"]]
        lines["Farthest"] = f"from frame 0 is frame {', then '.join(far)}"
    return lines


def _counted(numbers: list[int]) -> str:
    return f"{len(numbers)} ({', '.join(map(str, numbers))})" if numbers else "none"


def _intensity(sequence: Sequence) -> _Intensity:
    import numpy as np

    finite = [volume.array[np.isfinite(volume.array)] for volume in sequence.volumes]
    return {
        "lowest": min((float(values.min()) for values in finite if values.size), default=None),
        "highest": max((float(values.max()) for values in finite if values.size), default=None),
        "not_finite": sum(volume.array.size for volume in sequence.volumes) - sum(values.size for values in finite),
    }


def _intensity_in_words(intensity: _Intensity, scalar_type: str) -> str:
    if intensity["lowest"] is None:
        return f"no voxel is a finite number, {scalar_type}"
    words = f"{intensity['lowest']:g} to {intensity['highest']:g}, {scalar_type}"
    return words + (f"; {intensity['not_finite']} voxels are NaN or infinite" if intensity["not_finite"] else "")
