"""How long a tracking will take on this machine, from a few steps of its own fits."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from statistics import median

import numpy as np
import torch

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.registration.fit_velocity import levels_of
from temporal_interp.registration.settings import VelocitySettings
from temporal_interp.tracking.optimise import Pairs
from temporal_interp.tracking.pair_velocities import PairVelocityFit, neighbour_settings, refinement_settings
from temporal_interp.tracking.problem import TrackingProblem
from temporal_interp.tracking.settings import TrackingSettings

STEPS = 3
"""Steps of every level that are timed. The first also pays for what is done once, so the median counts."""


def seconds_to_track(
    sequence: Sequence,
    settings: TrackingSettings | None = None,
    *,
    closed: bool | None = None,
    mask: np.ndarray | None = None,
    device: str = "cpu",
) -> float:
    """Return about how many seconds `track` would take here and now, from a few steps of a fit to the first pairs.

    That takes about a hundredth of the tracking itself. Where other programs compute meanwhile, both take longer.

    Args:
        sequence: as in `track`, like the rest; only its first frames are looked at.
        settings: of the method "velocity".
        closed: likewise.
        mask: likewise.
        device: likewise.

    Raises:
        InvalidInputError: the sequence has fewer than two frames, or the method is another one.

    Example:
        >>> frames = np.random.default_rng(0).normal(size=(3, 1, 24, 24))
        >>> seconds_to_track(Sequence.from_numpy(frames)) > 0
        True
    """
    settings = settings or TrackingSettings()
    if len(sequence) < 2:
        raise InvalidInputError("Motion is tracked from frame to frame; this sequence has only one.")
    if settings.method != "velocity":
        raise InvalidInputError(f"Only the method 'velocity' can be timed ahead, not {settings.method!r}.")
    closed = sequence.period is not None if closed is None else closed
    with torch.inference_mode(False), torch.enable_grad():  # a caller may have switched gradients off
        problem = TrackingProblem(sequence[:2], settings, mask, device)
        neighbours = problem.images * (len(sequence) if closed else len(sequence) - 1)
        of_neighbours = neighbour_settings(settings, len(problem.grid))
        seconds = _seconds_of_fit(problem, of_neighbours, neighbours)
        fields = 2 * neighbours
        if settings.refinement:
            others = problem.images * (len(sequence) - 1)
            seconds += _seconds_of_fit(problem, refinement_settings(settings, len(problem.grid)), others)
            fields += others
        return seconds + fields / problem.images * _seconds_of_displacement(problem)


def _seconds_of_fit(problem: TrackingProblem, settings: VelocitySettings, count: int) -> float:
    """Return the time that the fit of `count` pairs of images takes, from a few steps of those fitted at once."""
    chunk = min(PairVelocityFit(problem.pairs([1], [0]), problem.spacing, settings).chunk, count)
    repeated = problem.pairs([1] * math.ceil(chunk / problem.images), [0] * math.ceil(chunk / problem.images))
    pairs = Pairs(repeated.frames, repeated.sources[:chunk], repeated.targets[:chunk], repeated.weight, repeated.seen)
    few = replace(settings, iterations=(STEPS,) * len(settings.levels), patience=0)
    ticks = []
    PairVelocityFit(pairs, problem.spacing, few).run(progress=lambda *_report: ticks.append(time.perf_counter()))
    durations = np.diff(ticks)
    seconds = sum(
        iterations * float(median(durations[number * STEPS : (number + 1) * STEPS]))
        for number, (_, iterations, _) in enumerate(levels_of(problem.grid, problem.spacing, settings))
    )
    return seconds * count / chunk


def _seconds_of_displacement(problem: TrackingProblem) -> float:
    """Return the time in which the velocity of a frame becomes a displacement in mm."""
    velocity = problem.frames.new_zeros(problem.images, len(problem.grid), *problem.grid)
    start = time.perf_counter()
    problem.in_mm(problem.displaced(velocity))
    return time.perf_counter() - start
