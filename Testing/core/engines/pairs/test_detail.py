"""Fine detail: as strong as in the acquired frames, no more, and only where that is trusted."""

import pytest
import torch

from temporal_interp.engines.pairs import detail
from temporal_interp.engines.pairs.detail import detail_energy, with_detail

SPACING = (1.5, 1.5)


@pytest.fixture
def as_it_is(monkeypatch):
    monkeypatch.setattr(detail, "STRENGTH", 1.0)


def speckle(seed):
    return torch.randn(2, 1, 40, 40, generator=torch.Generator().manual_seed(seed))


def energy(slices):
    return float(detail_energy(slices, SPACING).mean())


@pytest.mark.usefixtures("as_it_is")
def test_a_soft_frame_gets_the_detail_of_the_acquired_ones():
    soft = 0.5 + 0.8 * speckle(0)
    sharp = with_detail(soft, detail_energy(speckle(0), SPACING), torch.ones_like(soft), SPACING)
    assert energy(soft) == pytest.approx(0.64 * energy(speckle(0)), rel=0.01)
    assert 0.9 < energy(sharp) / energy(speckle(0)) < 1.01


@pytest.mark.usefixtures("as_it_is")
def test_a_frame_that_is_sharp_enough_stays_as_it_is():
    frame = speckle(0)
    for less in (1.0, 0.3):
        same = with_detail(frame, less * detail_energy(frame, SPACING), torch.ones_like(frame), SPACING)
        torch.testing.assert_close(same, frame)


def test_detail_is_amplified_by_so_much_at_most():
    frame = speckle(0)
    most = with_detail(frame, 100 * detail_energy(frame, SPACING), torch.ones_like(frame), SPACING)
    fine = most - frame
    there = frame - detail.smooth(frame, (detail.FINEST, detail.FINEST))
    torch.testing.assert_close(fine, (detail.MOST - 1) * there)


def test_without_trust_nothing_changes():
    frame = speckle(0)
    assert torch.equal(with_detail(frame, 4 * detail_energy(frame, SPACING), torch.zeros_like(frame), SPACING), frame)


def test_no_brightness_is_added_and_flat_slices_stay_flat():
    flat = torch.full((1, 1, 20, 20), 0.7)
    torch.testing.assert_close(with_detail(flat, torch.ones_like(flat), torch.ones_like(flat), SPACING), flat)
    frame = 0.5 + 0.1 * speckle(3)
    sharp = with_detail(frame, 9 * detail_energy(frame, SPACING), torch.ones_like(frame), SPACING)
    assert float(sharp.mean()) == pytest.approx(float(frame.mean()), abs=1e-3)
