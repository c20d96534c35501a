"""Two volumes as the shortest sequence there is, with times from 0 to 1, so that a time is a t."""

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import no_progress


def pair_of(first, last, *, intensity_range=None, slice_thickness=None):
    """Return a sequence of two volumes."""
    sequence = Sequence([first, last], [0.0, 1.0], unit="", slice_thickness=slice_thickness)
    return sequence if intensity_range is None else sequence.with_intensity_range(intensity_range)


def prepare(engine, first, last, *, progress=no_progress, **known):
    """Prepare a sequence of two volumes, its gap included."""
    prepared = engine.prepare(pair_of(first, last, **known))
    prepared.prepare_gap(0, progress=progress)
    return prepared


def inner(prepared):
    """Return what the engine keeps of the only gap of a sequence of two volumes."""
    return prepared._pair(0, no_progress)
