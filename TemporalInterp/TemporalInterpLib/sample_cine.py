"""The sample cine: a beating-heart phantom, drawn on this machine; it is not patient data."""

from __future__ import annotations

from dataclasses import replace

from TemporalInterpLib.add_sequence import AddedSequence, add_sequence_steps
from TemporalInterpLib.background import Steps, in_background, share_of

NAME = "Beating heart phantom"

PHASES = 20

THICKNESS = 6.0
"""Slice thickness in mm: it leaves gaps of 4 mm between slices, as in the protocol of the MESA study."""


def sample_cine_steps() -> Steps[AddedSequence]:
    """Return the steps that draw the sample cine, a short-axis stack, and add it to the scene."""

    def draw(progress: object) -> object:
        from temporal_interp.simulation import CLINICAL, BeatingHeart, even_phases, make_heart_cine, short_axis_stack

        heart = BeatingHeart()
        stack = short_axis_stack(heart)  # every 10 mm
        scanner = replace(CLINICAL, slice_thickness_mm=THICKNESS)
        return make_heart_cine(heart, stack, even_phases(PHASES), acquisition=scanner).sequence

    sequence = yield from share_of(in_background(draw), 0.0, 0.9)
    return (yield from share_of(add_sequence_steps(sequence, NAME), 0.9, 1.0))
