"""Figures: what part is shown, which way arrows point, and that synthetic frames are marked as such."""

import numpy as np
import pytest
from PIL import Image

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.protocol import Frame
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import evaluate
from temporal_interp.evaluation.hold_out import between, every
from temporal_interp.figures.animation import save_animation
from temporal_interp.figures.canvas import ACQUIRED, SYNTHETIC, new_figure, save
from temporal_interp.figures.contact_sheet import save_contact_sheet
from temporal_interp.figures.curves import save_curves
from temporal_interp.figures.fields import ARROW_SPACING_MM, arrows_of, draw_arrows, save_fields
from temporal_interp.figures.frames import save_frames
from temporal_interp.figures.view import View, view_of_motion
from temporal_interp.workflows.interpolation import interpolate


def beating_square(count=5, shape=(3, 60, 80), spacing=(1.0, 1.5, 8.0), k=2, values=None):
    """A bright square in slice k that grows and shrinks around (30, 50), on a still textured ground."""
    ground = np.random.default_rng(0).integers(50, 100, shape)
    volumes = []
    for n in range(count):
        array = ground.copy()
        half = 6 + 3 * (n % 3)
        array[k, 30 - half : 30 + half, 50 - half : 50 + half] = 900
        volumes.append(Volume(array.astype(np.int16), Geometry(shape, spacing)))
    return Sequence(volumes, values or [40.0 * n for n in range(count)])


@pytest.fixture
def filled():
    return interpolate(beating_square(), factor=2, engine="linear_blend")


def has_colour(path, colour, *, below=0):
    """Tell whether a picture has pixels of a colour given as #RRGGBB below a row."""
    wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])
    pixels = np.asarray(Image.open(path).convert("RGB"))[below:].astype(int)
    return bool((np.abs(pixels - wanted).max(axis=-1) <= 2).any())


class TestView:
    def test_it_shows_the_slice_that_moves_around_what_moves(self):
        view = view_of_motion(beating_square())
        assert view.k == 2
        assert 0 < view.rows.start <= 18
        assert 42 <= view.rows.stop < 60
        assert 0 < view.columns.start <= 38
        assert 62 <= view.columns.stop <= 80

    def test_synthetic_frames_have_no_say_in_it(self, filled):
        for synthetic in filled.volumes[1::2]:
            synthetic.array[0] = 900
        assert view_of_motion(filled) == view_of_motion(beating_square())

    def test_its_shape_is_measured_in_mm(self):
        view = View(0, slice(0, 10), slice(0, 20), Geometry((1, 10, 20), (1.0, 3.0, 5.0)))
        assert view.pixel_aspect == 3.0
        assert view.height_over_width == pytest.approx(30 / 20)

    def test_a_static_sequence_is_shown_whole(self):
        view = view_of_motion(beating_square(count=1))
        assert (view.k, view.rows, view.columns) == (1, slice(0, 60), slice(0, 80))


class TestFields:
    def field(self, geometry, vector, jacobian=1.0):
        array = np.broadcast_to(np.float32(vector), (*geometry.shape, 3))
        return DisplacementField(array, np.full(geometry.shape, jacobian, np.float32), geometry)

    def test_arrows_follow_the_axes_of_an_oblique_picture(self):
        # columns run along -y, rows along -z: a displacement of 3 mm to -y is 2 columns of 1.5 mm to the right
        geometry = Geometry((1, 40, 40), (1.5, 2.0, 8.0), direction=((0, 0, 1), (-1, 0, 0), (0, -1, 0)))
        view = View(0, slice(5, 35), slice(10, 40), geometry)
        arrows = arrows_of(self.field(geometry, (7.0, -3.0, -4.0)), view)
        np.testing.assert_allclose(arrows.along_x, 2.0, rtol=1e-6)
        np.testing.assert_allclose(arrows.along_y, 2.0, rtol=1e-6)
        np.testing.assert_allclose(arrows.length_mm, np.sqrt(7**2 + 3**2 + 4**2), rtol=1e-6)

    def test_arrows_are_dense_enough_for_a_heart(self):
        geometry = Geometry((1, 60, 60), (1.4, 0.7, 8.0))
        arrows = arrows_of(
            self.field(geometry, (2.0, 0.0, 0.0)), View(0, slice(0, 60), slice(0, 60), geometry)
        )  # fmt: skip
        assert np.diff(np.unique(arrows.x))[0] * 1.4 == pytest.approx(ARROW_SPACING_MM, abs=0.7)
        assert np.diff(np.unique(arrows.y))[0] * 0.7 == pytest.approx(ARROW_SPACING_MM, abs=0.35)

    @pytest.mark.parametrize(("forward", "along_x", "pivot"), [(True, 4.0, "tail"), (False, -4.0, "tip")])
    def test_drawn_arrows_point_forward_in_time_from_either_end(self, forward, along_x, pivot):
        geometry = Geometry((1, 40, 40), (1.0, 1.0, 8.0))
        view = View(0, slice(0, 40), slice(0, 40), geometry)
        axes = new_figure(3.0).add_subplot()
        drawn = draw_arrows(axes, arrows_of(self.field(geometry, (2.0, 0.0, 0.0)), view), 2.0, 2, forward=forward)
        np.testing.assert_allclose(drawn.U, along_x)
        np.testing.assert_allclose(drawn.V, 0.0, atol=1e-9)
        assert drawn.pivot == pivot

    def test_what_hardly_moves_has_no_arrow(self):
        geometry = Geometry((1, 60, 60), (1.4, 1.4, 8.0))
        view = View(0, slice(0, 60), slice(0, 60), geometry)
        assert arrows_of(self.field(geometry, (0.1, 0.1, 0.1)), view).x.size == 0

    @pytest.mark.parametrize(("jacobian", "red"), [(1.0, False), (-0.5, True)])
    def test_folds_are_red(self, tmp_path, jacobian, red):
        sequence = beating_square()
        volume = sequence.volumes[0]
        moved = self.field(volume.geometry, (2.0, 1.0, 0.0))
        moved.jacobian[2, 25:35, 45:55] = jacobian
        path = tmp_path / "fields.png"
        frame = Frame(volume, 0.4, 0.4, moved, moved)
        save_fields(frame, view_of_motion(sequence), IntensityRange(0, 900), path)
        assert has_colour(path, "#FF0000") == red

    def test_a_field_without_motion_can_be_drawn(self, tmp_path):
        sequence = beating_square(shape=(1, 60, 80), k=0)
        still = self.field(sequence.volumes[0].geometry, (0.0, 0.0, 0.0))
        frame = Frame(sequence.volumes[0], 0.5, 0.5, still)
        save_fields(frame, view_of_motion(sequence), IntensityRange(0, 900), tmp_path / "fields.png")
        assert (tmp_path / "fields.png").exists()

    def test_an_engine_without_motion_has_no_fields_to_draw(self, tmp_path):
        sequence = beating_square()
        with pytest.raises(InvalidInputError, match="no displacement fields"):
            save_fields(
                Frame(sequence.volumes[0], 0.5, 0.5),
                view_of_motion(sequence),
                IntensityRange(0, 1),
                tmp_path / "fields.png",
            )
        assert not list(tmp_path.iterdir())


class TestEvaluationFigures:
    @pytest.mark.parametrize("preset", ["native", "uvi"])
    def test_frames_are_drawn_with_synthetic_ones_marked(self, tmp_path, preset):
        sequence = beating_square()
        result = evaluate(sequence, between(sequence, 0, 4), [LinearBlend()], preset=preset, keep_frames=(1, 2))
        save_frames(sequence, result, tmp_path / "frames.png", preset=preset)
        assert has_colour(tmp_path / "frames.png", SYNTHETIC)
        assert has_colour(tmp_path / "frames.png", ACQUIRED)

    def test_frames_of_one_slice_can_be_drawn(self, tmp_path):
        sequence = beating_square(shape=(1, 60, 80), k=0)
        result = evaluate(sequence, between(sequence, 0, 4), [LinearBlend()], keep_frames=(2,))
        save_frames(sequence, result, tmp_path / "frames.png")
        assert (tmp_path / "frames.png").exists()

    @pytest.mark.parametrize("engines", [[], [LinearBlend()]])
    def test_without_kept_frames_of_an_engine_there_is_nothing_to_draw(self, tmp_path, engines):
        sequence = beating_square()
        result = evaluate(sequence, between(sequence, 0, 4), engines, keep_frames=() if engines else (2,))
        with pytest.raises(InvalidInputError, match="kept no frames"):
            save_frames(sequence, result, tmp_path / "frames.png")

    @pytest.mark.parametrize("hold_out", [lambda s: between(s, 0, 4), lambda s: every(s, 2)])
    def test_curves_are_drawn_for_one_gap_and_for_many(self, tmp_path, hold_out):
        sequence = beating_square()
        save_curves(evaluate(sequence, hold_out(sequence), [LinearBlend()]), tmp_path / "curves.png")
        assert Image.open(tmp_path / "curves.png").width == 1350

    def test_curves_of_a_preset_that_was_not_run_are_refused(self, tmp_path):
        sequence = beating_square()
        with pytest.raises(InvalidInputError, match="'uvi'"):
            save_curves(evaluate(sequence, between(sequence, 0, 2), []), tmp_path / "curves.png", preset="uvi")


class TestContactSheet:
    def test_borders_tell_acquired_from_synthetic_frames(self, filled, tmp_path):
        save_contact_sheet(filled, tmp_path / "filled.png")
        save_contact_sheet(beating_square(), tmp_path / "acquired.png")
        legend = 60
        assert has_colour(tmp_path / "filled.png", ACQUIRED, below=legend)
        assert has_colour(tmp_path / "filled.png", SYNTHETIC, below=legend)
        assert not has_colour(tmp_path / "acquired.png", SYNTHETIC, below=legend)

    def test_one_frame_makes_a_sheet(self, tmp_path):
        save_contact_sheet(beating_square(count=1), tmp_path / "sheet.png")
        assert (tmp_path / "sheet.png").exists()


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


class TestSaving:
    def test_a_name_that_is_no_picture_is_refused_and_leaves_nothing(self, tmp_path):
        with pytest.raises(InvalidInputError, match="png"):
            save(new_figure(2.0), tmp_path / "figure.xyz")
        assert not list(tmp_path.iterdir())

    def test_a_failure_while_drawing_leaves_the_old_file(self, tmp_path, monkeypatch):
        path = tmp_path / "figure.png"
        path.write_bytes(b"old")
        figure = new_figure(2.0)

        def fail(target, **kwargs):
            target.write_bytes(b"half")
            raise OSError("disk full")

        monkeypatch.setattr(figure, "savefig", fail)
        with pytest.raises(OSError, match="disk full"):
            save(figure, path)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_the_global_state_of_matplotlib_is_left_alone(self, tmp_path):
        from matplotlib import pyplot

        save_contact_sheet(beating_square(count=2), tmp_path / "sheet.png")
        assert pyplot.get_fignums() == []
