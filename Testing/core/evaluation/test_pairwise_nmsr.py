"""The rows of NMSR: which networks they are of, and what each scale starts from."""

from dataclasses import replace

import numpy as np
import pytest

from moving_blobs import moving_sequence
from temporal_interp.errors import no_progress
from temporal_interp.evaluation import pairwise_nmsr
from temporal_interp.evaluation.pairwise_nmsr import Nmsr
from temporal_interp.evaluation.tracking_scores import scale_to_unit
from temporal_interp.tensors import metrics
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.track import track


class TestNmsr:
    QUICK = TrackingSettings(method="nmsr", scales=(2, 1), passes=(20, 20), refinement=())
    DEFAULTS = TrackingSettings(scales=(2, 1), passes=(10, 10), refinement=(1,))

    @pytest.fixture
    def asked(self, monkeypatch):
        """What NMSR asked of the tracking, which runs with few passes."""
        calls = []

        def remember(sequence, settings, **how):
            calls.append((sequence, settings, how))
            return track(sequence, settings, **how)

        class Settings(TrackingSettings):
            """The defaults, and those that make frames most alike, with few passes."""

            def __new__(cls):
                return TestNmsr.DEFAULTS

            most_similar = staticmethod(lambda: TestNmsr.QUICK)

        monkeypatch.setattr(pairwise_nmsr, "TrackingSettings", Settings)
        monkeypatch.setattr(pairwise_nmsr, "track", remember)
        return calls

    def test_a_row_for_every_scale_that_brings_frame_n_onto_the_next(self, beat, asked):
        sequence, truth, masks = beat
        rows = Nmsr("nmsr_vi").track(scale_to_unit(sequence), [1], mask=None, progress=no_progress)
        assert [row.label for row in rows] == ["nmsr_vi (1/2)", "nmsr_vi (1)"]
        assert all(list(row.fields) == [1] for row in rows)
        assert 0 < rows[0].seconds_per_pair < rows[1].seconds_per_pair
        still = metrics.end_point_error(0 * truth[1], truth[1], masks[1]).mean
        coarse, fine = (metrics.end_point_error(row.fields[1], truth[1], masks[1]).mean for row in rows)
        assert fine < 0.6 * still
        assert fine != coarse

    def test_the_last_row_is_what_tracking_returns(self, beat, asked):
        sequence = scale_to_unit(beat[0])
        *_, last = Nmsr("nmsr_vi").track(sequence, [0, 1], mask=None, progress=no_progress)
        motion = track(sequence, replace(self.QUICK, refinement=())).motion
        for n in (0, 1):
            np.testing.assert_array_equal(last.fields[n], motion.backward[n])

    def test_variants_differ_in_what_a_scale_starts_from_and_none_is_refined(self, asked):
        sequence = moving_sequence((1, 24, 28), (0, 1, 0), frames=2)
        mask = np.ones((1, 24, 28), bool)
        for name in ("one_scale", "nmsr", "nmsr_vi", "track"):
            Nmsr(name, "cpu").track(sequence, [0], mask=mask, progress=no_progress)
        one, fresh, inherits, defaults = (settings for _, settings, _ in asked)
        assert defaults == replace(self.DEFAULTS, refinement=())
        assert (inherits.inherit, inherits.scales) == (True, (2, 1))
        assert fresh == replace(inherits, inherit=False)
        assert (one.scales, one.passes) == ((1,), (25,))  # 20 / 4 + 20
        assert {settings.refinement for _, settings, _ in asked} == {()}
        assert all(how["mask"] is mask and how["device"] == "cpu" for _, _, how in asked)

    def test_the_command_has_one_row_as_it_fits_velocities(self, asked):
        sequence = moving_sequence((1, 24, 28), (0, 1, 0), frames=2)
        (row,) = Nmsr("track").track(sequence, [0], mask=None, progress=no_progress)
        assert row.label == "track"

    def test_one_scale_has_the_work_of_all_scales_in_3d_too(self, asked):
        sequence = moving_sequence((8, 16, 16), (0, 1, 0), (1.0, 1.0, 1.0), frames=2)
        (row,) = Nmsr("one_scale").track(sequence, [0], mask=None, progress=no_progress)
        assert row.label == "one_scale"
        assert asked[0][1].passes == (22,)  # 20 / 8 + 20


class TestPaper:
    @pytest.mark.parametrize(
        ("name", "scales", "inherit"),
        [
            ("nmsr_paper", (8, 4, 2, 1), False),
            ("nmsr_vi_paper", (8, 4, 2, 1), True),
            ("nmsr_v_paper", (8, 4, 2, 1), False),
            ("one_scale_paper", (1,), False),
        ],
    )
    def test_rows_of_the_paper_have_its_settings(self, name, scales, inherit):
        settings = Nmsr(name).settings(moving_sequence((1, 24, 28), (0, 1, 0), frames=2))
        assert (settings.scales, settings.inherit) == (scales, inherit)
        paper = TrackingSettings.paper()
        assert replace(settings, scales=paper.scales, passes=paper.passes, inherit=paper.inherit) == paper

    def test_every_scale_of_nmsr_v_starts_from_the_given_weights(self, beat):
        """With a rate of next to nothing the networks stay what they started from."""
        sequence = scale_to_unit(beat[0])
        still = replace(TestNmsr.QUICK, passes=(1, 1), least_steps=1, learning_rate=1e-12, inherit=False)
        trained = track(sequence, TestNmsr.QUICK).network

        def fields(start):
            found = {}

            def keep(scale, motion):
                found[scale] = motion.backward[0]

            track(sequence, still, start_from=start, on_scale=keep)
            return found

        fresh, given = fields(None), fields(trained)
        assert np.abs(given[2] - fresh[2]).max() > 0.05
        added = [found[1] - found[2] for found in (fresh, given)]  # by the network of the finest scale
        assert np.abs(added[1] - added[0]).max() > 0.05
