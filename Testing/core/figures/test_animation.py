"""Animations: synthetic frames are marked as such, and times and shapes are true."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from drawn_sequences import beating_square
from temporal_interp.figures.animation import save_animation
from temporal_interp.figures.canvas import SYNTHETIC
from temporal_interp.figures.view import view_of_motion


class TestAnimation:
    def frames_of(self, path):
        film = Image.open(path)
        for number in range(film.n_frames):
            film.seek(number)
            yield np.asarray(film.convert("RGB")).astype(int), film.info["duration"]

    def test_the_left_half_waits_while_the_right_shows_synthetic_frames(self, filled, tmp_path):
        path = tmp_path / "film.gif"
        save_animation(filled, path)
        pictures = [picture for picture, _ in self.frames_of(path)]
        half = pictures[0].shape[1] // 2
        assert len(pictures) == 9
        np.testing.assert_array_equal(pictures[0][:, :half], pictures[1][:, :half])
        assert (pictures[1][:, :half] != pictures[2][:, :half]).any()
        assert (pictures[0][:, half:] != pictures[1][:, half:]).any()

    def test_it_says_under_every_picture_whether_it_is_synthetic(self, filled, tmp_path):
        path = tmp_path / "film.gif"
        save_animation(filled, path)
        wanted = np.array([int(SYNTHETIC[n : n + 2], 16) for n in (1, 3, 5)])
        marked = []
        for picture, _ in self.frames_of(path):
            half = picture.shape[1] // 2
            orange = np.abs(picture - wanted).max(axis=-1) <= 4
            assert not orange[:, :half].any()
            marked.append(bool(orange[:, half:].any()))
        assert marked == [False, True] * 4 + [False]

    def test_frames_last_as_long_as_their_gaps(self, tmp_path):
        save_animation(beating_square(count=3, values=[0.0, 10.0, 40.0]), tmp_path / "film.gif")
        assert [duration for _, duration in self.frames_of(tmp_path / "film.gif")] == [670, 2000, 1330]

    def test_pixels_have_their_true_shape_and_the_film_fits_a_readme(self, tmp_path):
        save_animation(beating_square(count=2), tmp_path / "film.gif")
        film, view = Image.open(tmp_path / "film.gif"), view_of_motion(beating_square(count=2))
        lit = np.asarray(film.convert("L")) > 20
        columns = np.flatnonzero(lit[film.height // 2, : film.width // 2])
        rows = np.flatnonzero(lit[35:-40, columns[len(columns) // 4]])
        assert film.width <= 900
        assert np.ptp(rows) / np.ptp(columns) == pytest.approx(view.height_over_width, rel=0.03)

    @pytest.mark.filterwarnings("error")
    def test_voxels_that_are_no_numbers_do_not_hide_the_motion(self, tmp_path):
        whole = beating_square(count=3)
        holed = replace(whole, volumes=[v.with_array(v.array.astype(np.float32)) for v in whole])
        holed.volumes[1].array[:, 0, 0] = np.nan
        for volume in holed.volumes:
            volume.array[:, -2:] = np.inf
        assert view_of_motion(holed) == view_of_motion(whole)
        save_animation(holed, tmp_path / "film.gif")
        with Image.open(tmp_path / "film.gif") as film:
            assert film.n_frames == 3
