"""From motion to a frame: what is deformed by what, and how it is put together."""

import pytest
import torch

from random_networks import images
from temporal_interp.networks.decoder import Deformation
from temporal_interp.networks.synthesis import synthesise

T = torch.tensor([0.25])


def shift(along_i, *shape):
    """A field (2, 2, *shape) that takes the first end from one side and the last one from the other."""
    field = torch.zeros(2, 2, *shape)
    field[0, 1], field[1, 1] = along_i, -along_i
    return field


def test_fields_of_coarse_scales_deform_the_ends_at_full_resolution():
    ends = torch.cat(images(1, 1, 8, 12, count=2))
    made = synthesise(ends, Deformation([shift(1.0, 4, 6), shift(1.0, 8, 12)], []), T, None)
    assert [d.shape for d in made.displacements] == [(2, 2, 8, 12)] * 2
    for field, voxels in zip(made.displacements, (2.0, 1.0), strict=True):
        torch.testing.assert_close(field[0, 1], torch.full((8, 12), voxels))
    for deformed, by in zip(made.deformed, (2, 1), strict=True):
        torch.testing.assert_close(deformed[0, 0, :, : 12 - by], ends[0, 0, :, by:])
        torch.testing.assert_close(deformed[1, 0, :, by:], ends[1, 0, :, : 12 - by])


def test_without_refinement_the_frame_blends_what_the_finest_field_deforms():
    ends = torch.cat(images(1, 1, 8, 12, count=2))
    made = synthesise(ends, Deformation([shift(3.0, 8, 12), shift(1.0, 8, 12)], []), T, None)
    torch.testing.assert_close(made.volume, 0.75 * made.deformed[-1][:1] + 0.25 * made.deformed[-1][1:])
    assert not made.residual.any()


def test_the_refinement_weighs_acquired_and_deformed_ends_and_adds():
    ends = torch.cat(images(1, 1, 8, 12, count=2))
    share = torch.tensor([0.1, 0.2, 0.3, 0.4]).view(1, 4, 1, 1).expand(1, 4, 8, 12)
    told = []

    def refinement(*given):
        told.append(given)
        return share, torch.full((1, 1, 8, 12), 5.0)

    motion = Deformation([shift(1.0, 8, 12)], ["features"])
    made = synthesise(ends, motion, T, refinement)
    first, last = made.deformed[-1].chunk(2)
    expected = 0.1 * ends[:1] + 0.2 * first + 0.3 * ends[1:] + 0.4 * last + 5
    torch.testing.assert_close(made.volume, expected)
    ((given_ends, deformed, features, t, bends),) = told
    assert bends is None  # nothing is known of the frames around
    assert given_ends is ends
    assert (deformed, features, t) == (made.deformed, ["features"], T)


def test_a_stack_may_move_through_its_slices():
    ends = torch.cat(images(1, 1, 4, 6, 6, count=2))
    field = torch.zeros(2, 3, 4, 6, 6)
    field[:, 0] = 1.0
    made = synthesise(ends, Deformation([field], []), torch.tensor([0.0]), None)
    torch.testing.assert_close(made.volume[0, 0, :3], ends[0, 0, 1:])


def test_a_field_that_has_no_place_for_the_axes_is_refused():
    ends = torch.cat(images(1, 1, 4, 6, 6, count=2))
    with pytest.raises((ValueError, RuntimeError), match="field"):
        synthesise(ends, Deformation([torch.zeros(2, 2, 4, 6, 6)], []), T, None)
