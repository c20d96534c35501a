"""A case as a file, so that every process sees the same voxels and none of them draws or reads images itself.

An .npz without pickled objects: the frames, what is held out and, where the motion is known, the fields and masks for
scoring.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from comparison.cases import BenchmarkCase
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation.hold_out import HeldOutGap, HoldOut


def write_case(case: BenchmarkCase, path: Path) -> None:
    """Write a case, with the part of the truth that its held-out frames need."""
    sequence = case.sequence
    about = {
        "name": case.name,
        "geometry": asdict(case.geometry),
        "index_values": sequence.times,
        "index_name": sequence.index_name,
        "index_unit": sequence.unit,
        "slice_thickness": sequence.slice_thickness,
        "period": sequence.period,
        "description": case.hold_out.description,
        "gaps": [(gap.first, gap.last, gap.closes) for gap in case.hold_out.gaps],
        "unused": case.hold_out.unused,
        "truth": case.truth is not None,
    }
    arrays: dict[str, Any] = {
        "about": np.array(json.dumps(about)),
        "frames": np.stack([v.array for v in sequence.volumes]),
    }
    if case.truth is not None:
        arrays |= _truth_arrays(case.truth, case.hold_out)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def _truth_arrays(truth: MotionTruth, hold_out: HoldOut) -> dict[str, np.ndarray]:
    arrays = {}
    for gap in hold_out.gaps:
        for number in gap.held_out:
            for source in (gap.first, gap.last):
                arrays[_field_name(source, number)] = truth.displacement(source, number)
            mask = truth.mask_of(number)
            if mask is not None:
                arrays[_mask_name(number)] = mask
    return arrays


def _field_name(source: int, number: int) -> str:
    return f"displacement_{source}_{number}"


def _mask_name(number: int) -> str:
    return f"mask_{number}"


def read_case(path: Path) -> BenchmarkCase:
    """Read a case; its fields and masks are read on demand."""
    with np.load(path, allow_pickle=False) as file:
        about, frames = json.loads(str(file["about"])), file["frames"]
    geometry = Geometry(**about["geometry"])
    sequence = Sequence(
        [Volume(frame, geometry) for frame in frames],
        about["index_values"],
        about["index_name"],
        about["index_unit"],
        slice_thickness=about["slice_thickness"],
        period=about["period"],
    )
    hold_out = HoldOut(about["description"], tuple(HeldOutGap(*ends) for ends in about["gaps"]), tuple(about["unused"]))
    stored = _StoredTruth(path)
    return BenchmarkCase(
        about["name"], sequence, hold_out, MotionTruth(stored.displacement, stored.mask) if about["truth"] else None
    )


@dataclass(frozen=True)
class _StoredTruth:
    """The exact motion in a file."""

    path: Path

    def displacement(self, source: int, number: int) -> np.ndarray:
        with np.load(self.path, allow_pickle=False) as file:
            return file[_field_name(source, number)]

    def mask(self, number: int) -> np.ndarray | None:
        with np.load(self.path, allow_pickle=False) as file:
            return file.get(_mask_name(number))
