"""Figures of other papers."""

import pytest

from temporal_interp.evaluation.literature import TABLE_1


class TestPublishedFigures:
    """The published figures: checked against the paper by hand, here against slips of a finger."""

    @pytest.mark.parametrize("dataset", ["acdc", "lung4d"])
    def test_the_paper_is_best_in_every_column_of_ten_methods(self, dataset):
        *others, best = TABLE_1[dataset]
        assert (len(others), best.method) == (9, "TM-MSDF")
        for measure, sign in (("psnr", 1), ("ncc", 1), ("ssim", 1), ("nmse_x100", -1)):
            assert all(sign * getattr(best, measure) > sign * getattr(other, measure) for other in others)
