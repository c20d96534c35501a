"""What part of a sequence is shown."""

import numpy as np
import pytest

from drawn_sequences import beating_square
from temporal_interp.data.geometry import Geometry
from temporal_interp.figures.view import MARKS_MARGIN_MM, View, view_of_motion, view_of_tracking
from tracked_pictures import OBLIQUE, sequence_of


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


class TestViewOfTracking:
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
