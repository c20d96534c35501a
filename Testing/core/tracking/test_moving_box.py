"""The box around what moves."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.tracking.moving_box import MARGIN_MM, mask_of, moving_box, size_of

STACK = Geometry((4, 100, 120), (1.5, 1.5, 10.0))


def cine(*discs, geometry=STACK, noise=2.0, thickness=6.0, frames=8):
    """Discs that pulsate: (row, column, radius in mm, change of intensity, slices), on noisy tissue."""
    random = np.random.default_rng(0)
    k, j, i = np.indices(geometry.shape)
    volumes = []
    for n in range(frames):
        array = 100 + noise * random.normal(size=geometry.shape)
        for row, column, radius, change, slices in discs:
            reach = radius / geometry.spacing[0] * (1 - 0.3 * np.sin(np.pi * n / frames))
            array += change * ((np.hypot(j - row, i - column) < reach) & np.isin(k, slices))
        volumes.append(Volume(array.astype(np.float32), geometry))
    return Sequence(volumes, range(frames), slice_thickness=thickness)


HEART = (55, 70, 30.0, 150, range(4))


def test_it_holds_what_moves_with_a_margin_and_all_slices():
    k, j, i = moving_box(cine(HEART))
    assert k == slice(0, 4)
    for part, centre in ((j, 55), (i, 70)):
        assert centre - (30 + 2 * MARGIN_MM) / 1.5 < part.start <= centre - 30 / 1.5
        assert centre + 30 / 1.5 <= part.stop < centre + (30 + 2 * MARGIN_MM) / 1.5


def test_an_artery_that_changes_more_is_not_the_heart():
    """As in the apical slice of a stack: the pulse in the aorta is the strongest change of all."""
    artery = (15, 15, 8.0, 500, [0])
    assert moving_box(cine(HEART, artery)) == moving_box(cine(HEART))


def test_what_moves_in_some_slices_only_counts_too():
    _, j, i = moving_box(cine((55, 70, 30.0, 150, [1, 2])))
    assert (j.start + j.stop) / 2 == pytest.approx(55, abs=3)
    assert (i.start + i.stop) / 2 == pytest.approx(70, abs=3)


def test_at_the_border_it_ends_with_the_image():
    _, j, i = moving_box(cine((5, 118, 30.0, 150, range(4))))
    assert j.start == 0
    assert i.stop == 120


def test_in_a_volume_it_has_three_sides():
    """Slices without gaps are one volume: the box ends along K, too."""
    volume = Geometry((40, 50, 50), (2.0, 2.0, 2.0))
    box = moving_box(cine((25, 25, 16.0, 150, range(18, 26)), geometry=volume, thickness=2.0))
    assert 0 < box[0].start < 18
    assert 26 < box[0].stop < 40


@pytest.mark.parametrize("noise", [0.0, 30.0])
def test_where_nothing_stands_out_there_is_none(noise):
    assert moving_box(cine(noise=noise)) is None


def test_voxels_outside_the_field_of_view_do_not_count():
    sequence = cine(HEART)
    for volume in sequence.volumes:
        volume.array[:, :20] = np.nan
    assert moving_box(sequence) == moving_box(cine(HEART))


def test_a_heart_in_noise_is_found():
    clear, noisy = moving_box(cine(HEART)), moving_box(cine(HEART, noise=25.0))
    for part, other in zip(clear, noisy, strict=True):
        assert abs(part.start - other.start) <= 5
        assert abs(part.stop - other.stop) <= 5


def test_the_mask_and_the_size_of_a_box():
    box = (slice(0, 4), slice(10, 20), slice(5, 25))
    mask = mask_of(box, STACK.shape)
    assert mask.sum() == 4 * 10 * 20
    assert mask[box].all()
    assert size_of(box, STACK) == (30.0, 15.0, 40.0)
