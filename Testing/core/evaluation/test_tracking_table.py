"""The table of tracking: what all methods are given, and what is printed of their scores."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from moving_blobs import moving_sequence, true_field
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.evaluation.pairwise_catalogue import create_method
from temporal_interp.evaluation.pairwise_methods import Identity, Tracked
from temporal_interp.evaluation.report import TRACKING, as_table, as_text
from temporal_interp.evaluation.tracking_scores import scale_to_unit
from temporal_interp.evaluation.tracking_table import evaluate_tracking, pair_rows, summary_rows
from temporal_interp.tensors import metrics


@dataclass(frozen=True)
class Fixed:
    """A method that gives the same field for every pair, and remembers what it was given."""

    field: np.ndarray
    seen: list
    name: str = "fixed"

    def track(self, sequence, pairs, *, mask, progress):
        self.seen.append((sequence, tuple(pairs), mask))
        progress(1.0, self.name)
        return [Tracked(self.name, dict.fromkeys(pairs, self.field), 2.5)]


class TestTable:
    SHIFT = (0, 2, -3)

    def test_all_methods_get_the_same_scaled_frames_pairs_and_mask(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=6, dtype=np.uint8)
        mask = np.ones((1, 30, 30), bool)
        one, other = Fixed(true_field(sequence, self.SHIFT), [], "one"), Fixed(0 * true_field(sequence, (0, 0, 0)), [])
        result = evaluate_tracking(sequence, [one, other], mask=mask, every=2)
        assert result.pairs == (0, 2, 4)
        (first,), (second,) = one.seen, other.seen
        assert first[0] is second[0]
        assert first[1:] == second[1:] == ((0, 2, 4), mask)
        assert first[0].volumes[3].array.dtype == np.float32
        np.testing.assert_array_equal(first[0].volumes[3].array, sequence.volumes[3].array / np.float32(255))
        assert [row.method for row in result.methods] == ["one", "fixed"]
        assert list(result.methods[0].pairs) == [0, 2, 4]

    def test_means_and_deviations_are_over_the_pairs(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=4)
        (row,) = evaluate_tracking(sequence, [Identity()]).methods
        frames = [v.array for v in scale_to_unit(sequence).volumes]
        errors = [metrics.mse(a, b) for a, b in itertools.pairwise(frames)]
        similarity = [metrics.local_correlation(a, b, in_plane=True) for a, b in itertools.pairwise(frames)]
        assert (row.mean("mse"), row.deviation("mse")) == pytest.approx((np.mean(errors), np.std(errors)))
        assert row.mean("correlation") == pytest.approx(np.mean(similarity))
        assert row.deviation("correlation") == pytest.approx(np.std(similarity))

    def test_windows_reach_across_slices_only_where_slices_belong_together(self):
        thick = moving_sequence((4, 30, 30), (1, 0, 0), (1.0, 1.0, 1.0), frames=2)
        apart = replace(thick, slice_thickness=0.2)
        (whole,), (single,) = (evaluate_tracking(s, [Identity()]).methods for s in (thick, apart))
        frames = [v.array for v in scale_to_unit(thick).volumes]
        assert whole.mean("correlation") == pytest.approx(metrics.local_correlation(*frames))
        assert single.mean("correlation") == pytest.approx(metrics.local_correlation(*frames, in_plane=True))
        assert whole.mean("correlation") != pytest.approx(single.mean("correlation"), abs=1e-3)

    def test_time_of_the_sequence_counts_the_pairs_that_were_not_scored_too(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=6)
        method = Fixed(true_field(sequence, self.SHIFT), [])
        (row,) = evaluate_tracking(sequence, [method], every=3).methods
        assert (len(row.pairs), row.seconds_per_pair, row.sequence_seconds) == (2, 2.5, 12.5)

    def test_repeated_frames_are_reported(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        volumes = [sequence.volumes[n] for n in (0, 1, 1, 2)]
        repeated = Sequence(volumes, range(4))
        assert evaluate_tracking(repeated, [Identity()]).identical == (1,)
        assert evaluate_tracking(repeated, [Identity()], every=2).identical == ()

    def test_the_table_and_the_lines_print_what_the_paper_prints(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        result = evaluate_tracking(sequence, [Identity()])
        (row,), (line,) = result.methods, summary_rows(result)
        assert line["mse_x1e3"] == pytest.approx(1000 * row.mean("mse"))
        assert line["cc_x10_std"] == pytest.approx(10 * row.deviation("correlation"))
        shown = as_text([as_table(summary_rows(result), TRACKING, title="a title", caption="a caption")])
        for words in ("a title", "a caption", "identity", f"{line['mse_x1e3']:.4f} ±", f"{line['cc_x10']:.4f} ±"):
            assert words in shown
        assert [(one["method"], one["frame"]) for one in pair_rows(result)] == [("identity", 0), ("identity", 1)]
        assert np.mean([one["mse_x1e3"] for one in pair_rows(result)]) == pytest.approx(line["mse_x1e3"])

    def test_what_cannot_be_scored_is_refused_before_any_work(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        method = Fixed(true_field(sequence, self.SHIFT), [])
        holed = sequence.volumes[1].array.copy()
        holed[:] = np.nan
        marked = [{}, {}, Provenance("engine", 0, 1, 0.5).as_attributes()]
        cases = [
            (Sequence(sequence.volumes[:1], [0]), {}, "only one frame"),
            (sequence, {"every": 0}, "at least 1"),
            (sequence, {"mask": np.zeros((1, 30, 30), bool)}, "mask is empty"),
            (sequence, {"mask": np.ones((1, 30, 29), bool)}, r"\(1, 30, 29\)"),
            (sequence, {"mask": np.ones((1, 30, 30), np.uint8)}, "uint8"),
            (
                replace(
                    sequence,
                    volumes=[sequence.volumes[0], sequence.volumes[1].with_array(holed), sequence.volumes[2]],
                ),
                {},
                "Frame 1 is NaN or infinite throughout",
            ),
            (replace(sequence, item_attributes=marked), {}, "Frame 2 is synthetic"),
        ]
        for wrong, options, words in cases:
            with pytest.raises(InvalidInputError, match=words):
                evaluate_tracking(wrong, [method], **options)
        assert method.seen == []

    def test_voxels_that_some_frame_lacks_are_not_scored(self):
        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        holed = np.where(np.arange(30) < 9, np.nan, sequence.volumes[1].array)
        spoilt = replace(
            sequence, volumes=[sequence.volumes[0], sequence.volumes[1].with_array(holed), sequence.volumes[2]]
        )
        method = Fixed(true_field(sequence, self.SHIFT), [])
        right = np.broadcast_to(np.arange(30) >= 9, (1, 30, 30))
        scores = evaluate_tracking(spoilt, [method]).methods[0].pairs[1]
        known = evaluate_tracking(sequence, [method], mask=right).methods[0].pairs[1]
        assert scores.correlation == pytest.approx(known.correlation, abs=0.05)
        assert scores.fold_rate == known.fold_rate
        with pytest.raises(InvalidInputError, match="No voxel to score"):
            evaluate_tracking(spoilt, [method], mask=~right)

    def test_a_caller_can_stop_it(self):
        def stop(fraction, message):
            raise CancelledError

        sequence = moving_sequence((1, 30, 30), self.SHIFT, frames=3)
        with pytest.raises(CancelledError):
            evaluate_tracking(sequence, [create_method("demons")], progress=stop)
