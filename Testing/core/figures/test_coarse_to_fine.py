"""Figures of tracking from coarse to fine: which way arrows point, and that scales are true."""

import numpy as np
import pytest
from matplotlib.quiver import Quiver
from PIL import Image

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import length_unit
from temporal_interp.figures.coarse_to_fine import save_coarse_to_fine
from temporal_interp.io.notes import PIXEL_SIZE_NOTE
from tracked_pictures import FLAT, WHOLE, sequence_of

GREY = IntensityRange(0.0, 255.0)


def uniform(vector, geometry=FLAT):
    return np.broadcast_to(np.float32(vector), (*geometry.shape, 3))


def quivers_of(figure):
    return [child for axes in figure.axes for child in axes.get_children() if isinstance(child, Quiver)]


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
