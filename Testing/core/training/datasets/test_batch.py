"""Samples side by side, and the keys they are drawn by."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from temporal_interp.data.training_sample import Neighbour, TrainingSample
from temporal_interp.errors import InvalidInputError
from temporal_interp.training.datasets.batch import VALIDATION, Batch, DrawnSamples, EpochSampler, ValidationSampler


def sample_of(number=0, *, shape=(1, 4, 5), truth=True):
    """A sample whose every part tells its number."""
    image = torch.full((1, *shape), float(number))
    fields = torch.full((2, 3, *shape), number + 0.5) if truth else None
    return TrainingSample(image, image + 1, image + 2, number / 10, (math.inf, 1.5, 1.0 + number), fields)


class Numbers:
    """A source whose samples tell the subject and the first number drawn."""

    def __init__(self, count=5):
        self.count = count

    def __len__(self):
        return self.count

    def draw(self, index, rng):
        return replace(sample_of(index), t=float(rng.random()))


def test_samples_are_stacked_in_their_order():
    batch = Batch.of([sample_of(3), sample_of(1)])
    assert batch.first.shape == batch.last.shape == batch.target.shape == (2, 1, 1, 4, 5)
    assert batch.displacements.shape == (2, 2, 3, 1, 4, 5)
    assert batch.first[:, 0, 0, 0, 0].tolist() == [3, 1]
    assert batch.last[:, 0, 0, 0, 0].tolist() == [4, 2]
    assert batch.target[:, 0, 0, 0, 0].tolist() == [5, 3]
    assert batch.t.tolist() == pytest.approx([0.3, 0.1])
    assert batch.spacing.tolist() == [[math.inf, 1.5, 4.0], [math.inf, 1.5, 2.0]]
    assert batch.t.dtype == batch.spacing.dtype == torch.float32


def test_one_sample_without_its_motion_leaves_the_batch_without():
    assert Batch.of([sample_of(0), sample_of(1, truth=False)]).displacements is None


def test_samples_of_different_shapes_are_refused():
    with pytest.raises(InvalidInputError, match=r"\(1, 4, 5\), \(2, 4, 5\).*batch_size to 1"):
        Batch.of([sample_of(), sample_of(shape=(2, 4, 5))])


@pytest.mark.parametrize("truth", [True, False])
def test_a_batch_moves_to_a_device_whole(truth):
    moved = Batch.of([sample_of(truth=truth)]).to("meta")
    assert (moved.displacements is None) == (not truth)
    assert all(value.device.type == "meta" for value in vars(moved).values() if value is not None)


def test_a_key_gives_its_sample_whatever_was_drawn_before():
    samples = DrawnSamples(Numbers(), seed=4)
    wanted = samples[3, 2].t
    other = DrawnSamples(Numbers(), seed=4)
    for key in ((0, 0), (3, 1), (VALIDATION, 2)):
        assert other[key].t != wanted
    assert other[3, 2].t == wanted
    assert float(other[3, 2].first.max()) == 2
    assert len(samples) == 5


def test_another_seed_draws_other_samples():
    assert DrawnSamples(Numbers(), seed=4)[0, 0].t != DrawnSamples(Numbers(), seed=5)[0, 0].t


def test_drawing_leaves_the_global_random_states_alone():
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global state is the point
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    sampler = EpochSampler(5, seed=1)
    assert [DrawnSamples(Numbers(), seed=1)[key].t for key in sampler]
    assert torch.equal(torch.random.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


def test_an_epoch_has_every_subject_once_in_an_order_of_its_own():
    sampler = EpochSampler(20, seed=1)
    orders = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        keys = list(sampler)
        assert {key[0] for key in keys} == {epoch}
        assert sorted(key[1] for key in keys) == list(range(20))
        orders.append([key[1] for key in keys])
    assert orders[0] != orders[1] != orders[2]
    sampler.set_epoch(1)
    assert [key[1] for key in sampler] == orders[1]
    assert [key[1] for key in EpochSampler(20, seed=2)] != orders[0]
    assert len(sampler) == 20


@pytest.mark.parametrize(("count", "processes"), [(20, 1), (20, 4), (21, 4), (3, 3)])
def test_processes_get_different_subjects_and_equally_many(count, processes):
    shares = [EpochSampler(count, seed=1, rank=rank, processes=processes) for rank in range(processes)]
    keys = [list(share) for share in shares]
    assert {len(own) for own in keys} == {len(share) for share in shares} == {count // processes}
    together = [key for own in keys for key in own]
    assert len(set(together)) == len(together)


@pytest.mark.parametrize(("count", "processes"), [(4, 1), (7, 3)])
def test_validation_shares_out_every_subject_once(count, processes):
    shares = [ValidationSampler(count, rank=rank, processes=processes) for rank in range(processes)]
    keys = [key for share in shares for key in share]
    assert sorted(keys) == [(VALIDATION, index) for index in range(count)]
    assert list(shares[0]) == list(shares[0])
    assert sum(len(share) for share in shares) == count


@pytest.mark.parametrize(
    "sampler", [lambda **share: EpochSampler(1, 0, **share), lambda **s: ValidationSampler(1, **s)]
)
@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_without_a_subject_would_be_waited_for_and_is_refused(sampler, rank):
    with pytest.raises(InvalidInputError, match="2 processes cannot share 1 subjects"):
        sampler(rank=rank, processes=2)


def with_neighbours(number, before=None, after=None, **more):
    sample = sample_of(number, **more)
    sides = [None if away is None else Neighbour(sample.first + 5, away) for away in (before, after)]
    return replace(sample, before=sides[0], after=sides[1])


def test_frames_around_are_stacked_before_and_after_and_missing_ones_are_nothing():
    context = Batch.of([with_neighbours(1, before=0.5), with_neighbours(2, before=2.0, after=1.0)]).context
    assert context.outer[:, 0, 0, 0, 0].tolist() == [6, 7, 0, 7]
    assert context.distances.tolist() == [0.5, 2.0, 0.0, 1.0]
    assert context.to("meta").outer.device.type == context.to("meta").distances.device.type == "meta"


def test_a_batch_without_frames_around_has_no_context():
    assert Batch.of([sample_of(), sample_of(1)]).context is None


def test_slice_by_slice_every_slice_is_a_sample():
    stack = (3, 4, 5)
    whole = Batch.of([with_neighbours(n, before=0.5, after=1.0, shape=stack) for n in range(2)])
    ramp = torch.arange(3.0).view(1, 1, 3, 1, 1)
    whole = replace(whole, target=whole.target + 10 * ramp, displacements=whole.displacements + ramp[None])
    apart = whole.slice_by_slice()
    assert apart.first.shape == (6, 1, 1, 4, 5)
    assert apart.target[:, 0, 0, 0, 0].tolist() == [2, 12, 22, 3, 13, 23]
    assert apart.t.tolist() == pytest.approx([0, 0, 0, 0.1, 0.1, 0.1])
    assert apart.spacing.shape == (6, 3)
    assert apart.displacements.shape == (6, 2, 3, 1, 4, 5)
    assert apart.displacements[:, 0, 0, 0, 0, 0].tolist() == [0.5, 1.5, 2.5, 1.5, 2.5, 3.5]
    assert apart.context.outer.shape == (12, 1, 1, 4, 5)
    assert apart.context.distances.tolist() == [0.5] * 6 + [1.0] * 6
