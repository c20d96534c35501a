"""Figures of tracking: which way arrows point, what is drawn where, and that scales and times are true."""

import numpy as np
import pytest
from matplotlib.quiver import Quiver
from PIL import Image

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures import coarse_to_fine, strain_curves, tracking_film
from temporal_interp.figures.canvas import SYNTHETIC, length_unit
from temporal_interp.figures.coarse_to_fine import save_coarse_to_fine
from temporal_interp.figures.strain_curves import save_strain_curves
from temporal_interp.figures.tracking_film import lattice_points, save_tracking_film
from temporal_interp.figures.view import MARKS_MARGIN_MM, View, view_of_motion, view_of_tracking
from temporal_interp.io.notes import PIXEL_SIZE_NOTE

OBLIQUE = Geometry((3, 80, 100), (1.0, 1.5, 8.0), (5.0, -7.0, 9.0), ((0, 0, 1), (-1, 0, 0), (0, -1, 0)))
FLAT = Geometry((1, 80, 100), (1.0, 1.0, 8.0))
WHOLE = View(0, slice(0, 80), slice(0, 100), FLAT)
GREY = IntensityRange(0.0, 255.0)

POINTS = np.array([[[20.0 + 15 * n, 40.0, 0.0]] for n in range(4)])
CONTOUR = np.array([[[20, 20, 0], [80, 20, 0], [80, 60, 0], [20, 60, 0]]] * 4, float)

TIMES = (0.0, 40.0, 80.0, 120.0, 160.0)
RADIAL = np.outer([0.0, 0.1, 0.3, 0.2, 0.0], np.linspace(0.0, 2.0, 11))
CIRCUMFERENTIAL = np.outer([0.0, -0.05, -0.1, -0.2, 0.02], np.ones(11))
STRAINS = {"radial": RADIAL, "circumferential": CIRCUMFERENTIAL}


def sequence_of(geometry=FLAT, count=4, notes=()):
    """Still frames: dark noise, and a bright band along the bottom."""
    array = np.random.default_rng(0).integers(0, 30, geometry.shape).astype(np.uint8)
    array[:, -8:] = 255
    return Sequence([Volume(array, geometry)] * count, [40.0 * n for n in range(count)], notes=notes)


def uniform(vector, geometry=FLAT):
    return np.broadcast_to(np.float32(vector), (*geometry.shape, 3))


@pytest.fixture
def drawn(monkeypatch):
    """Figures that were saved, as matplotlib's objects."""
    figures = []
    for module in (coarse_to_fine, strain_curves):
        monkeypatch.setattr(module, "save", lambda figure, path: figures.append(figure))
    return figures


def quivers_of(figure):
    return [child for axes in figure.axes for child in axes.get_children() if isinstance(child, Quiver)]


class TestView:
    def test_a_mask_is_shown_in_its_largest_slice_with_little_around_it(self):
        mask = np.zeros(OBLIQUE.shape, bool)
        mask[1, 20:60, 30:80] = mask[2, 20:40, 30:80] = True
        view = view_of_tracking(sequence_of(OBLIQUE), mask=mask)
        # rows are 1.5 mm: the longer side is 40 rows of 60 mm, 4 % of it are 2.4 mm, two voxels either way
        assert (view.k, view.rows, view.columns) == (1, slice(18, 62), slice(28, 82))

    def test_marks_choose_the_slice_and_the_mask_the_rectangle(self):
        mask = np.zeros(OBLIQUE.shape, bool)
        mask[1, 20:60, 30:80] = mask[2, 20:40, 30:80] = True
        marks = np.stack([OBLIQUE.physical_point((2.2, 30, 50)), OBLIQUE.physical_point((1.8, 35, 50))])
        view = view_of_tracking(sequence_of(OBLIQUE), mask=mask, marks_mm=marks)
        # here the longer side is 50 columns of 1 mm: 2 mm are two columns and, rounded, one row
        assert (view.k, view.rows, view.columns) == (2, slice(19, 41), slice(28, 82))

    def test_marks_alone_are_shown_with_room_around_them_within_the_image(self):
        marks = np.stack([OBLIQUE.physical_point((0, 40, 60)), OBLIQUE.physical_point((0, 50, 65))])
        view = view_of_tracking(sequence_of(OBLIQUE), marks_mm=marks[None])
        margin = int(MARKS_MARGIN_MM)
        assert (view.k, view.rows, view.columns) == (0, slice(40 - 20, 51 + 20), slice(60 - margin, 66 + margin))

    @pytest.mark.parametrize("marks", [None, np.empty((0, 3))])
    @pytest.mark.parametrize("mask", [None, np.zeros(OBLIQUE.shape, bool)])
    def test_nothing_marked_shows_what_moves(self, marks, mask):
        sequence = sequence_of(OBLIQUE)
        assert view_of_tracking(sequence, mask=mask, marks_mm=marks) == view_of_motion(sequence)

    def test_points_have_their_place_in_the_picture_unless_they_left_the_slice(self):
        view = View(1, slice(10, 50), slice(20, 70), OBLIQUE)
        points = np.stack([OBLIQUE.physical_point(index) for index in ((1.4, 12, 23.5), (1.6, 12, 23.5))])
        np.testing.assert_allclose(view.places_of(points), [[3.5, 2.0], [np.nan, np.nan]], atol=1e-9)

    def test_the_longer_side_is_measured_in_mm(self):
        assert View(0, slice(0, 40), slice(0, 50), OBLIQUE).longer_side_mm == 60.0


class TestCoarseToFine:
    def test_every_field_has_a_picture_of_its_own_and_all_share_one_scale(self, drawn, tmp_path):
        fields = {f"scale 1/{n}": uniform((8.0 / n, 0.0, 0.0)) for n in (8, 4, 2, 1)}
        save_coarse_to_fine(sequence_of().volumes[0], fields, WHOLE, GREY, tmp_path / "a.png")
        quivers = quivers_of(drawn[0])
        assert [axes.get_title() for axes in drawn[0].axes[:4]] == list(fields)
        assert {quiver.get_clim() for quiver in quivers} == {(0.0, 8.0)}
        lengths = [np.unique(quiver.get_array()).tolist() for quiver in quivers]
        assert lengths == [[1.0], [2.0], [4.0], [8.0]]

    def test_arrows_follow_the_tissue_forward_in_time_enlarged_as_the_title_says(self, drawn, tmp_path):
        # arrows lie 100 / 19 mm apart: 4 times 2 mm is the most that stays within two steps of 5.3 mm, 5 times is
        field = {"scale 1": uniform((2.0, 0.0, 0.0))}
        frame = sequence_of().volumes[0]
        save_coarse_to_fine(frame, field, WHOLE, GREY, tmp_path / "a.png", title="frame 1 to 2")
        (quiver,) = quivers_of(drawn[0])
        factor = int(drawn[0].get_suptitle().removeprefix("frame 1 to 2 (arrows x").removesuffix(")"))
        assert factor == int(2 * (100 / 19) / 2.0)
        np.testing.assert_allclose(quiver.U, 2.0 * factor, rtol=1e-6)
        np.testing.assert_allclose(quiver.V, 0.0, atol=1e-6)
        assert quiver.pivot == "tail"

    def test_fields_with_their_jacobian_are_drawn_alike(self, drawn, tmp_path):
        array = uniform((2.0, 1.0, 0.0))
        fields = {"a": array, "b": DisplacementField(array, np.ones(FLAT.shape, np.float32), FLAT)}
        save_coarse_to_fine(sequence_of().volumes[0], fields, WHOLE, GREY, tmp_path / "a.png")
        first, second = quivers_of(drawn[0])
        np.testing.assert_array_equal(first.get_offsets(), second.get_offsets())
        np.testing.assert_array_equal(first.U, second.U)

    def test_arrows_stay_inside_the_mask_and_what_lies_outside_has_no_say_in_the_scale(self, drawn, tmp_path):
        mask = np.zeros(FLAT.shape, bool)
        mask[:, :, :50] = True
        field = uniform((2.0, 0.0, 0.0)).copy()
        field[~mask] *= 50
        save_coarse_to_fine(sequence_of().volumes[0], {"a": field}, WHOLE, GREY, tmp_path / "a.png", mask=mask)
        (quiver,) = quivers_of(drawn[0])
        assert quiver.get_clim() == (0.0, 2.0)
        assert quiver.get_offsets()[:, 0].max() < 50

    def test_a_few_wild_displacements_do_not_set_the_scale(self, drawn, tmp_path):
        field = uniform((2.0, 0.0, 0.0)).copy()
        field[0, 0, :30] *= 100
        save_coarse_to_fine(sequence_of().volumes[0], {"a": field}, WHOLE, GREY, tmp_path / "a.png")
        assert quivers_of(drawn[0])[0].get_clim() == (0.0, 2.0)

    def test_the_scale_has_the_unit_of_the_lengths(self, drawn, tmp_path):
        frame, fields = sequence_of().volumes[0], {"a": uniform((2.0, 0.0, 0.0))}
        save_coarse_to_fine(frame, fields, WHOLE, GREY, tmp_path / "a.png")
        save_coarse_to_fine(frame, fields, WHOLE, GREY, tmp_path / "a.png", length_unit="pixels")
        bars = [figure.axes[-1] for figure in drawn]
        assert [bar.get_ylabel() for bar in bars] == ["displacement (mm)", "displacement (pixels)"]
        assert bars[0].get_ylim()[1] == pytest.approx(2.0)

    def test_more_than_four_go_on_in_the_next_row_and_the_file_fits_a_readme(self, tmp_path):
        frame = sequence_of().volumes[0]
        fields = {str(n): uniform((1.0, 1.0, 0.0)) for n in range(7)}
        save_coarse_to_fine(frame, dict(list(fields.items())[:4]), WHOLE, GREY, tmp_path / "four.png")
        save_coarse_to_fine(frame, fields, WHOLE, GREY, tmp_path / "seven.png")
        four, seven = Image.open(tmp_path / "four.png"), Image.open(tmp_path / "seven.png")
        assert four.width == seven.width <= 1350
        assert seven.height > 1.6 * four.height

    def test_where_nothing_moves_there_are_no_arrows(self, drawn, tmp_path):
        save_coarse_to_fine(sequence_of().volumes[0], {"a": uniform((0, 0, 0))}, WHOLE, GREY, tmp_path / "a.png")
        assert quivers_of(drawn[0])[0].U.size == 0

    @pytest.mark.parametrize(("fields", "message"), [({}, "no fields"), ({"SyN": np.zeros((1, 8, 9, 3))}, "'SyN'")])
    def test_what_cannot_be_drawn_is_refused_and_leaves_nothing(self, tmp_path, fields, message):
        with pytest.raises(InvalidInputError, match=message):
            save_coarse_to_fine(sequence_of().volumes[0], fields, WHOLE, GREY, tmp_path / "a.png")
        assert not list(tmp_path.iterdir())

    def test_lengths_are_called_pixels_where_nobody_knows_their_size(self):
        assert length_unit(sequence_of()) == "mm"
        assert length_unit(sequence_of(notes=("Another note.", PIXEL_SIZE_NOTE))) == "pixels"


class TestLattice:
    def test_points_lie_in_the_mask_in_the_slice_of_the_view_evenly_spaced(self):
        view = View(1, slice(10, 70), slice(20, 90), OBLIQUE)
        mask = np.zeros(OBLIQUE.shape, bool)
        mask[1, 30:60, 40:80] = True
        points = lattice_points(view, mask)
        places = view.places_of(points)
        assert len(points) > 20
        for column, row in np.rint(places).astype(int):
            assert view.of(mask)[row, column]
        np.testing.assert_allclose(np.diff(np.unique(places[:, 0].round(6))), 6.0)  # 1 mm columns
        np.testing.assert_allclose(np.diff(np.unique(places[:, 1].round(6))), 4.0)  # 1.5 mm rows

    def test_by_itself_it_suits_the_picture(self):
        small, large = Geometry((1, 60, 60)), Geometry((1, 600, 600))
        for geometry, spacing in ((small, 6), (large, round(600 / 22))):
            view = View(0, slice(0, geometry.shape[1]), slice(0, geometry.shape[2]), geometry)
            points = lattice_points(view)
            np.testing.assert_allclose(np.diff(np.unique(points[:, 0])), spacing)

    def test_an_empty_mask_has_no_points(self):
        assert lattice_points(WHOLE, np.zeros(FLAT.shape, bool)).shape == (0, 3)


def pictures_of(path):
    film = Image.open(path)
    for number in range(film.n_frames):
        film.seek(number)
        yield np.asarray(film.convert("RGB")).astype(int)


def where_is(picture, colour, tolerance=4):
    """Return (rows, columns) of the pixels of a colour given as #RRGGBB."""
    wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])
    return np.argwhere(np.abs(picture - wanted).max(axis=-1) <= tolerance)


class TestTrackingFilm:
    def test_points_are_where_they_were_tracked_in_every_frame_with_a_trail_behind(self, tmp_path):
        save_tracking_film(sequence_of(), WHOLE, tmp_path / "film.gif", points_mm=POINTS)
        pictures = list(pictures_of(tmp_path / "film.gif"))
        assert len(pictures) == 4
        left, top, pixels_per_voxel = 10, 10, 5.0  # the picture is 5 inches wide, at 100 dots per inch
        for number, picture in enumerate(pictures):
            rows, columns = where_is(picture, tracking_film._POINT_COLOUR).T
            tip = columns.max() - 2
            assert tip == pytest.approx(left + pixels_per_voxel * (20.5 + 15 * number), abs=2)
            assert np.median(rows) == pytest.approx(top + pixels_per_voxel * 40.5, abs=2)
        yellow = [(picture[..., 0] - picture[..., 2] > 40).any(axis=0) for picture in pictures]
        assert np.ptp(np.flatnonzero(yellow[0])) < 8
        assert np.ptp(np.flatnonzero(yellow[3])) == pytest.approx(pixels_per_voxel * 45, abs=8)

    def test_a_point_that_left_the_slice_is_not_drawn_nor_its_trail(self, tmp_path):
        points = POINTS.copy()
        points[2, 0, 2] = 5.0
        save_tracking_film(sequence_of(), WHOLE, tmp_path / "film.gif", points_mm=points)
        pictures = pictures_of(tmp_path / "film.gif")
        seen = [bool((picture[..., 0] - picture[..., 2] > 40).any()) for picture in pictures]
        assert seen == [True, True, False, True]

    @pytest.mark.parametrize("closed", [True, False])
    def test_the_contour_goes_round_only_where_it_is_closed(self, tmp_path, closed):
        path = tmp_path / "film.gif"
        save_tracking_film(sequence_of(), WHOLE, path, contour_mm=CONTOUR, contour_closed=closed)
        blue = where_is(next(pictures_of(path)), tracking_film._CONTOUR_COLOUR, tolerance=8)
        left_side = blue[np.abs(blue[:, 1] - (10 + 5 * 20.5)) <= 1]
        covered = np.ptp(left_side[:, 0]) > 150 and len(np.unique(left_side[:, 0])) > 150
        assert covered == closed

    def test_the_marker_moves_along_the_curve_of_strain(self, tmp_path):
        path = tmp_path / "film.gif"
        strains = {"radial": RADIAL[:4]}
        save_tracking_film(sequence_of(), WHOLE, path, contour_mm=CONTOUR, strains=strains)
        markers = []
        for picture in pictures_of(path):
            assert picture.shape[1] <= 900
            orange = where_is(picture[40:], tracking_film._STRAIN_COLOURS[0])  # below the legend
            column = np.bincount(orange[:, 1], minlength=picture.shape[1])
            markers.append(np.convolve(column, np.ones(5), "same"))
        # means are 0, 10, 30 and 20 %: the marker stands on the curve at the time of its frame
        alone = [int((now - np.minimum.reduce(markers)).argmax()) for now in markers]
        steps = np.diff(alone)
        assert (steps > 0).all()
        np.testing.assert_allclose(steps, steps.mean(), atol=4)

    def test_synthetic_frames_are_marked(self, tmp_path):
        made = Provenance("linear_blend", 0.0, 80.0, 0.5).as_attributes()
        frames = sequence_of()
        sequence = Sequence(frames.volumes, frames.times, item_attributes=[{}, made, {}, {}])
        save_tracking_film(sequence, WHOLE, tmp_path / "film.gif", points_mm=POINTS)
        assert [len(where_is(p, SYNTHETIC)) > 0 for p in pictures_of(tmp_path / "film.gif")] == [
            False,
            True,
            False,
            False,
        ]

    def test_frames_last_as_long_as_their_gaps(self, tmp_path):
        frames = sequence_of(count=3)
        sequence = Sequence(frames.volumes, [0.0, 10.0, 40.0])
        save_tracking_film(sequence, WHOLE, tmp_path / "film.gif", points_mm=POINTS[:3])
        film, durations = Image.open(tmp_path / "film.gif"), []
        for number in range(film.n_frames):
            film.seek(number)
            durations.append(film.info["duration"])
        assert durations == [670, 2000, 1330]
        assert film.info["loop"] == 0

    def test_one_frame_makes_a_film(self, tmp_path):
        strains = {name: strain[:1] for name, strain in STRAINS.items()}
        save_tracking_film(
            sequence_of(count=1), WHOLE, tmp_path / "film.gif", points_mm=POINTS[:1],
            contour_mm=CONTOUR[:1], strains=strains,
        )  # fmt: skip
        assert (tmp_path / "film.gif").exists()

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({}, "neither"),
            ({"points_mm": np.empty((4, 0, 3))}, "neither"),
            ({"points_mm": POINTS[:3]}, "points must have shape"),
            ({"contour_mm": CONTOUR[:, :, :2]}, "contour must have shape"),
            ({"contour_mm": CONTOUR, "strains": {"radial": np.zeros((3, 2))}}, "radial strain"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_leaves_nothing(self, tmp_path, wrong, message):
        with pytest.raises(InvalidInputError, match=message):
            save_tracking_film(sequence_of(), WHOLE, tmp_path / "film.gif", **wrong)
        assert not list(tmp_path.iterdir())


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
