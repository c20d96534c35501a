"""The stages of a training: what is measured, and what of a teacher goes into its student."""

import math
from dataclasses import replace

import pytest
import torch

from model_weights import same, weights_of
from random_syntheses import batch_of, made_of, mse
from stand_ins import cancel_beyond
from temporal_interp.errors import CancelledError
from temporal_interp.networks import Context, NetworkSettings, Student
from temporal_interp.training.checkpoints import SafetensorsCheckpoints
from temporal_interp.training.settings import TrainingSettings
from temporal_interp.training.stage import StudentStage, psnr_and_gain

NETWORK = NetworkSettings(widths=(4, 8))


def test_the_gain_is_measured_against_the_blend():
    batch = batch_of((5, 6))
    t = batch.t.view(-1, 1, 1, 1, 1)
    blend = ((1 - t) * batch.first + t * batch.last).squeeze(2)
    psnr, gain = psnr_and_gain(replace(made_of((5, 6)), volume=blend), batch)
    by_hand = [-10 * math.log10(mse(blend[n], batch.target[n, :, 0])) for n in range(2)]
    assert psnr.tolist() == pytest.approx(by_hand, rel=1e-5)
    assert gain.abs().max() < 1e-5
    perfect, _ = psnr_and_gain(replace(made_of((5, 6)), volume=batch.target.squeeze(2)), batch)
    assert perfect.tolist() == pytest.approx([100, 100])


def test_the_teacher_is_neither_trained_nor_kept_with_the_student(training, tiny_teacher):
    before = weights_of(tiny_teacher)
    bytes_before = tiny_teacher.read_bytes()
    stages = []

    class Watched(StudentStage):
        def on_train_end(self):
            stages.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("temporal_interp.training.logic.StudentStage", Watched)
        training.student(epochs=1, teacher=tiny_teacher, averaging=0.5)
    (stage,) = stages
    (teacher,) = stage._teacher
    assert same(dict(teacher.state_dict()), before)
    assert not teacher.training
    assert not any(weights.requires_grad for weights in teacher.parameters())
    assert tiny_teacher.read_bytes() == bytes_before
    own = {f"network.{name}" for name in Student(NETWORK).state_dict()}
    for name in ("best", "last"):
        checkpoint = SafetensorsCheckpoints().load_checkpoint(training.checkpoint("student", name))
        assert set(checkpoint["state_dict"]) == own
        assert set(checkpoint["current_model_state"]) == own


def beside(batch, *distances):
    """The batch with frames of noise around, at these distances before and after."""
    outer = torch.rand(2 * len(batch.t), *batch.first.shape[1:], generator=torch.Generator().manual_seed(1))
    return replace(batch, context=Context(outer, torch.tensor(distances).repeat_interleave(len(batch.t))))


class Asked(torch.nn.Module):
    """Remembers what it is asked."""

    def __init__(self, **settings):
        super().__init__()
        self.settings, self.questions = NetworkSettings(**settings), []

    def forward(self, first, last, t, context=None):
        self.questions.append((first, last, t, context))
        return made_of(tuple(first.shape[2:] if first.shape[2] > 1 else first.shape[3:]), count=len(first))


def test_the_student_is_shown_the_frames_around():
    network, batch = Asked(context=True), beside(batch_of((5, 6)), 0.5, 1.0)
    StudentStage(network, TrainingSettings()).synthesise(batch)
    assert network.questions[0][3] is batch.context


@pytest.mark.parametrize(
    ("weights", "apart", "slices"), [("slicewise", math.inf, 1), ("slicewise", 8.0, 3), ("usual", math.inf, 3)]
)
def test_stacks_are_learnt_as_they_will_be_shown(weights, apart, slices):
    network = Asked(initial_weights=weights)
    stage = StudentStage(network, TrainingSettings())
    stage._note = lambda *_, **__: None
    stage.training_step(batch_of((3, 5, 6), spacing=(apart, 1.5, 1.25)), 0)
    assert network.questions[0][0].shape[2] == slices


def test_the_learning_rate_stays_or_falls_over_the_epochs():
    def rates(schedule):
        given = StudentStage(Student(NETWORK), TrainingSettings(epochs=4, schedule=schedule)).configure_optimizers()
        if schedule == "constant":
            return given.param_groups[0]["lr"]
        seen = []
        for _ in range(4):
            seen.append(given["optimizer"].param_groups[0]["lr"])
            given["optimizer"].step()
            given["lr_scheduler"].step()
        return seen

    assert rates("constant") == 1e-4
    assert rates("cosine") == pytest.approx([1e-4, 8.536e-5, 5e-5, 1.464e-5], rel=1e-3)


def test_a_training_with_a_falling_learning_rate_resumes_as_if_it_had_not_stopped(training, training_in):
    with pytest.raises(CancelledError):
        training.student(epochs=3, schedule="cosine", progress=cancel_beyond(0.5))
    resumed = training.student(epochs=3, schedule="cosine")
    at_once = training_in("at once").student(epochs=3, schedule="cosine")
    assert same(weights_of(resumed), weights_of(at_once))
