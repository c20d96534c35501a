"""Teacher and student: shapes, exact ends, swap symmetry, thin stacks, and every option of the settings."""

import itertools
from dataclasses import replace
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import torch

from temporal_interp.errors import InvalidInputError
from temporal_interp.networks import NetworkSettings, Student, Teacher

WIDTHS = (4, 8)
HINTS = get_type_hints(NetworkSettings)
CHOICES = {name: get_args(hint) for name, hint in HINTS.items() if get_origin(hint) is Literal}


def perturbed(network, *, by=0.05, seed=0):
    """A network whose every weight matters: fresh ones start with no motion and no residual."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in network.parameters():
            weights += by * torch.randn(weights.shape, generator=generator)
    return network.eval()


def images(*shape, count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(*shape, generator=generator) for _ in range(count)]


@pytest.mark.parametrize("shape", [(2, 1, 1, 24, 20), (1, 1, 5, 20, 24), (1, 1, 17, 21, 23), (1, 1, 1, 9, 7)])
def test_shapes_of_everything_a_network_gives(shape):
    first, last, between = images(*shape)
    count, space = shape[0], shape[3:] if shape[2] == 1 else shape[2:]
    t = torch.full((count,), 0.4)
    settings = NetworkSettings(widths=(4, 6, 8))
    for made in (Student(settings)(first, last, t), Teacher(settings)(first, last, between, t)):
        assert made.volume.shape == (count, 1, *space)
        assert [d.shape for d in made.displacements] == [(2 * count, len(space), *space)] * 3
        assert [d.shape for d in made.deformed] == [(2 * count, 1, *space)] * 3
        assert made.weights.shape == (count, 4, *space)
        assert made.residual.shape == (count, 1, *space)


@pytest.mark.parametrize("shape", [(1, 1, 1, 24, 24), (1, 1, 4, 20, 20)])
def test_the_ends_are_exact(shape):
    student = perturbed(Student(NetworkSettings(widths=WIDTHS)))
    first, last = images(*shape, count=2)
    for t, end in ((0.0, first), (1.0, last)):
        made = student(first, last, torch.tensor([t])).volume.reshape(shape)
        assert torch.allclose(made, end, atol=1e-5)


def test_exchanging_the_ends_and_t_gives_the_same_frame():
    student = perturbed(Student(NetworkSettings(widths=WIDTHS)))
    first, last = images(1, 1, 1, 24, 24, count=2)
    forth = student(first, last, torch.tensor([0.3]))
    back = student(last, first, torch.tensor([0.7]))
    assert forth.displacements[-1].abs().max() > 0.05  # there is motion to compare
    assert torch.allclose(forth.volume, back.volume, atol=1e-5)
    assert torch.allclose(forth.displacements[-1], back.displacements[-1].flip(0), atol=1e-5)


def test_without_the_option_there_is_no_swap_symmetry():
    student = perturbed(Student(NetworkSettings(widths=WIDTHS, swap_symmetric=False)))
    first, last = images(1, 1, 1, 24, 24, count=2)
    forth, back = student(first, last, torch.tensor([0.3])), student(last, first, torch.tensor([0.7]))
    assert (forth.volume - back.volume).abs().max() > 1e-3


def test_time_changes_the_motion_of_the_student_beyond_scaling():
    student = perturbed(Student(NetworkSettings(widths=WIDTHS)), by=0.2)
    first, last = images(1, 1, 1, 24, 24, count=2)
    fields = [student(first, last, torch.tensor([t])).displacements[0][0] / t for t in (0.3, 0.6)]
    assert (fields[0] - fields[1]).abs().max() > 0.05 * fields[0].abs().max()


def test_linear_motion_is_one_velocity_scaled():
    student = perturbed(Student(NetworkSettings(widths=(4,), motion="linear")))
    first, last = images(1, 1, 1, 24, 24, count=2)
    velocity = [student(first, last, torch.tensor([t])).displacements[0][0] / t for t in (1e-3, 2e-3)]
    assert torch.allclose(velocity[0], velocity[1], rtol=1e-2, atol=1e-4)


def test_thin_stacks_keep_their_slices_at_every_scale():
    student = Student(NetworkSettings(widths=(4, 6, 8)))
    pair = student.encode(*images(1, 1, 10, 32, 32, count=2))
    assert [tuple(f.shape[2:]) for f in pair.features] == [(10, 32, 32), (10, 16, 16), (10, 8, 8)]
    literal = Student(replace(NetworkSettings.paper(), widths=(4, 6, 8))).encode(*images(1, 1, 10, 32, 32, count=2))
    assert [tuple(f.shape[2:]) for f in literal.features] == [(10, 32, 32), (5, 16, 16), (3, 8, 8)]


def test_a_slice_alone_is_what_a_fresh_network_makes_of_it_in_a_stack():
    """The outer planes of the kernels start at zero; only the normalisation looks at the stack as a whole."""
    student = Student(NetworkSettings(widths=(4,), refinement="none", halved_integration=False)).eval()
    first, last = images(1, 1, 1, 16, 16, count=2)
    t = torch.tensor([0.5])
    stack = student(first.expand(-1, -1, 3, -1, -1), last.expand(-1, -1, 3, -1, -1), t)
    alone = student(first, last, t)
    assert torch.allclose(stack.volume[:, :, 1], alone.volume, atol=1e-4)


def test_many_times_at_once_are_the_times_one_by_one():
    student = perturbed(Student(NetworkSettings(widths=WIDTHS)))
    pair = student.encode(*images(2, 1, 1, 20, 20, count=2))
    times = torch.tensor([0.2, 0.5, 0.9])
    together = student.decode(pair.repeated(3), times.repeat(2)).volume.view(2, 3, 20, 20)
    for number, t in enumerate(times):
        alone = student.decode(pair, t.expand(2)).volume
        assert torch.allclose(together[:, number], alone[:, 0], atol=1e-5)


def test_the_teacher_sees_the_frame_between_only_through_its_motion():
    """Another frame between changes nothing where the fields do not change: the target does not leak."""
    teacher = perturbed(Teacher(NetworkSettings(widths=WIDTHS)))
    with torch.no_grad():
        for generator in teacher.decoder.generators:
            generator.head.weight.zero_()
            generator.head.bias.zero_()
    first, last, between = images(1, 1, 1, 20, 20)
    t = torch.tensor([0.5])
    assert torch.equal(teacher(first, last, between, t).volume, teacher(first, last, 1 - between, t).volume)


def test_the_weights_and_the_residual_make_the_frame():
    student = perturbed(Student(NetworkSettings(widths=WIDTHS)))
    first, last = images(1, 1, 1, 20, 20, count=2)
    made = student(first, last, torch.tensor([0.4]))
    parts = torch.cat([first[:, :, 0], made.deformed[-1][:1], last[:, :, 0], made.deformed[-1][1:]], dim=1)
    assert torch.allclose(made.weights.sum(dim=1), torch.ones(1, 20, 20), atol=1e-5)
    assert torch.allclose((made.weights * parts).sum(dim=1, keepdim=True) + made.residual, made.volume, atol=1e-5)


OPTIONS = [{name: value} for name, values in CHOICES.items() for value in values[1:]] + [
    {"exact_ends": False},
    {"swap_symmetric": False},
    {"halved_integration": False},
    {"shortest_halved": 2},
    {"widths": (4,)},
]


@pytest.mark.parametrize("option", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", [(2, 1, 1, 16, 16), (1, 1, 3, 16, 16)], ids=["slices", "stack"])
def test_every_option_trains(option, shape):
    """A step gives every weight of the network a gradient, in float32 and finite."""
    settings = NetworkSettings(**{"widths": WIDTHS, **option})
    first, last, between = images(*shape)
    t = torch.full((shape[0],), 0.3)
    for network, given in ((Student(settings), (first, last, t)), (Teacher(settings), (first, last, between, t))):
        perturbed(network)
        made = network(*given)
        (made.volume.square().mean() + sum(d.square().mean() for d in made.displacements)).backward()
        for name, weights in network.named_parameters():
            assert weights.grad is not None, name
            assert torch.isfinite(weights.grad).all(), name


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_every_option_changes_the_result(option):
    first, last = images(1, 1, 1, 24, 24, count=2)

    def made(settings):
        torch.manual_seed(0)
        return perturbed(Student(settings), by=0.2)(first, last, torch.tensor([0.3])).volume

    usual = {"widths": (4, 6, 8)}
    if "blend" in option:
        usual["surrogate"] = "images"
    assert not torch.allclose(made(NetworkSettings(**usual)), made(NetworkSettings(**{**usual, **option})), atol=1e-4)


def test_global_modulation_does_not_depend_on_the_size_of_the_image():
    for modulation, alike in (("global", True), ("literal", False)):
        student = perturbed(Student(NetworkSettings(widths=(4,), modulation=modulation)))
        modulate = student.decoder.generators[0].modulation
        corner = [modulate(torch.ones(1, 4, 1, n, n), torch.tensor([0.3]))[..., :2, :2] for n in (8, 16)]
        assert torch.allclose(*corner, atol=1e-4) is alike


def test_bfloat16_stays_close_and_velocities_stay_float32():
    student = perturbed(Student(NetworkSettings(widths=WIDTHS)), by=0.02)
    first, last = images(1, 1, 1, 32, 32, count=2)
    t = torch.tensor([0.5])
    exact = student(first, last, t)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = student(first, last, t)
    assert mixed.displacements[-1].dtype == torch.float32
    assert mixed.volume.dtype == torch.float32
    assert (mixed.volume - exact.volume).abs().max() < 0.02


def test_small_network_has_the_size_that_the_settings_promise():
    parameters = sum(weights.numel() for weights in Student(NetworkSettings()).parameters())
    assert 1.5e6 < parameters < 2.5e6


def test_settings_survive_json_and_refuse_nonsense():
    settings = NetworkSettings(widths=(4, 8), fusion="finest", time_scale=3.0)
    assert NetworkSettings.from_dict(settings.as_dict()) == settings
    for nonsense in (
        {"depth": 3},
        {"widths": []},
        {"widths": [0]},
        {"fusion": "some"},
        {"time_scale": 0},
        {"widths": 8},
    ):
        with pytest.raises(InvalidInputError):
            NetworkSettings.from_dict(nonsense)


def test_all_combinations_of_the_ablations_can_be_built():
    for fusion, motion, refinement in itertools.product(*(CHOICES[n] for n in ("fusion", "motion", "refinement"))):
        Student(NetworkSettings(widths=(2, 2), fusion=fusion, motion=motion, refinement=refinement))
