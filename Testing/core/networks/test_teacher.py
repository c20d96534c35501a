"""The teacher: what it sees of the frame between, and what it must not."""

import pytest
import torch

from random_networks import SLICES, STACK, WIDTHS, images, perturbed, smooth_images, waves
from temporal_interp.networks import NetworkSettings, Teacher

T = torch.tensor([0.3])


def teacher_of(**more):
    return perturbed(Teacher(NetworkSettings(**{"widths": WIDTHS, **more})))


@pytest.mark.parametrize("shape", [SLICES, STACK, (1, 1, 1, 9, 7)])
def test_shapes_of_everything_it_gives(shape):
    count, space = shape[0], shape[3:] if shape[2] == 1 else shape[2:]
    made = Teacher(NetworkSettings(widths=(4, 6, 8)))(*images(*shape), torch.full((count,), 0.4))
    assert made.volume.shape == (count, 1, *space)
    assert [d.shape for d in made.displacements] == [(2 * count, len(space), *space)] * 3
    assert [d.shape for d in made.deformed] == [(2 * count, 1, *space)] * 3
    assert made.weights.shape == (count, 4, *space)
    assert made.residual.shape == (count, 1, *space)


def test_it_sees_the_frame_between_only_through_its_motion():
    """Another frame between changes nothing where the fields do not change: the target does not leak."""
    teacher = teacher_of()
    with torch.no_grad():
        for generator in teacher.decoder.generators:
            generator.head.weight.zero_()
            generator.head.bias.zero_()
    first, last, between = images(1, 1, 1, 20, 20)
    assert torch.equal(teacher(first, last, between, T).volume, teacher(first, last, 1 - between, T).volume)


def test_another_frame_between_is_another_motion():
    teacher = teacher_of()
    first, last, between = images(1, 1, 1, 20, 20)
    one, other = (teacher(first, last, b, T).displacements[-1] for b in (between, between.flip(-1)))
    assert (one - other).abs().max() > 0.05


@pytest.mark.parametrize("shape", [(1, 1, 1, 24, 24), (1, 1, 4, 20, 20)])
@pytest.mark.parametrize("t", [0.0, 1.0])
def test_the_ends_are_exact_whatever_lies_between(shape, t):
    first, last, between = images(*shape)
    made = teacher_of()(first, last, between, torch.tensor([t])).volume.reshape(shape)
    torch.testing.assert_close(made, last if t else first, rtol=0, atol=1e-5)


def test_exchanging_the_ends_and_the_time_gives_the_same_frame():
    teacher = teacher_of()
    first, last, between = images(1, 1, 1, 24, 24)
    forth, back = teacher(first, last, between, T), teacher(last, first, between, 1 - T)
    assert forth.displacements[-1].abs().max() > 0.05
    torch.testing.assert_close(forth.volume, back.volume, rtol=0, atol=1e-5)
    torch.testing.assert_close(forth.displacements[-1], back.displacements[-1].flip(0), rtol=0, atol=1e-5)


def test_its_motion_is_compared_and_not_modulated_by_time():
    """The time only says how far along the way: the velocity it scales is the same."""
    teacher = perturbed(Teacher(NetworkSettings(widths=(4,), halved_integration=False)), by=0.02)
    first, last, between = images(1, 1, 1, 20, 20)
    fields = [teacher(first, last, between, torch.tensor([t])).displacements[0][0] / t for t in (1e-3, 2e-3)]
    torch.testing.assert_close(*fields, rtol=1e-2, atol=1e-4)


def test_pairs_of_a_batch_do_not_touch_one_another():
    teacher = teacher_of()
    given = images(3, 1, 1, 20, 20)
    times = torch.tensor([0.2, 0.5, 0.8])
    together = teacher(*given, times).volume
    for n in range(3):
        alone = teacher(*(v[n : n + 1] for v in given), times[n : n + 1]).volume
        torch.testing.assert_close(alone[0], together[n], rtol=0, atol=1e-4)


def test_the_frame_is_what_it_was():
    teacher = waves(Teacher(NetworkSettings(widths=(2, 3))))
    made = teacher(*smooth_images(1, 1, 1, 16, 18, count=3), T)
    assert made.volume[0, 0, 7, 4:7].tolist() == pytest.approx([0.1089, 0.0490, 0.0713], abs=1e-4)
    assert made.displacements[-1][:, 1, 7, 8].tolist() == pytest.approx([0.0061, 0.0153], abs=1e-4)


def test_volumes_that_do_not_fit_are_refused():
    first, last, _ = images(1, 1, 1, 20, 20)
    with pytest.raises(RuntimeError):
        teacher_of()(first, last, torch.rand(1, 1, 1, 20, 19), T)


def test_a_teacher_of_a_network_with_context_is_the_same():
    given = (*images(1, 1, 1, 16, 16), T)
    plain, beside = teacher_of(), teacher_of(context=True)
    beside.load_state_dict(plain.state_dict())
    assert torch.equal(plain(*given).volume, beside(*given).volume)
