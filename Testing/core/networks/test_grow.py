"""A student with context that starts from one without."""

from dataclasses import replace

import pytest
import torch

from random_networks import SLICES, STACK, WIDTHS, images, perturbed
from temporal_interp.networks import Context, NetworkSettings, Student
from temporal_interp.networks.grow import can_grow, grow

PAIR = NetworkSettings(widths=WIDTHS)
FOUR = replace(PAIR, context=True)
T = torch.tensor([0.4])


def learnt(settings=PAIR, *, slices=False):
    """A student whose every weight matters; of slices, without the planes that see neighbours."""
    student = perturbed(Student(settings), by=0.1)
    if slices:
        with torch.no_grad():
            for weights in student.parameters():
                if weights.ndim == 5:
                    weights[:, :, 0::2] = 0
    return student


@pytest.mark.parametrize("settings", [FOUR, replace(FOUR, refinement="none"), replace(FOUR, surrogate="images")])
def test_on_two_frames_it_is_the_student_that_it_started_from(settings):
    start = learnt(replace(settings, context=False))
    student = grow(start, Student(settings)).eval()
    first, last = images(*STACK, count=2)
    assert torch.allclose(student(first, last, T).volume, start(first, last, T).volume, atol=1e-5)


def test_frames_around_change_no_motion_before_it_has_learnt_from_them():
    start = learnt()
    student = grow(start, Student(FOUR)).eval()
    before, first, last, after = images(*STACK, count=4)
    made = student(first, last, T, Context(torch.cat([before, after]), torch.ones(2)))
    assert torch.allclose(made.displacements[-1], start(first, last, T).displacements[-1], atol=1e-5)


def test_all_that_the_frames_around_go_through_can_learn():
    student = grow(learnt(), Student(FOUR))
    before, first, last, after = images(*STACK, count=4)
    student(first, last, T, Context(torch.cat([before, after]), torch.tensor([0.5, 2.0]))).volume.sum().backward()
    assert student.encoder.units[0].first.convolution.weight.grad[:, 1:].any()
    assert student.decoder.generators[0].modulation.linear[0].weight.grad[:, -4:].any()
    assert student.refinement.logits.weight.grad[2:].any()


@pytest.mark.parametrize(("start", "grown"), [("volumes", "slices"), ("slices", "volumes")])
def test_kernels_of_slices_and_of_volumes_start_from_each_other(start, grown):
    given = learnt(replace(PAIR, kernels=start), slices=start == "volumes")
    student = grow(given, Student(replace(FOUR, kernels=grown))).eval()
    first, last = images(*SLICES, count=2)
    t = T.expand(2)
    assert torch.allclose(student(first, last, t).volume, given(first, last, t).volume, atol=1e-5)


@pytest.mark.parametrize(
    ("start", "settings", "can"),
    [
        (PAIR, FOUR, True),
        (PAIR, replace(PAIR, kernels="slices"), True),
        (FOUR, PAIR, False),
        (PAIR, replace(FOUR, widths=(4, 6)), False),
        (PAIR, replace(FOUR, refinement="residual"), False),
    ],
)
def test_only_what_is_seen_in_addition_may_differ(start, settings, can):
    assert can_grow(Student(start), settings) is can


def test_a_student_that_has_learnt_from_neighbouring_slices_does_not_become_one_of_slices():
    assert not can_grow(learnt(), replace(PAIR, kernels="slices"))
