"""How far the parts of a beat and of a breath have gone, given and at random."""

import dataclasses

import numpy as np

from temporal_interp.simulation.time_curves import (
    breathing_curve,
    contraction_curve,
    cycle_state,
    drifting_curve,
    inhaled,
)


def test_beat_is_smooth_and_closes():
    states = np.array([dataclasses.astuple(cycle_state(p, 0.37)) for p in np.linspace(0, 1, 2001)])
    assert np.abs(np.diff(states, axis=0)).max() < 0.01
    np.testing.assert_allclose(states[0], 0, atol=1e-12)
    np.testing.assert_allclose(states[-1], 0, atol=1e-12)
    np.testing.assert_allclose(states[740], [1, 1, 1, 0, 1], atol=1e-12)  # end systole


def test_a_breath_is_periodic_and_pauses_at_exhalation():
    phases = np.linspace(0, 1, 401)
    for exponent in (1, 3):
        curve = inhaled(phases, exponent)
        np.testing.assert_allclose(curve, inhaled(phases + 1, exponent), atol=1e-12)
        assert (curve.max(), curve.argmin()) == (1, 200)
    assert (inhaled(phases, 3) < 0.05).mean() > 2 * (inhaled(phases, 1) < 0.05).mean()


def test_curves_start_at_rest_and_stay_in_range():
    rng = np.random.default_rng(0)
    for _ in range(50):
        beat = contraction_curve(rng, rng.uniform(0, 0.1))
        assert beat[0] == 0
        assert beat.max() > 0.95
        assert 6 <= beat.argmax() <= 14  # end systole
        assert beat.min() >= 0
        assert np.all((breathing_curve(rng) >= 0) & (breathing_curve(rng) <= 1))
        assert drifting_curve(rng)[0] == 0
