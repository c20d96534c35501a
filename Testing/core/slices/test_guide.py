"""Guided networks: they see what motion makes, and leave it where they know nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.models.model_file import load_model
from temporal_interp.slices import fit
from temporal_interp.slices.add_slices import add_slices, add_slices_to_sequence
from temporal_interp.slices.fit_volume import fit_to_volumes, guided_from, new_model
from temporal_interp.slices.guide import beside_linear
from temporal_interp.slices.guides import guided_along, guides_of
from temporal_interp.slices.held_out import HeldOut
from temporal_interp.slices.model_file import save_slice_model, slice_model_of
from temporal_interp.slices.sub_volumes import Guided, SubVolumes, TrainingVolume
from tiny_slice_fits import QUICK, TINY

FACTORS = (2, 3, 4)


def a_guide(shape, factor, seed=0):
    """What motion might have made of a volume, which is far from linear interpolation."""
    random = np.random.default_rng(seed)
    given = random.random(shape, dtype=np.float32)
    guide = random.random((2, (shape[0] - 1) * factor + 1, *shape[1:]), dtype=np.float32)
    guide[0, ::factor], guide[1, ::factor] = given, 0
    return given, guide


def away(model):
    torch.manual_seed(3)
    for weights in model.parameters():
        weights.data += 0.2 * torch.randn_like(weights)
    return model.eval()


@pytest.mark.parametrize("factor", FACTORS)
def test_a_fresh_network_leaves_what_motion_made(factor):
    given, guide = a_guide((4, 9, 7), factor)
    stack, beside = torch.from_numpy(given)[None], torch.from_numpy(guide)[None]
    model = new_model(factor, **TINY, guided=True).eval()
    for made in (model.axial(stack, beside)[0], model.coronal(stack, beside), model.sagittal(stack, beside)):
        torch.testing.assert_close(made, beside[:, 0], atol=0.03, rtol=0)


@pytest.mark.parametrize("factor", FACTORS)
def test_every_view_sees_the_guide_where_it_lies(factor):
    """A voxel of the guide changes the result around it alone, in all views, and the doubt counts as well."""
    given, guide = a_guide((5, 15, 14), factor)
    model = away(new_model(factor, **TINY, guided=True))
    place = (2 * factor + 1, 7, 6)
    for channel in (0, 1):
        other = guide.copy()
        other[(channel, *place)] += 0.5
        changes = []
        for view in (lambda *both: model.axial(*both)[0], model.coronal, model.sagittal):
            one, two = (view(torch.from_numpy(given)[None], torch.from_numpy(g)[None])[0] for g in (guide, other))
            changes.append((one - two).abs().detach().numpy())
        for change in changes:
            assert change.max() > 0
        assert not np.delete(changes[0], range(2 * factor, 3 * factor + 1), 0).any()  # the gap that it lies in
        assert not np.delete(changes[1], place[1], 1).any()
        assert not np.delete(changes[2], place[2], 2).any()


def test_rows_between_become_channels_of_the_row_before():
    guide = torch.zeros(1, 2, 7, 1)
    guide[0, 0, :, 0] = torch.arange(7.0) + 10
    guide[0, 1, :, 0] = torch.arange(7.0)
    linear = torch.full((1, 1, 7, 1), 10.0)
    channels = beside_linear(guide, linear, 3)[0, :, :, 0].T
    assert channels.tolist() == [[1, 2, 1, 2], [4, 5, 4, 5], [0, 0, 0, 0]]


def test_networks_of_another_kind_begin_guided_ones():
    """With two fifths of what they make, and the rest from motion."""
    given, guide = a_guide((4, 10, 12), 2)
    model = away(new_model(2, **TINY))
    theirs = model.coronal(torch.from_numpy(given)[None])[0]
    made = guided_from(model).coronal(torch.from_numpy(given)[None], torch.from_numpy(guide)[None])[0]
    expected = torch.lerp(torch.from_numpy(guide[0]), theirs, float(torch.sigmoid(torch.tensor(-0.4))))
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=1e-4)


def test_motion_alone_is_left_where_the_correction_has_no_share(thick):
    model = away(new_model(2, **TINY, guided=True))
    guide = np.random.default_rng(0).random((2, 41, 48, 48), dtype=np.float32)
    model.share.fill_(0.0)
    scale_free = add_slices(thick, model, guide=guide).array[1::2]
    low, high = min(0.0, thick.array.min()), np.percentile(thick.array, 99.9)
    np.testing.assert_allclose(scale_free, guide[0, 1::2] * (high - low) + low, atol=1e-4)


def test_a_guided_model_keeps_its_kind_and_share_in_a_file(tmp_path):
    model = away(new_model(3, **TINY, guided=True))
    model.share.fill_(0.25)
    save_slice_model(model, tmp_path / "some.safetensors", {})
    again = slice_model_of(load_model(tmp_path / "some.safetensors"))
    assert again.guided
    assert float(again.share) == 0.25
    given, guide = a_guide((3, 8, 8), 3)
    one, two = (m.sagittal(torch.from_numpy(given)[None], torch.from_numpy(guide)[None]) for m in (model, again))
    assert torch.equal(one, two)


class TestHeldOut:
    def part(self, factor=2):
        fine = np.random.default_rng(0).random((9, 12, 12), dtype=np.float32)
        guide = np.stack([fine, np.zeros_like(fine)])
        guide[0, 1::2] += 0.1
        return Guided(fine, fine, guide)

    def test_a_network_that_knows_nothing_gains_nothing(self):
        model = away(new_model(2, **TINY, guided=True))
        left, share = HeldOut([self.part()]).judge(model)
        assert 0 <= share < 0.3
        assert 0.8 < left <= 1
        assert float(model.share) == 1  # as it was

    def test_a_correction_that_goes_half_the_way_gets_a_full_share(self):
        model = new_model(2, **TINY, guided=True).eval()
        part = self.part()
        correction = {0.05: 1.0, 0.2: 0.5, -0.1: 0.0}
        for size, expected in correction.items():
            model.axial = lambda given, guide, size=size: (guide[:, 0] - size, None)
            model.coronal = model.sagittal = lambda given, guide, size=size: guide[:, 0] - size
            left, share = HeldOut([part]).judge(model)
            assert share == pytest.approx(expected, abs=1e-3)
            assert left == pytest.approx((1 - expected * size / 0.1) ** 2 if expected else 1.0, abs=1e-3)


class TestLearning:
    def test_rows_that_are_hidden_come_with_what_motion_makes_of_them(self, thick):
        array = ((thick.array - thick.array.min()) / np.ptp(thick.array))[:7]
        for axis in (0, 1, 2):
            part = guided_along(array, (2.0, 1.0, 1.0), axis, 2, most=1500)
            assert part.guide.shape == (2, *part.fine.shape)
            assert 1000 < part.fine.size < 2000
            np.testing.assert_array_equal(part.guide[0, ::2], part.fine[::2])
            assert not part.guide[1, ::2].any()
            assert part.guide[1, 1::2].any()
        assert guided_along(array[:4], (2.0, 1.0, 1.0), 0, 2) is None  # two slices would be left

    def test_parts_that_are_drawn_match_their_guide(self):
        fine = np.arange(9 * 14 * 15, dtype=np.float32).reshape(9, 14, 15)
        guided = Guided(fine, fine, np.stack([fine + 0.25, fine]))
        volume = TrainingVolume(fine[:5], (2.0, 1.0, 1.0), dict.fromkeys((0, 1, 2), guided), np.stack([fine, fine]))
        parts = SubVolumes([volume], 2, QUICK, torch.device("cpu"))
        for draw in (parts.images, parts.slabs) * 4:
            part = draw()
            torch.testing.assert_close(part.guide[:, 0], part.wanted + 0.25)
            torch.testing.assert_close(part.guide[:, 1, ::2], part.given)
        given, guide = parts.acquired()
        assert guide.shape[2] == 2 * given.shape[1] - 1

    def test_less_of_the_correction_counts_where_more_may_lie_between(self, thick, monkeypatch):
        judged = []
        monkeypatch.setattr(HeldOut, "judge", lambda *_: judged.append(1) or (1 / len(judged), 0.8))
        array = (thick.array[:5, :12, :12] - thick.array.min()) / np.ptp(thick.array)
        volume = Volume(array, Geometry(array.shape, (4.0, 1.0, 1.0)))
        model = fit_to_volumes(new_model(4, **TINY, guided=True), [volume], QUICK)
        assert float(model.share) == pytest.approx(0.4)
        assert len(judged) == 2  # before the first step and after the last

    def test_a_fit_that_no_longer_gains_ends(self, thick, monkeypatch):
        monkeypatch.setattr(HeldOut, "judge", lambda *_: (1.0, 0.0))
        monkeypatch.setattr(fit, "JUDGED_EVERY", 1)
        array = (thick.array[:5, :12, :12] - thick.array.min()) / np.ptp(thick.array)
        volume, told = Volume(array, Geometry(array.shape, (2.0, 1.0, 1.0))), []
        model = new_model(2, **TINY, guided=True)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        settings = replace(QUICK, steps=50)
        fit_to_volumes(model, [volume], settings, progress=lambda _, message: told.append(message))
        assert "learning from the images, step 2 of 50" in told
        assert "learning from the images, step 3 of 50" not in told
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items() if name != "share")
        assert not model.share

    def test_a_fit_ends_with_the_weights_that_gained_most(self, thick):
        scale = 1 / float(np.ptp(thick.array))
        array = (thick.array[:6, :14, :14] - thick.array.min()) * np.float32(scale)
        volume = Volume(array, Geometry(array.shape, (1.0, 1.0, 2.0)))
        model = fit_to_volumes(new_model(2, **TINY, guided=True), [volume], QUICK)
        assert 0 <= float(model.share) <= 1
        assert add_slices(volume, model).array.shape == (11, 14, 14)


def test_frames_of_a_cine_are_moved_together_and_constant_ones_stay():
    array = np.zeros((3, 20, 22), np.float32)
    array[0, 6:14, 5:11] = array[1, 6:14, 7:13] = array[2, 6:14, 9:15] = 1
    frames = [Volume(array * gain, Geometry(array.shape, (1.0, 1.0, 3.0))) for gain in (1.0, 0.9)]
    sequence = Sequence(frames, [0.0, 40.0], "time", "ms")
    model = new_model(2, **TINY, guided=True).eval()
    made = add_slices_to_sequence(sequence, model)
    assert made.item_attributes[0]["TemporalInterp.SliceMethod"] == "motion and networks"
    np.testing.assert_array_equal(made[1].array[::2], frames[1].array)
    still = guides_of([np.full((3, 8, 8), 0.5, np.float32)], (3.0, 1.0, 1.0), 2)[0]
    assert still.shape == (2, 5, 8, 8)
    assert (still[0] == 0.5).all()
    assert not still[1].any()
