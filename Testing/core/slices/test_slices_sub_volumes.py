"""What a training of slice synthesis draws from a volume."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.slices.degradation import NOISE, Degradation
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.slices.sub_volumes import SubVolumes, TrainingVolume

SETTINGS = SliceTrainingSettings(slices=5, side=9, batch=2)


def numbered(shape, spacing=(2.0, 1.0, 1.0)):
    """A volume whose every voxel says where it is."""
    return TrainingVolume(np.arange(np.prod(shape), dtype=np.float32).reshape(shape), spacing)


def parts_of(volume, factor=2, settings=SETTINGS):
    return SubVolumes([volume], factor, settings, torch.device("cpu"))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_given_is_every_factor_th_of_what_is_wanted(factor):
    parts = parts_of(numbered((20, 30, 30)), factor, replace(SETTINGS, slices=15))
    for draw in (parts.through_plane, parts.in_plane):
        for _ in range(10):
            part = draw()
            assert torch.equal(part.given, part.wanted[:, ::factor])
            assert part.wanted.shape[1] == (part.given.shape[1] - 1) * factor + 1


def test_parts_along_the_slice_axis_are_as_the_settings_say():
    part = parts_of(numbered((20, 30, 30))).through_plane()
    assert part.wanted.shape == (2, 5, 9, 9)
    steps = part.wanted.diff(dim=1).abs().unique()
    assert steps.tolist() == [900.0]


def test_parts_in_the_plane_run_along_rows_or_columns_at_the_wanted_distance():
    parts = parts_of(numbered((20, 64, 64), spacing=(6.0, 1.0, 1.0)))  # 3 mm between the slices that are wanted
    steps = {float(parts.in_plane().wanted.diff(dim=1).abs().unique()) for _ in range(20)}
    assert steps == {3.0, 3.0 * 64}


def test_a_finer_slice_axis_takes_all_rows():
    steps = {float(parts_of(numbered((20, 64, 64), (0.5, 1, 1))).in_plane().wanted.diff(dim=1).abs().unique())}
    assert steps <= {1.0, 64.0}


def test_parts_are_mirrored_along_every_axis_at_random():
    parts = parts_of(numbered((20, 30, 30)), settings=replace(SETTINGS, batch=1))
    for dim in (1, 2, 3):
        signs = {float(parts.through_plane().wanted.diff(dim=dim).sign().unique()) for _ in range(30)}
        assert signs == {-1.0, 1.0}


def test_small_volumes_give_smaller_parts():
    assert parts_of(numbered((4, 6, 7))).through_plane().wanted.shape == (2, 3, 6, 7)
    assert parts_of(numbered((2, 6, 7))).acquired().shape == (2, 2, 6, 7)


def test_two_slices_are_learnt_from_in_the_plane_alone():
    parts = parts_of(numbered((2, 40, 40)))
    assert not parts.can_restore
    assert parts.can_restore_in_plane


def test_too_few_slices_are_refused_where_the_plane_does_not_count():
    with pytest.raises(InvalidInputError, match="3 slices are needed at least"):
        parts_of(numbered((2, 40, 40)), settings=replace(SETTINGS, in_plane=0.0))


def test_blurring_is_of_the_whole_volume_and_noise_is_added():
    settings = replace(SETTINGS, degradation=Degradation.BLURRED)
    flat = TrainingVolume(np.full((40, 40, 40), 0.5, np.float32), (2.0, 1.0, 1.0))
    part = parts_of(flat, settings=settings).through_plane()
    assert part.given.mean() == pytest.approx(0.5, abs=1e-3)
    assert part.given.std() == pytest.approx(NOISE, rel=0.2)
    assert torch.all(part.wanted == 0.5)
    edge = np.zeros((40, 40, 40), np.float32)
    edge[20:] = 1.0
    parts = parts_of(TrainingVolume(edge, (2.0, 1.0, 1.0)), settings=replace(settings, slices=39))
    softest = (parts.through_plane().given - 0.5).abs().min()
    assert softest < 0.4


def test_the_same_seed_draws_the_same_parts():
    first, second = (parts_of(numbered((20, 30, 30))) for _ in range(2))
    other = parts_of(numbered((20, 30, 30)), settings=replace(SETTINGS, seed=1))
    drawn = first.through_plane().wanted
    assert torch.equal(drawn, second.through_plane().wanted)
    assert not torch.equal(drawn, other.through_plane().wanted)


def test_all_volumes_are_drawn_from():
    volumes = [TrainingVolume(np.full((9, 20, 20), value, np.float32), (2.0, 1.0, 1.0)) for value in (1, 2, 3)]
    parts = SubVolumes(volumes, 2, SETTINGS, torch.device("cpu"))
    assert {float(parts.acquired().unique()[0]) for _ in range(30)} == {1.0, 2.0, 3.0}
