"""The map of how tissue shrinks and grows: true where it moves, calm where it rests, loud where it folds."""

import numpy as np
import pytest
import slicer
from scipy.ndimage import gaussian_filter

from TemporalInterpLib.tissue import mean_of_tissue
from TemporalInterpLib.volume_change import GREY, NEUTRAL, OUTSIDE, WINDOW, _colours, volume_change

SPACING = (1.4, 1.4, 10.0)
DRAWN = NEUTRAL * WINDOW


def everywhere(shape=(3, 80, 80)):
    return np.ones(shape, bool)


def estimated(std_percent: float) -> np.ndarray:
    """Determinants of tissue at rest, as a field gives them that is known at points four voxels apart."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(3, 80, 80)), (0, 2, 2))
    return 1 + 0.01 * std_percent * noise / noise.std()


def heart():
    """A wall of 8 voxels that grows by a third around blood that shrinks to 0.6, at rest outside; its radius."""
    _k, j, i = np.indices((3, 80, 80))
    radius = np.hypot(j - 40, i - 40)
    return np.where(radius < 14, 1 / 0.6, np.where(radius < 22, 0.75, 1.0)), radius


def test_little_is_drawn_in_tissue_at_rest():
    jacobian = estimated(3.3)  # as in a real cine
    change = volume_change(jacobian, everywhere(), SPACING)
    assert (np.abs(100 * (1 / jacobian - 1)) > DRAWN).mean() > 0.1
    assert (np.abs(change) > DRAWN).mean() < 0.04
    assert np.abs(change).max() < 3 * DRAWN


def test_a_wall_and_the_blood_in_it_keep_their_colours():
    jacobian, radius = heart()
    change = volume_change(jacobian, everywhere(), SPACING)
    assert change[(radius > 17) & (radius < 19)].mean() > 25
    assert change[radius < 8].mean() == pytest.approx(-40, abs=1)
    assert np.abs(change[radius > 32]).max() < 1


def test_slices_far_apart_do_not_mix():
    jacobian = np.ones((3, 40, 40))
    jacobian[1] = 1.25
    change = volume_change(jacobian, everywhere((3, 40, 40)), SPACING)
    np.testing.assert_allclose(change[1], -20, atol=0.1)
    np.testing.assert_allclose(change[::2], 0, atol=0.1)


def test_what_is_no_tissue_counts_nowhere():
    tissue = everywhere()
    tissue[:, :, 40:] = False
    jacobian = np.where(tissue, 1.25, 17.0)
    change = volume_change(jacobian, tissue, SPACING)
    np.testing.assert_allclose(change[tissue], -20, atol=1e-3)
    assert (change[~tissue] == OUTSIDE).all()


def test_folds_are_those_of_single_voxels():
    jacobian = np.ones((1, 20, 20))
    jacobian[0, 10, 10] = -0.1
    change = volume_change(jacobian, np.ones((1, 20, 20), bool), SPACING)
    assert [tuple(place) for place in np.argwhere(change == WINDOW)] == [(0, 10, 10)]


def test_the_mean_is_that_of_the_tissue_around_and_round_in_mm():
    values = np.zeros((21, 21, 21))
    values[10, 10, 10] = 1
    spread = mean_of_tissue(values, everywhere(values.shape), (1.0, 2.0, 4.0))
    assert spread.sum() == pytest.approx(1, abs=0.01)
    for axis, width in ((2, 2.0), (1, 1.0)):  # voxels of 1 and 2 mm
        profile = spread.sum(axis=tuple({0, 1, 2} - {axis}))
        assert np.sqrt((profile * (np.arange(21) - 10) ** 2).sum()) == pytest.approx(width, rel=0.05)


def test_no_tissue_at_all_is_no_error():
    nothing = np.zeros((1, 4, 4), bool)
    assert (volume_change(np.ones((1, 4, 4)), nothing, SPACING) == OUTSIDE).all()


def test_the_colours_are_grey_in_the_middle_and_draw_nothing_there(scene):
    table, colour = _colours(scene), [0.0] * 4
    for number in range(255):
        table.GetColor(number, colour)
        share = (number - 127) / 127
        assert (colour[3] > 0) == (abs(share) > NEUTRAL)
        assert (tuple(colour[:3]) == pytest.approx(GREY)) == (abs(share) <= NEUTRAL)
    assert _colours(scene) is table


def test_colours_of_an_older_scene_are_left_to_the_map_that_is_drawn_in_them(scene):
    old = scene.AddNewNodeByClass("vtkMRMLColorTableNode")
    old.SetAttribute("TemporalInterp.VolumeChangeColors", "true")
    assert _colours(scene) is not old
    assert slicer.util.getNodesByClass("vtkMRMLColorTableNode") == [old, _colours(scene)]
