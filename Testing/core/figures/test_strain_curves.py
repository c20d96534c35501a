"""Curves of strain: what is drawn, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.strain_curves import save_strain_curves
from tracked_pictures import RADIAL, STRAINS

TIMES = (0.0, 40.0, 80.0, 120.0, 160.0)


class TestStrainCurves:
    def draw(self, path, **wanted):
        save_strain_curves(STRAINS, TIMES, path, **wanted)

    def test_the_line_is_the_mean_and_the_band_the_percentiles_over_the_points(self, drawn, tmp_path):
        self.draw(tmp_path / "a.png")
        axes = drawn[0].axes[0]
        assert axes.get_title() == "radial strain"
        np.testing.assert_allclose(axes.lines[0].get_xydata(), np.c_[TIMES, [0, 10, 30, 20, 0]], atol=1e-9)
        band = axes.collections[0].get_paths()[0].vertices
        at_peak = band[band[:, 0] == 80.0, 1]
        assert (at_peak.min(), at_peak.max()) == pytest.approx((6.0, 54.0))  # 0.2 and 1.8 times 30 %

    def test_the_peak_is_what_lies_farthest_from_zero_with_its_value_and_time(self, drawn, tmp_path):
        self.draw(tmp_path / "a.png")
        peaks = [axes.texts[0].get_text() for axes in drawn[0].axes]
        assert peaks == ["+30.0 % at 80 ms", "-20.0 % at 120 ms"]

    def test_points_without_strain_do_not_count(self, drawn, tmp_path):
        strain = np.full((5, 3), 0.1)
        strain[:, 1] = np.nan
        save_strain_curves({"radial": strain}, TIMES, tmp_path / "a.png")
        np.testing.assert_allclose(drawn[0].axes[0].lines[0].get_ydata(), 10.0)

    def test_the_axis_says_what_the_index_is(self, drawn, tmp_path):
        self.draw(tmp_path / "a.png")
        self.draw(tmp_path / "b.png", index_name="frame", unit="")
        assert [figure.axes[1].get_xlabel() for figure in drawn] == ["time (ms)", "frame"]

    def test_the_words_at_a_peak_stay_inside_the_panel_at_either_end(self, drawn, tmp_path):
        for frame in (0, 4):
            strain = np.zeros((5, 2))
            strain[frame] = 0.3
            save_strain_curves({"radial": strain, "longitudinal": strain}, TIMES, tmp_path / "a.png")
            axes = drawn[-1].axes[1]
            drawn[-1].canvas.draw()
            words, panel = axes.texts[0].get_window_extent(), axes.get_window_extent()
            assert panel.x0 <= words.x0
            assert words.x1 <= panel.x1
            assert words.y1 <= panel.y1

    def test_the_file_fits_a_readme(self, tmp_path):
        self.draw(tmp_path / "a.png")
        assert Image.open(tmp_path / "a.png").width == 1350

    @pytest.mark.parametrize(
        ("strains", "message"),
        [
            ({}, "One to 3"),
            ({str(n): RADIAL for n in range(4)}, "One to 3"),
            ({"radial": RADIAL[:4]}, "5 frames"),
            ({"radial": RADIAL[:, 0]}, "5 frames"),
            ({"radial": np.full((5, 3), np.nan)}, "NaN"),
        ],
    )
    def test_curves_that_do_not_fit_are_refused_and_leave_nothing(self, tmp_path, strains, message):
        with pytest.raises(InvalidInputError, match=message):
            save_strain_curves(strains, TIMES, tmp_path / "a.png")
        assert not list(tmp_path.iterdir())
