"""Demons: no folds, the same in every run, and fields in mm."""

import numpy as np
import pytest

from moving_blobs import blobs
from temporal_interp.evaluation import pairwise_demons
from temporal_interp.evaluation.pairwise_catalogue import create_method
from temporal_interp.evaluation.tracking_scores import scale_to_unit
from temporal_interp.evaluation.tracking_table import evaluate_tracking


class TestDemons:
    def test_diffeomorphic_demons_do_not_fold(self, beat):
        sequence = scale_to_unit(beat[0])
        scores = evaluate_tracking(sequence, [create_method("diffeomorphic_demons")], every=2).methods[0]
        assert scores.mean("fold_rate") == 0

    def test_demons_of_thin_stacks_are_the_same_in_every_run(self):
        fixed, moving = blobs((3, 40, 40), (0, 1, 0)), blobs((3, 40, 40), (0, 0, 0))
        runs = [pairwise_demons.diffeomorphic_demons(fixed, moving, (1.0, 1.0, 1.0), None) for _ in range(4)]
        assert runs[0].shape == (3, 40, 40, 3)
        assert runs[0][..., 1][fixed > 0.2].mean() == pytest.approx(-1, abs=0.3)
        assert all(np.array_equal(run, runs[0]) for run in runs)

    def test_demons_give_millimetres_on_grids_that_are_finer_along_one_axis(self):
        fixed, moving = blobs((1, 40, 40), (0, 1, 1))[0], blobs((1, 40, 40), (0, 0, 0))[0]
        field = pairwise_demons.fast_symmetric_demons(fixed, moving, (0.5, 4.0), None)
        along_i, along_j = field[fixed > 0.2].mean(axis=0)
        assert along_i == pytest.approx(-0.5, abs=0.2)
        assert along_j == pytest.approx(-4, abs=1)
