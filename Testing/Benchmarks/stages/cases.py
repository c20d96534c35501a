"""Pairs of the beating-heart phantom: end diastole and end systole."""

from __future__ import annotations

from temporal_interp.data.volume import Volume
from temporal_interp.simulation import BeatingHeart, make_heart_cine, short_axis_slice, short_axis_stack

PAIRS = ("slice", "stack", "volume")


def pair(name: str) -> list[Volume]:
    """Return a pair as it is acquired: "slice" 1 x 128 x 128, "stack" 10 x 128 x 128, "volume" 32 x 128 x 128."""
    flat, solid = BeatingHeart().in_plane(), BeatingHeart()
    heart, geometry = {
        "slice": (flat, short_axis_slice(flat)),
        "stack": (solid, short_axis_stack(solid)),
        "volume": (solid, short_axis_stack(solid, shape=(32, 128, 128), spacing_mm=(1.5, 1.5, 3.5))),
    }[name]
    return list(make_heart_cine(heart, geometry, [0.0, heart.end_systole]).sequence.volumes)
