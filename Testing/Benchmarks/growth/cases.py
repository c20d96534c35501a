"""Beating hearts that grow with their grid, in files for the processes that are measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.simulation import BeatingHeart, make_heart_cine, short_axis_stack

DRAWN_MM = (112.0, 192.0, 192.0)
"""What is drawn along (K, J, I), whatever the number of voxels."""

SPACING_MM = (1.5, 1.5, 3.5)
"""What the voxels are said to measure, along (I, J, K). Were they smaller in larger volumes, as the drawing has it,
the student would work on a coarser grid."""

Shape = tuple[int, int, int]


def grown_pair(shape: Shape) -> Sequence:
    """Return end diastole and end systole of a heart that fills a grid of `shape` as it fills any other."""
    heart = BeatingHeart().in_plane() if shape[0] == 1 else BeatingHeart()
    spacing = tuple(length / n for length, n in zip(DRAWN_MM, shape, strict=True))[::-1]
    drawn = make_heart_cine(heart, short_axis_stack(heart, shape=shape, spacing_mm=spacing), [0.0, heart.end_systole])
    volumes = [Volume(volume.array, Geometry(shape, SPACING_MM)) for volume in drawn.sequence.volumes]
    return Sequence(volumes, (0.0, 1.0))


def back_and_forth(pair: Sequence, frames: int) -> Sequence:
    """Return a sequence of so many frames that goes from one volume to the other and back: every gap is as wide."""
    return Sequence([pair.volumes[n % 2] for n in range(frames)], range(frames))


def write(sequence: Sequence, path: Path) -> None:
    """Write voxels and spacing; more is not needed to measure time."""
    arrays = np.stack([volume.array for volume in sequence.volumes])
    np.savez(path, arrays=arrays, spacing=sequence.volumes[0].geometry.spacing)


def read(path: Path) -> Sequence:
    """Return what `write` wrote."""
    with np.load(path) as file:
        arrays, spacing = file["arrays"], tuple(file["spacing"].tolist())
    geometry = Geometry(arrays.shape[1:], spacing)
    return Sequence([Volume(array, geometry) for array in arrays], range(len(arrays)))


def in_words(shape: Shape) -> str:
    """Return a shape as it stands in tables, "32 x 128 x 128"."""
    return " x ".join(map(str, shape))
