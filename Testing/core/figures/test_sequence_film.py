"""Films for slides: own speed, SYNTHETIC on synthetic frames alone, and known as such when read back."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from drawn_sequences import beating_square
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import SLICE_FACTOR_KEY, SYNTHETIC_KEY, SYNTHETIC_SLICES_KEY
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, MissingPackageError
from temporal_interp.figures.canvas import OUTSIDE, SYNTHETIC
from temporal_interp.figures.film_pictures import FilmPictures, chosen_slices, film_range, upright
from temporal_interp.figures.film_times import durations_ms, gif_steps
from temporal_interp.figures.sequence_film import save_sequence_film
from temporal_interp.io import read_sequence

ORANGE = tuple(int(SYNTHETIC[n : n + 2], 16) for n in (1, 3, 5))
SLATE = tuple(int(OUTSIDE[n : n + 2], 16) for n in (1, 3, 5))


def still(shape=(1, 40, 50), spacing=(1.0, 1.0, 8.0), times=(0, 30, 60, 90), synthetic=(), direction=None, **others):
    """Frames that differ, of noise, in which some are synthetic."""
    noise = np.random.default_rng(1)
    geometry = Geometry(shape, spacing) if direction is None else Geometry(shape, spacing, direction=direction)
    volumes = [Volume(noise.integers(0, 200, shape).astype(np.float32), geometry) for _ in times]
    attributes = [{SYNTHETIC_KEY: "true"} if n in synthetic else {} for n in range(len(times))]
    return Sequence(volumes, times, item_attributes=attributes, **others)


def pictures_of(sequence, slices=None):
    return FilmPictures(sequence, chosen_slices(sequence.geometry, slices), film_range(sequence))


def orange(picture, tolerance=12):
    """Where a picture has the colour of the word, (rows, columns)."""
    return np.argwhere((np.abs(np.asarray(picture).astype(int) - ORANGE) <= tolerance).all(axis=-1))


class TestTimes:
    def test_frames_last_as_long_as_their_gaps_and_a_loop_closes(self):
        assert durations_ms(still(times=(0, 10, 40, 100), period=130)) == [10, 30, 60, 30]

    def test_without_a_loop_the_last_frame_lasts_a_median_gap(self):
        assert durations_ms(still(times=(0, 10, 40, 50))) == [10, 30, 10, 10]

    def test_seconds_and_one_frame(self):
        seconds = replace(still(times=(0, 0.02, 0.05)), unit="s")
        assert durations_ms(seconds) == pytest.approx([20, 30, 25])
        assert durations_ms(still(times=(5,)), seconds=2) == [2000]

    def test_percentages_need_a_length(self):
        percent = replace(still(times=(0, 25, 50, 75), period=100), unit="%", index_name="phase")
        with pytest.raises(InvalidInputError, match=r"index is phase in %.*--film-seconds"):
            durations_ms(percent)
        assert durations_ms(percent, seconds=4) == [1000] * 4

    @pytest.mark.parametrize("seconds", [0, -1, float("nan"), 601])
    def test_a_length_must_make_sense(self, seconds):
        with pytest.raises(InvalidInputError, match="more than 0 seconds"):
            durations_ms(still(), seconds=seconds)

    def test_an_hour_is_refused(self):
        with pytest.raises(InvalidInputError, match="60 minutes"):
            durations_ms(still(times=(0, 3_600_000)))

    def test_a_gif_keeps_the_length_whatever_the_steps(self):
        for length in (3.7, 8.33, 13.0, 33.3, 41.7):
            for count in (1, 2, 7, 60):
                steps = gif_steps([length] * count)
                assert steps[0][0] == 0
                assert all(shown >= 20 and shown % 10 == 0 for _, shown in steps)
                assert sum(shown for _, shown in steps) == pytest.approx(max(20, length * count), abs=5.01)


class TestPictures:
    def test_the_word_is_on_synthetic_frames_alone_in_the_corner(self):
        sequence = still((1, 200, 300), synthetic=(1,))
        pictures = pictures_of(sequence)
        assert not len(orange(pictures.of(0)))
        rows, columns = orange(pictures.of(1)).T
        assert rows.max() < 0.15 * pictures.of(1).height
        assert columns.max() < 0.6 * pictures.of(1).width
        assert np.ptp(rows) >= 8

    @pytest.mark.parametrize("shape", [(1, 1, 2), (1, 4, 300), (1, 300, 4), (1, 16, 16), (1, 900, 1100)])
    def test_the_word_can_be_read_at_any_size(self, shape):
        picture = pictures_of(still(shape, times=(0, 30), synthetic=(1,))).of(1)
        rows, columns = orange(picture).T
        assert np.ptp(rows) >= 8
        assert 55 <= np.ptp(columns) <= 0.6 * picture.width
        assert max(picture.size) <= 1920

    def test_pixels_have_their_true_shape_and_small_images_are_enlarged(self):
        assert pictures_of(still((1, 40, 50), (1.0, 2.0, 8.0))).of(0).size == (300, 480)
        assert pictures_of(still((1, 300, 280))).of(0).size == (280, 300)
        assert max(pictures_of(still((1, 10, 10), (1e-3, 50.0, 1.0), times=(0, 30))).of(0).size) <= 1920

    def test_a_montage_shows_every_slice(self):
        volumes = still((5, 40, 50))
        all_of_them = pictures_of(volumes, "all").of(0)
        lit = np.asarray(all_of_them.convert("L")) > 0
        columns, rows = 2, 3
        for k in range(5):
            row, column = divmod(k, columns)
            height, width = lit.shape[0] // rows, lit.shape[1] // columns
            assert lit[row * height : (row + 1) * height, column * width : (column + 1) * width].mean() > 0.8

    def test_what_is_no_number_is_slate(self):
        sequence = still()
        sequence[1].array[0, :20] = np.nan
        pixels = np.asarray(pictures_of(sequence).of(1))
        assert (np.abs(pixels[10].astype(int) - SLATE) <= 1).all()
        assert not (np.abs(pixels[-10].astype(int) - SLATE) <= 1).all(axis=-1).any()

    def test_rows_that_run_to_the_head_or_to_the_front_are_turned_round(self):
        array = np.arange(12.0).reshape(3, 4)
        axial = Geometry((1, 3, 4))
        ras = Geometry((1, 3, 4), direction=((-1, 0, 0), (0, -1, 0), (0, 0, 1)))
        coronal_down = Geometry((1, 3, 4), direction=((1, 0, 0), (0, 0, 1), (0, -1, 0)))
        coronal_up = Geometry((1, 3, 4), direction=((1, 0, 0), (0, 0, -1), (0, 1, 0)))
        np.testing.assert_array_equal(upright(array, axial), array)
        np.testing.assert_array_equal(upright(array, ras), array[::-1, ::-1])
        np.testing.assert_array_equal(upright(array, coronal_down), array)
        np.testing.assert_array_equal(upright(array, coronal_up), array[::-1])

    def test_synthetic_slices_count_where_they_are_shown(self):
        marks = {SYNTHETIC_SLICES_KEY: "all but every second from the first on", SLICE_FACTOR_KEY: "2"}
        sequence = replace(still((5, 40, 50)), item_attributes=[marks] * 4)
        assert [pictures_of(sequence, slices).is_marked(0) for slices in ("2", "3", "all")] == [False, True, True]
        everything = replace(sequence, item_attributes=[{SYNTHETIC_SLICES_KEY: "all", SLICE_FACTOR_KEY: "2"}] * 4)
        assert pictures_of(everything, "2").is_marked(0)

    @pytest.mark.parametrize("choice", ["5", "-1", "two", ""])
    def test_a_slice_that_is_not_there(self, choice):
        with pytest.raises(InvalidInputError, match="slices 0 to 4"):
            chosen_slices(Geometry((5, 4, 4)), choice)


class TestFiles:
    @pytest.mark.parametrize("ending", [".gif", ".mp4"])
    def test_synthetic_frames_are_known_when_it_is_read_back(self, tmp_path, ending):
        pytest.importorskip("av")
        sequence = still(times=(0, 20, 70, 200), synthetic=(1, 3), period=5000)
        assert save_sequence_film(sequence, tmp_path / f"film{ending}") == []
        read = read_sequence(tmp_path / f"film{ending}")
        assert read.synthetic_frames == [1, 3]
        assert read.times == pytest.approx((0, 20, 70, 200), abs=0.02)

    def test_a_gif_ends_when_the_loop_does_and_starts_again(self, tmp_path):
        save_sequence_film(still(times=(0, 20, 70, 200), synthetic=(1,), period=300), tmp_path / "f.gif")
        with Image.open(tmp_path / "f.gif") as film:
            shown = []
            for number in range(film.n_frames):
                film.seek(number)
                shown.append(film.info["duration"])
                assert bool(len(orange(film.convert("RGB")))) == (number == 1)
            assert (shown, film.info["loop"]) == ([20, 50, 130, 100], 0)
            assert b"SYNTHETIC frames: 1 of 4" in film.info["comment"]

    def test_an_mp4_repeats_a_short_loop_at_its_speed(self, tmp_path):
        av = pytest.importorskip("av")
        save_sequence_film(still(times=(0, 500), synthetic=(1,), period=1200), tmp_path / "f.mp4")
        with av.open(str(tmp_path / "f.mp4")) as film:
            assert film.duration / 1e6 == pytest.approx(6.0, abs=0.01)
            assert "SYNTHETIC" in film.metadata["title"]
            assert "SYNTHETIC frames: 1, 3, 5, 7, 9 of 10" in film.metadata["comment"]
            frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
            assert [bool(len(orange(frame, 60))) for frame in frames] == [False, True] * 5
            assert all(n % 2 == 0 for n in frames[0].shape[:2])

    def test_equal_frames_of_a_gif_become_one_and_are_counted_as_one(self, tmp_path):
        pytest.importorskip("av")
        sequence = still(synthetic=(3,))
        sequence = replace(sequence, volumes=[sequence[0], sequence[0], sequence[2], sequence[3]])
        save_sequence_film(sequence, tmp_path / "f.gif")
        read = read_sequence(tmp_path / "f.gif")
        assert (read.times, read.synthetic_frames) == ((0, 60, 90), [2])

    def test_too_many_frames_for_a_gif_are_told_of(self, tmp_path):
        notes = save_sequence_film(still(times=range(0, 80, 10)), tmp_path / "f.gif")
        assert notes == ["A GIF shows no more than 50 frames a second; 4 of 8 frames are left out. MP4 has all."]

    def test_the_slice_that_is_shown_is_told(self, tmp_path):
        assert "slice 1 of 3" in save_sequence_film(beating_square(), tmp_path / "f.gif")[0]
        assert save_sequence_film(beating_square(), tmp_path / "f.gif", slices="all") == []

    def test_the_window_is_black_and_white(self, tmp_path):
        save_sequence_film(still(), tmp_path / "f.gif", window=(500, 600))
        assert not np.asarray(Image.open(tmp_path / "f.gif").convert("L")).any()
        with pytest.raises(InvalidInputError, match="rising"):
            save_sequence_film(still(), tmp_path / "f.gif", window=(9, 9))

    def test_without_pyav_an_mp4_is_refused_and_a_gif_is_not(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "av", None)
        with pytest.raises(MissingPackageError, match=r"temporal-interp\[video\].*\.gif"):
            save_sequence_film(still(), tmp_path / "f.mp4")
        save_sequence_film(still(), tmp_path / "f.gif")

    def test_an_unknown_ending(self, tmp_path):
        with pytest.raises(InvalidInputError, match=r"\.mp4 or \.gif"):
            save_sequence_film(still(), tmp_path / "f.avi")
