"""The stages of a training: what is measured, and what of a teacher goes into its student."""

import math
from dataclasses import replace

import pytest

from model_weights import same, weights_of
from random_syntheses import batch_of, made_of, mse
from temporal_interp.networks import NetworkSettings, Student
from temporal_interp.training.checkpoints import SafetensorsCheckpoints
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
