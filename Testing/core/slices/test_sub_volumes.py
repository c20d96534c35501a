"""What a training of slice synthesis draws from a volume."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.degradation import NOISE, Degradation
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.slices.sub_volumes import SubVolumes, TrainingVolume

SETTINGS = SliceTrainingSettings(slices=5, side=9, batch=2, in_plane=0.0)
IN_PLANE = replace(SETTINGS, in_plane=1.0)


def numbered(shape, spacing=(2.0, 1.0, 1.0)):
    """A volume whose every voxel says where it is."""
    return TrainingVolume(np.arange(np.prod(shape), dtype=np.float32).reshape(shape), spacing)


def parts_of(volume, factor=2, settings=SETTINGS):
    return SubVolumes([volume], factor, settings, torch.device("cpu"))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_given_is_every_factor_th_of_what_is_wanted(factor):
    parts = parts_of(numbered((20, 30, 30)), factor, replace(SETTINGS, slices=15, in_plane=0.6))
    for draw in (parts.images, parts.slabs):
        for _ in range(20):
            part = draw()
            assert torch.equal(part.given, part.wanted[:, ::factor])
            assert part.wanted.shape[1] == (part.given.shape[1] - 1) * factor + 1


def test_images_have_slices_as_rows_and_lie_along_rows_or_columns():
    parts = parts_of(numbered((20, 30, 30)))
    drawn = [parts.images().wanted for _ in range(20)]
    assert {image.shape for image in drawn} == {(2, 5, 9)}
    assert {float(image.diff(dim=1).abs().unique()) for image in drawn} == {900.0}
    assert {float(image.diff(dim=2).abs().unique()) for image in drawn} == {1.0, 30.0}


def test_slabs_are_so_many_slices_that_the_outer_ones_are_given():
    slab = parts_of(numbered((20, 30, 30)), 3).slabs()
    assert slab.wanted.shape == (2, 4, 9, 9)
    assert slab.given.shape == (2, 2, 9, 9)
    assert slab.wanted.diff(dim=1).abs().unique().tolist() == [900.0]


def test_images_in_the_plane_lie_in_a_slice_at_the_wanted_distance():
    parts = parts_of(
        numbered((20, 64, 64), spacing=(6.0, 1.0, 1.0)), settings=IN_PLANE
    )  # 3 mm between the slices that are wanted
    drawn = [parts.images().wanted for _ in range(20)]
    steps = {tuple(float(image.diff(dim=dim).abs().unique()) for dim in (1, 2)) for image in drawn}
    assert steps == {(3.0, 64.0), (3.0 * 64, 1.0)}


def test_rows_that_are_finer_than_wanted_are_averaged():
    rows = np.zeros((20, 63, 63), np.float32)
    rows[:, ::3] = 3.0  # of every three rows, or columns, one is bright
    rows[:, :, ::3] += 3.0
    volume = TrainingVolume(rows, (6.0, 1.0, 1.0))
    for _ in range(5):
        slab = parts_of(volume, settings=IN_PLANE).slabs().wanted
        assert float(slab.diff(dim=1).abs().max()) < 1e-6


def test_slabs_in_the_plane_are_sagittal_or_coronal():
    parts = parts_of(numbered((20, 64, 64), spacing=(6.0, 1.0, 1.0)), settings=IN_PLANE)
    drawn = [parts.slabs().wanted for _ in range(20)]
    assert {slab.shape for slab in drawn} == {(2, 3, 9, 9)}
    assert {float(slab.diff(dim=1).abs().unique()) for slab in drawn} == {3.0, 3.0 * 64}
    assert {float(slab.diff(dim=2).abs().unique()) for slab in drawn} == {64.0 * 64}


def test_a_coarser_plane_gives_all_its_rows():
    image = parts_of(numbered((20, 64, 64), (0.5, 1, 1)), settings=IN_PLANE).images().wanted
    assert float(image.diff(dim=1).abs().unique()) in (1.0, 64.0)


def test_parts_are_mirrored_along_every_axis_at_random():
    parts = parts_of(numbered((20, 30, 30)), settings=replace(SETTINGS, batch=1))
    for dim in (1, 2, 3):
        signs = {float(parts.slabs().wanted.diff(dim=dim).sign().unique()) for _ in range(30)}
        assert signs == {-1.0, 1.0}


def test_every_part_of_a_batch_comes_from_another_place():
    part = parts_of(numbered((20, 30, 30)), settings=replace(SETTINGS, batch=8)).images().wanted
    assert len({float(image.min()) for image in part}) > 4


def test_small_volumes_give_smaller_parts():
    parts = parts_of(numbered((4, 6, 7)))
    assert parts.slabs().wanted.shape == (2, 3, 6, 7)
    assert parts.images().wanted.shape[1] == 3
    assert parts_of(numbered((2, 6, 7)), settings=IN_PLANE).acquired()[0].shape == (1, 2, 6, 7)


def test_in_plane_is_the_share_of_what_is_drawn_along_the_other_axes():
    settings = replace(SETTINGS, in_plane=0.75, batch=1)
    parts = parts_of(numbered((20, 30, 30), spacing=(2.0, 1.0, 1.0)), settings=settings)
    along = [float(parts.slabs().wanted.diff(dim=1).abs().unique()) for _ in range(300)]
    assert 0.15 < along.count(900.0) / 300 < 0.35
    assert {1.0, 30.0} < set(along)


def test_two_slices_are_learnt_from_in_the_plane_alone():
    parts = parts_of(numbered((2, 40, 40)), settings=replace(SETTINGS, in_plane=0.5))
    along = {float(parts.slabs().wanted.diff(dim=1).abs().unique()) for _ in range(20)}
    assert along == {1.0, 40.0}


def test_a_thin_volume_does_not_change_how_others_are_learnt_from():
    thin, thick = numbered((2, 40, 40)), numbered((20, 30, 30))
    parts = SubVolumes([thin, thick], 2, replace(SETTINGS, in_plane=0.5), torch.device("cpu"))
    along = {float(parts.slabs().wanted.diff(dim=1).abs().unique()) for _ in range(60)}
    assert along == {1.0, 30.0, 40.0, 900.0}


def test_too_few_slices_are_refused_where_the_plane_does_not_count():
    with pytest.raises(InvalidInputError, match="at least 3 slices are needed"):
        parts_of(numbered((2, 40, 40)), settings=SETTINGS)


def test_blurring_is_of_the_whole_volume_and_noise_is_added():
    settings = replace(SETTINGS, degradation=Degradation.BLURRED)
    flat = TrainingVolume(np.full((40, 40, 40), 0.5, np.float32), (2.0, 1.0, 1.0))
    part = parts_of(flat, settings=replace(settings, batch=16)).images()
    assert part.given.mean() == pytest.approx(0.5, abs=1e-3)
    assert part.given.std() == pytest.approx(NOISE, rel=0.2)
    assert torch.all(part.wanted == 0.5)
    edge = np.zeros((40, 40, 40), np.float32)
    edge[20:] = 1.0
    parts = parts_of(TrainingVolume(edge, (2.0, 1.0, 1.0)), settings=replace(settings, slices=39))
    softest = (parts.images().given - 0.5).abs().min()
    assert softest < 0.4


def test_the_same_seed_draws_the_same_parts():
    first, second = (parts_of(numbered((20, 30, 30))) for _ in range(2))
    other = parts_of(numbered((20, 30, 30)), settings=replace(SETTINGS, seed=1))
    drawn = first.images().wanted
    assert torch.equal(drawn, second.images().wanted)
    assert not torch.equal(drawn, other.images().wanted)


def test_all_volumes_are_drawn_from():
    volumes = [TrainingVolume(np.full((9, 20, 20), value, np.float32), (2.0, 1.0, 1.0)) for value in (1, 2, 3)]
    parts = SubVolumes(volumes, 2, SETTINGS, torch.device("cpu"))
    assert {float(parts.acquired()[0].unique()[0]) for _ in range(30)} == {1.0, 2.0, 3.0}
