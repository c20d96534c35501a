"""Figures of fields: which way arrows point, and that folds are marked."""

import numpy as np
import pytest

from drawn_sequences import beating_square, has_colour
from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.frame import Frame
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import new_figure
from temporal_interp.figures.fields import ARROW_SPACING_MM, arrows_of, draw_arrows, save_fields
from temporal_interp.figures.view import View, view_of_motion


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
