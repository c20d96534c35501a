"""The learning rate over a fit: its shape, its early end, and its resumption."""

import math

import numpy as np
import pytest
import torch

from temporal_interp.fitting.plateau import Plateau
from temporal_interp.fitting.schedule import Schedule

HIGHEST = 3e-3


def a_schedule(**choices):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=HIGHEST)
    return optimiser, Schedule(optimiser, **choices)


def take_steps(optimiser, schedule, loss=lambda step: 1.0, until=math.inf):
    """Take steps to the end, and return the share of the highest rate at each."""
    rates = []
    while not schedule.ended and schedule.done < until:
        rates.append(optimiser.param_groups[0]["lr"] / HIGHEST)
        optimiser.step()
        schedule.advance(loss(schedule.done))
    return rates


def test_the_rate_rises_stays_and_falls_to_nothing():
    rates = take_steps(*a_schedule(steps=100, warm_up=20, decay=50))
    assert rates[0] == pytest.approx(0.05)
    assert rates[19:51] == pytest.approx([1.0] * 32)
    assert np.all(np.diff(rates[50:]) < 0)
    assert rates[-1] < 0.01


@pytest.mark.parametrize(("steps", "warm_up", "decay"), [(100, 20, 50), (1000, 50, 1000), (30, 50, 30), (7, 1, 1)])
def test_the_rate_is_a_rise_times_half_a_cosine(steps, warm_up, decay):
    rates = take_steps(*a_schedule(steps=steps, warm_up=warm_up, decay=decay))
    expected = [
        min(1.0, (step + 1) / warm_up) * (0.5 - 0.5 * math.cos(math.pi * min(1.0, (steps - step) / decay)))
        for step in range(steps)
    ]
    np.testing.assert_allclose(rates, expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(("losses", "ended"), [(lambda n: 1.0, 70), (lambda n: 1.0 / (n + 1), 200)])
def test_a_fit_ends_early_where_nothing_is_gained(losses, ended):
    optimiser, schedule = a_schedule(steps=200, warm_up=20, decay=50, plateau=Plateau(10, 1e-3))
    rates = take_steps(optimiser, schedule, losses)
    assert schedule.done == len(rates) == ended
    assert rates[-51:-49] == pytest.approx([1.0, 1.0])
    assert rates[-1] < 0.01


def test_a_window_of_nothing_never_ends_a_fit():
    assert len(take_steps(*a_schedule(steps=40, warm_up=1, decay=10, plateau=Plateau(0, 1.0)))) == 40


@pytest.mark.parametrize("stop", [0, 5, 25, 40, 65])
def test_a_schedule_resumes_exactly_where_it_was(stop):
    choices = {"steps": 200, "warm_up": 20, "decay": 50}
    whole = take_steps(*a_schedule(**choices, plateau=Plateau(10, 1e-3)))
    optimiser, schedule = a_schedule(**choices, plateau=Plateau(10, 1e-3))
    before = take_steps(optimiser, schedule, until=stop)
    other_optimiser, other = a_schedule(**choices, plateau=Plateau(10, 1e-3))
    other_optimiser.load_state_dict(optimiser.state_dict())
    other.load_state_dict(schedule.state_dict())
    assert before + take_steps(other_optimiser, other) == whole


def test_without_rise_and_fall_the_rate_is_constant():
    assert take_steps(*a_schedule(steps=6, warm_up=0, decay=0)) == [1.0] * 6
