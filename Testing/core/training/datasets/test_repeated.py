"""Many samples of every subject."""

import numpy as np

from temporal_interp.training.datasets.repeated import Repeated


def test_every_subject_is_drawn_so_many_times_in_a_row(slices, monkeypatch):
    drawn = []
    monkeypatch.setattr(type(slices), "draw", lambda self, index, rng: drawn.append(index))
    repeated = Repeated(slices, 3)
    for index in range(len(repeated)):
        repeated.draw(index, np.random.default_rng(0))
    assert drawn == [subject for subject in range(len(slices)) for _ in range(3)]
