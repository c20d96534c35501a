"""Films of tracking: what is drawn where, and that times are true."""

import numpy as np
import pytest
from PIL import Image

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures import tracking_film
from temporal_interp.figures.canvas import SYNTHETIC
from temporal_interp.figures.tracking_film import lattice_points, save_tracking_film
from temporal_interp.figures.view import View
from tracked_pictures import FLAT, OBLIQUE, RADIAL, STRAINS, WHOLE, sequence_of

POINTS = np.array([[[20.0 + 15 * n, 40.0, 0.0]] for n in range(4)])
CONTOUR = np.array([[[20, 20, 0], [80, 20, 0], [80, 60, 0], [20, 60, 0]]] * 4, float)


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
