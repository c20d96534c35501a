"""The student: exact ends, swap symmetry, time, thin stacks, and what it owes to its settings."""

from dataclasses import replace

import pytest
import torch

from random_networks import SLICES, STACK, WIDTHS, images, perturbed, smooth_images, waves, without_gradient
from temporal_interp.networks import Context, NetworkSettings, Student
from temporal_interp.networks.convolution import Convolution
from temporal_interp.tensors.spatial import integrate_velocity


def student_of(*, by=0.05, **more):
    return perturbed(Student(NetworkSettings(**{"widths": WIDTHS, **more})), by=by)


@pytest.mark.parametrize("shape", [SLICES, STACK, (1, 1, 17, 21, 23), (1, 1, 1, 9, 7)])
def test_shapes_of_everything_it_gives(shape):
    first, last = images(*shape, count=2)
    count, space = shape[0], shape[3:] if shape[2] == 1 else shape[2:]
    made = Student(NetworkSettings(widths=(4, 6, 8)))(first, last, torch.full((count,), 0.4))
    assert made.volume.shape == (count, 1, *space)
    assert [d.shape for d in made.displacements] == [(2 * count, len(space), *space)] * 3
    assert [d.shape for d in made.deformed] == [(2 * count, 1, *space)] * 3
    assert made.weights.shape == (count, 4, *space)
    assert made.residual.shape == (count, 1, *space)


@pytest.mark.parametrize("refinement", ["gated", "residual", "none"])
@pytest.mark.parametrize("shape", [(1, 1, 1, 24, 24), (1, 1, 4, 20, 20)])
def test_the_ends_are_exact(shape, refinement):
    student = student_of(refinement=refinement)
    first, last = images(*shape, count=2)
    for t, end in ((0.0, first), (1.0, last)):
        made = student(first, last, torch.tensor([t])).volume.reshape(shape)
        assert torch.allclose(made, end, atol=1e-5)


def test_without_the_option_the_ends_are_not_exact():
    first, last = images(1, 1, 1, 24, 24, count=2)
    made = student_of(exact_ends=False)(first, last, torch.tensor([0.0]))
    assert made.displacements[-1].chunk(2)[0].abs().max() > 0.05


@pytest.mark.parametrize("shape", [(1, 1, 1, 24, 24), (1, 1, 3, 20, 20)])
def test_exchanging_the_ends_and_t_gives_the_same_frame(shape):
    student = student_of()
    first, last = images(*shape, count=2)
    forth = student(first, last, torch.tensor([0.3]))
    back = student(last, first, torch.tensor([0.7]))
    assert forth.displacements[-1].abs().max() > 0.05  # there is motion to compare
    assert torch.allclose(forth.volume, back.volume, atol=1e-5)
    assert torch.allclose(forth.displacements[-1], back.displacements[-1].flip(0), atol=1e-5)


def test_without_the_option_there_is_no_swap_symmetry():
    student = student_of(swap_symmetric=False)
    first, last = images(1, 1, 1, 24, 24, count=2)
    forth, back = student(first, last, torch.tensor([0.3])), student(last, first, torch.tensor([0.7]))
    assert (forth.volume - back.volume).abs().max() > 1e-3


def test_time_changes_the_motion_beyond_scaling():
    student = student_of(by=0.2)
    first, last = images(1, 1, 1, 24, 24, count=2)
    fields = [student(first, last, torch.tensor([t])).displacements[0][0] / t for t in (0.3, 0.6)]
    assert (fields[0] - fields[1]).abs().max() > 0.05 * fields[0].abs().max()


@pytest.mark.parametrize(("motion", "alike"), [("linear", True), ("direct", False)])
def test_only_linear_motion_is_one_velocity_scaled(motion, alike):
    student = student_of(widths=(4,), motion=motion, halved_integration=False, by=0.02)
    first, last = images(1, 1, 1, 24, 24, count=2)
    early, late = (student(first, last, torch.tensor([t])).displacements[0][0].detach() / t for t in (0.1, 0.5))
    # scaling and squaring of a velocity is linear in time but for its second order
    assert bool((early - late).abs().mean() < 0.1 * early.abs().mean()) is alike


def test_a_slice_alone_is_what_a_fresh_network_makes_of_it_in_a_stack():
    """The outer planes of the kernels start at zero; only the normalisation looks at the stack as a whole."""
    student = Student(NetworkSettings(widths=(4,), refinement="none", halved_integration=False)).eval()
    first, last = images(1, 1, 1, 16, 16, count=2)
    t = torch.tensor([0.5])
    stack = student(first.expand(-1, -1, 3, -1, -1), last.expand(-1, -1, 3, -1, -1), t)
    alone = student(first, last, t)
    assert torch.allclose(stack.volume[:, :, 1], alone.volume, atol=1e-4)


def test_it_sees_neighbouring_slices_once_stacks_have_taught_it():
    student = Student(NetworkSettings(widths=(4,)))
    assert not student.sees_neighbours
    convolution = next(m for m in student.modules() if isinstance(m, Convolution))
    with torch.no_grad():
        convolution.weight[0, 0, 2] += 0.1
    assert student.sees_neighbours


@pytest.mark.parametrize("surrogate", ["features", "images"])
def test_many_times_at_once_are_the_times_one_by_one(surrogate):
    student = student_of(surrogate=surrogate)
    pair = student.encode(*images(2, 1, 1, 20, 20, count=2))
    times = torch.tensor([0.2, 0.5, 0.9])
    together = student.decode(pair.repeated(3), times.repeat(2)).volume.view(2, 3, 20, 20)
    for number, t in enumerate(times):
        alone = student.decode(pair, t.expand(2)).volume
        assert torch.allclose(together[:, number], alone[:, 0], atol=1e-5)


def test_encoding_does_not_depend_on_the_time_and_asking_is_encoding_and_decoding():
    student = student_of()
    first, last = images(*STACK, count=2)
    pair, t = student.encode(first, last), torch.tensor([0.4])
    assert pair.ends.shape == (2, 1, 5, 20, 24)
    assert student.encode(*images(*SLICES, count=2)).ends.shape == (4, 1, 24, 20)  # single slices lose their axis
    assert torch.equal(student.decode(pair, t).volume, student(first, last, t).volume)


def test_pairs_of_a_batch_do_not_touch_one_another():
    student = student_of()
    first, last = images(3, 1, 1, 20, 20, count=2)
    times = torch.tensor([0.2, 0.5, 0.8])
    together = student(first, last, times).volume
    for n in range(3):
        own = slice(n, n + 1)
        torch.testing.assert_close(student(first[own], last[own], times[own]).volume[0], together[n], rtol=0, atol=1e-4)


def test_the_weights_and_the_residual_make_the_frame():
    student = student_of()
    first, last = images(1, 1, 1, 20, 20, count=2)
    made = student(first, last, torch.tensor([0.4]))
    parts = torch.cat([first[:, :, 0], made.deformed[-1][:1], last[:, :, 0], made.deformed[-1][1:]], dim=1)
    assert torch.allclose(made.weights.sum(dim=1), torch.ones(1, 20, 20), atol=1e-5)
    assert torch.allclose((made.weights * parts).sum(dim=1, keepdim=True) + made.residual, made.volume, atol=1e-5)


def test_a_gated_frame_stays_within_the_volumes_it_is_made_from():
    first, last = images(1, 1, 1, 24, 24, count=2)
    made = student_of(by=0.2)(first, last, torch.tensor([0.4]))
    parts = torch.cat([first[:, :, 0], last[:, :, 0], made.deformed[-1][:1], made.deformed[-1][1:]])
    assert (made.volume <= parts.amax(dim=0, keepdim=True) + 1e-5).all()
    assert (made.volume >= parts.amin(dim=0, keepdim=True) - 1e-5).all()


def test_bfloat16_stays_close_and_velocities_stay_float32():
    student = student_of(by=0.02)
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


def test_the_frame_is_what_it_was():
    student = waves(Student(NetworkSettings(widths=(2, 3))))
    made = student(*smooth_images(1, 1, 1, 16, 18), torch.tensor([0.3]))
    assert made.volume[0, 0, 7, 4:7].tolist() == pytest.approx([0.1244, 0.0492, 0.0557], abs=1e-4)
    assert made.displacements[-1][:, 1, 7, 8].tolist() == pytest.approx([-0.2003, -0.4690], abs=1e-4)


def test_the_frame_of_a_stack_is_what_it_was():
    student = waves(Student(NetworkSettings(widths=(2, 3))))
    made = student(*smooth_images(1, 1, 3, 16, 18), torch.tensor([0.3]))
    assert made.volume[0, 0, 1, 7, 4:7].tolist() == pytest.approx([0.0471, 0.0767, 0.1802], abs=1e-4)
    assert made.displacements[-1][:, 0, 1, 7, 8].tolist() == pytest.approx([0.1101, 0.2569], abs=1e-4)


@pytest.mark.parametrize(
    "last", [torch.rand(1, 1, 1, 20, 19), torch.rand(2, 1, 1, 20, 20), torch.rand(1, 1, 3, 20, 20)]
)
def test_volumes_that_do_not_fit_are_refused(last):
    with pytest.raises(RuntimeError):
        student_of()(torch.rand(1, 1, 1, 20, 20), last, torch.tensor([0.5]))


def test_the_papers_student_encodes_the_printed_blend_with_the_encoder_of_the_ends():
    student = perturbed(Student(replace(NetworkSettings.paper(), widths=WIDTHS)))
    first, last = images(*STACK, count=2)
    seen = []
    student.encoder.register_forward_hook(lambda module, given, made: seen.append(given[0]))
    student(first, last, torch.tensor([0.3]))
    ends, between = seen
    assert torch.equal(ends, torch.cat([first, last]))
    torch.testing.assert_close(between, 0.3 * first + 0.7 * last)  # as printed in section 2.3


def test_the_papers_frame_is_the_blend_of_the_deformed_volumes_with_a_residual():
    student = perturbed(Student(replace(NetworkSettings.paper(), widths=WIDTHS)))
    made = student(*images(*STACK, count=2), torch.tensor([0.3]))
    first, last = made.deformed[-1].chunk(2)
    assert made.residual.abs().max() > 1e-3
    torch.testing.assert_close(made.volume, 0.7 * first + 0.3 * last + made.residual)


def test_the_papers_fields_are_integrated_velocities_of_every_scale(monkeypatch):
    """At the size of the scale, and not multiplied by the time."""
    student = perturbed(Student(replace(NetworkSettings.paper(), widths=WIDTHS)))
    integrated = []

    def noted(velocity):
        integrated.append(velocity)
        return integrate_velocity(velocity)

    monkeypatch.setattr("temporal_interp.networks.decoder.integrate_velocity", noted)
    made = student(*images(*STACK, count=2), torch.tensor([0.0]))
    assert [tuple(v.shape) for v in integrated] == [(2, 3, 3, 10, 12), (2, 3, *STACK[2:])]
    torch.testing.assert_close(made.displacements[-1], integrate_velocity(integrated[-1]))
    assert made.displacements[-1].abs().max() > 0.05


def test_the_papers_student_starts_with_the_usual_weights():
    torch.manual_seed(0)
    student = Student(replace(NetworkSettings.paper(), widths=(8, 16)))
    for module in student.modules():
        if isinstance(module, Convolution):
            widest = 1 / (module.in_channels * 27) ** 0.5
            assert 0.8 * widest < module.weight.abs().max() <= widest  # evenly drawn up to there, as PyTorch does
            assert module.weight[:, :, 0].any()
            assert module.weight[:, :, 2].any()
    assert student.sees_neighbours
    ours = Student(NetworkSettings(widths=(8, 16)))
    assert not ours.sees_neighbours


class TestContext:
    """Of a network that also looks at the frames around."""

    SHAPES = pytest.mark.parametrize("shape", [(2, 1, 1, 20, 20), (1, 1, 3, 20, 20)])

    @staticmethod
    def asked(shape, distances=(0.5, 1.0), **more):
        """A student, four frames of noise in their order, and the context of the two in the middle."""
        before, first, last, after = images(*shape, count=4)
        away = torch.tensor(distances).repeat_interleave(shape[0])
        return student_of(context=True, **more), first, last, Context(torch.cat([before, after]), away)

    @SHAPES
    @pytest.mark.parametrize("refinement", ["gated", "residual", "none"])
    @pytest.mark.parametrize("surrogate", ["features", "images"])
    def test_the_frames_around_change_what_is_between_and_not_the_ends(self, shape, refinement, surrogate):
        student, first, last, context = self.asked(shape, refinement=refinement, surrogate=surrogate)
        t = torch.full((shape[0],), 0.4)
        made, alone = student(first, last, t, context), student(first, last, t)
        assert (made.volume - alone.volume).abs().max() > 1e-3
        assert (made.displacements[-1] - alone.displacements[-1]).abs().max() > 1e-3
        for time, end in ((0.0, first), (1.0, last)):
            at_end = student(first, last, torch.full((shape[0],), time), context).volume
            assert torch.allclose(at_end.reshape(shape), end, atol=1e-5)

    @SHAPES
    def test_time_backwards_gives_the_same_frame(self, shape):
        student, first, last, context = self.asked(shape, distances=(0.5, 2.0))
        t = torch.full((shape[0],), 0.3)
        before, after = context.outer.chunk(2)
        backwards = Context(torch.cat([after, before]), context.distances.flip(0))
        forth, back = student(first, last, t, context), student(last, first, 1 - t, backwards)
        assert torch.allclose(forth.volume, back.volume, atol=1e-5)

    @pytest.mark.parametrize("distances", [(0.0, 1.0), (0.5, 0.0), (0.0, 0.0)])
    def test_frames_that_are_not_there_do_not_count(self, distances):
        student, first, last, context = self.asked((1, 1, 1, 20, 20), distances)
        hidden = Context(torch.where(context.distances.view(-1, 1, 1, 1, 1) > 0, context.outer, 0.7), context.distances)
        t = torch.tensor([0.4])
        assert torch.equal(student(first, last, t, context).volume, student(first, last, t, hidden).volume)
        if not any(distances):
            assert torch.equal(student(first, last, t, context).volume, student(first, last, t).volume)

    def test_how_far_away_they_are_modulates_the_motion(self):
        """Also without the encoder seeing it: equal rates and differences do not happen in images, but in features."""
        student, first, last, context = self.asked((1, 1, 1, 20, 20), refinement="none")
        pair = student.encode(first, last, context)
        further = replace(pair, surroundings=replace(pair.surroundings, distances=torch.tensor([2.0, 3.0])))
        t = torch.tensor([0.4])
        change = student.decode(pair, t).displacements[-1] - student.decode(further, t).displacements[-1]
        assert change.abs().max() > 1e-3

    def test_many_times_at_once_are_the_times_one_by_one(self):
        student, first, last, context = self.asked((2, 1, 1, 20, 20))
        pair, times = student.encode(first, last, context), torch.tensor([0.2, 0.5, 0.9])
        together = student.decode(pair.repeated(3), times.repeat(2)).volume.view(2, 3, 20, 20)
        for number, t in enumerate(times):
            assert torch.allclose(together[:, number], student.decode(pair, t.expand(2)).volume[:, 0], atol=1e-5)

    def test_brightness_that_bends_where_nothing_moves_is_followed(self):
        """A fresh network follows half of what the cubic through four frames adds to the straight line."""
        student = Student(NetworkSettings(widths=(4,), context=True)).eval()
        flat = torch.ones(1, 1, 1, 12, 12)
        frames = [brightness * flat for brightness in (0.1, 0.4, 0.4, 0.1)]
        around = Context(torch.cat([frames[0], frames[3]]), torch.ones(2))
        made = student(frames[1], frames[2], torch.tensor([0.5]), around)
        assert made.volume.mean().item() == pytest.approx(0.4 + 0.5 * (0.4375 - 0.4), abs=0.005)

    def test_every_weight_learns(self):
        student, first, last, context = self.asked((1, 1, 1, 24, 24))
        student(first, last, torch.tensor([0.4]), context).volume.square().mean().backward()
        alone = [name for name in without_gradient(student) if "weights.weight" not in name]
        assert [name for name in alone if name != "decoder.generators.0.head.bias"] == []

    def test_a_network_without_it_does_not_look(self):
        _, first, last, context = self.asked((1, 1, 1, 20, 20))
        student, t = student_of(), torch.tensor([0.4])
        assert torch.equal(student(first, last, t, context).volume, student(first, last, t).volume)


class TestKernelsOfSlices:
    """A network whose kernels have no planes beside the middle one."""

    @staticmethod
    def both():
        """A network with kernels of volumes whose outer planes are zero, and the same one with kernels of slices."""
        torch.manual_seed(0)
        wide = Student(NetworkSettings(widths=WIDTHS)).eval()
        narrow = Student(NetworkSettings(widths=WIDTHS, kernels="slices")).eval()
        flat = {name: w[:, :, 1:2] if w.ndim == 5 else w for name, w in wide.state_dict().items()}
        narrow.load_state_dict(flat)
        return wide, narrow

    @pytest.mark.parametrize("shape", [SLICES, STACK])
    def test_it_gives_what_kernels_of_volumes_with_empty_outer_planes_give(self, shape):
        first, last = images(*shape, count=2)
        t = torch.full((shape[0],), 0.4)
        wide, narrow = (student(first, last, t).volume for student in self.both())
        assert torch.allclose(wide, narrow, atol=1e-5)

    def test_it_has_a_third_of_the_weights_and_never_sees_neighbours(self):
        wide, narrow = self.both()
        sizes = [sum(w.numel() for w in network.parameters() if w.ndim == 5) for network in (wide, narrow)]
        assert sizes[0] == 3 * sizes[1]
        assert not perturbed(narrow).sees_neighbours
        assert perturbed(wide).sees_neighbours
