"""Phantoms of random size and motion."""

import numpy as np

from temporal_interp.simulation.random_bodies import random_heart, random_lung


def test_every_random_body_is_possible():
    """The ranges never make a heart or a lung that is refused, nor one that folds."""
    for seed in range(300):
        rng = np.random.default_rng(seed)
        heart, lung = random_heart(rng), random_lung(rng)
        points = rng.uniform(-80, 80, (50, 3))
        assert heart.material_jacobian(points, heart.end_systole).min() > 0
        assert lung.material_jacobian(points, 0.0).min() > 0
