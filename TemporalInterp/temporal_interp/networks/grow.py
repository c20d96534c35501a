"""A student with context that starts from one without, which knows all but what the frames around tell."""

from __future__ import annotations

from dataclasses import replace

import torch

from temporal_interp.networks.settings import NetworkSettings
from temporal_interp.networks.student import Student


def can_grow(start: Student, settings: NetworkSettings) -> bool:
    """Tell whether a student can start one of other settings: without context one with, and slices those of volumes.

    A student that has learnt to look at neighbouring slices cannot become one of slices alone.
    """
    allowed = replace(start.settings, context=settings.context, kernels=settings.kernels)
    loses_context = start.settings.context and not settings.context
    loses_planes = settings.kernels == "slices" and start.sees_neighbours
    return allowed == settings and not loses_context and not loses_planes


def grow(start: Student, student: Student) -> Student:
    """Return a fresh student with the weights of one that it can start from, see `can_grow`.

    What it sees in addition counts nothing at first; what it gives in addition stays as it was.

    Example:
        >>> pair = Student(NetworkSettings(widths=(4, 8)))
        >>> student = grow(pair, Student(NetworkSettings(widths=(4, 8), context=True, kernels="slices")))
        >>> first, last = torch.rand(2, 1, 1, 1, 16, 16)
        >>> t = torch.tensor([0.25])
        >>> torch.allclose(student(first, last, t).volume, pair(first, last, t).volume, atol=1e-5)
        True
    """
    weights = student.state_dict()
    for name, learnt in start.state_dict().items():
        wanted = weights[name]
        if learnt.ndim == 5 and learnt.shape[2] != wanted.shape[2]:
            learnt = learnt[:, :, 1:2] if wanted.shape[2] == 1 else torch.nn.functional.pad(learnt, (0, 0, 0, 0, 1, 1))
        known = tuple(slice(size) for size in learnt.shape)
        if wanted.ndim > 1:
            wanted[: learnt.shape[0]] = 0
        wanted[known] = learnt
    student.load_state_dict(weights)
    return student
