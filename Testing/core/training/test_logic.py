"""Training teacher and student: what comes out, what is refused, and what changes nothing."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from model_weights import same, weights_of
from stand_ins import cancel_beyond
from temporal_interp.errors import CancelledError, InvalidInputError, UnreadableFileError
from temporal_interp.models.model_file import load_model
from temporal_interp.networks import NetworkSettings, Student, Teacher
from temporal_interp.networks.load import load_network
from temporal_interp.training.checkpoints import SafetensorsCheckpoints
from temporal_interp.training.datasets.batch import Batch, DrawnSamples, ValidationSampler
from temporal_interp.training.datasets.catalogue import DataSettings
from temporal_interp.training.logic import Hardware, fresh, network_state
from temporal_interp.training.stage import psnr_and_gain

NETWORK = NetworkSettings(widths=(4, 8))
STILL = 1e-30
"""A learning rate too small to change a float32."""


def gain_of(network, source, seed=0):
    """What the validation shall have found, worked out one sample at a time."""
    drawn, gains = DrawnSamples(source, seed), []
    with torch.inference_mode():
        for key in ValidationSampler(len(source)):
            batch = Batch.of([drawn[key]])
            seen = (batch.first, batch.last, *((batch.target,) if isinstance(network, Teacher) else ()), batch.t)
            gains.append(float(psnr_and_gain(network(*seen), batch)[1]))
    return np.mean(gains)


def test_a_teacher_learns_and_its_file_says_what_it_is(training):
    model = training.teacher(epochs=3, motion=0.1, about={"data": "discs"})
    assert model == training.folder / "teacher" / "teacher.safetensors"
    loaded = load_model(model)
    assert loaded.kind == "teacher"
    assert loaded.settings == training.network.as_dict()
    losses = training.losses("teacher")
    gains = [float(losses[epoch, "validation/gain"]) for epoch in range(3)]
    best = 1 + int(np.argmax(gains))
    assert (loaded.training["epochs"], loaded.training["steps"]) == (best, 3 * best)
    assert loaded.training["data"] == "discs"
    assert loaded.training["settings"] == training.logic(epochs=3, motion=0.1).settings.as_dict()
    assert load_network(model, "teacher").settings == training.network
    for name in ("training/loss", "training/motion", "validation/epe_voxels"):
        assert float(losses[2, name]) < float(losses[0, name])
    assert max(gains) > gains[0]


def test_a_student_learns_without_a_teacher(training):
    model = training.student(epochs=3)
    assert model == training.folder / "student" / "student.safetensors"
    assert load_model(model).kind == "student"
    losses = training.losses("student")
    assert float(losses[2, "validation/gain"]) > float(losses[0, "validation/gain"])
    assert not any("distillation" in name for _, name in losses)


def test_a_teacher_changes_what_a_student_learns(training_in, tiny_teacher):
    taught, alone = training_in("taught"), training_in("alone")
    model = taught.student(epochs=1, teacher=tiny_teacher, distillation=1.0)
    assert float(taught.losses("student")[0, "training/distillation"]) > 0
    assert not same(weights_of(model), weights_of(alone.student(epochs=1, distillation=1.0)))


def test_a_weight_of_nothing_is_no_teacher(training_in, tiny_teacher):
    one = training_in("one").student(epochs=1, teacher=tiny_teacher, distillation=0.0)
    other = training_in("other").student(epochs=1, distillation=0.0)
    assert same(weights_of(one), weights_of(other))


def test_the_best_epoch_is_kept_even_if_it_is_not_the_last(training):
    model = training.teacher(epochs=3, learning_rate=STILL)  # no epoch is better than the first one
    best, last = (SafetensorsCheckpoints().load_checkpoint(training.checkpoint("teacher", n)) for n in ("best", "last"))
    assert (best["epoch"], last["epoch"]) == (0, 2)
    assert load_model(model).training["epochs"] == 1
    assert same(weights_of(model), network_state(best))


def test_training_stops_when_it_gets_no_better(training):
    model = training.teacher(epochs=20, patience=2, learning_rate=STILL)
    last = SafetensorsCheckpoints().load_checkpoint(training.checkpoint("teacher", "last"))
    assert last["epoch"] == 2
    assert load_model(model).training["epochs"] == 1


def test_validation_can_be_rare(training):
    training.teacher(epochs=4, validate_every=2)
    assert [epoch for epoch, name in training.losses("teacher") if name == "validation/gain"] == [1, 3]


def test_the_average_of_the_weights_is_what_is_validated_and_kept(training, discs):
    model = training.student(epochs=2, averaging=0.7)
    best = SafetensorsCheckpoints().load_checkpoint(training.checkpoint("student", "best"))
    average, current = network_state(best), network_state({"state_dict": best["current_model_state"]})
    assert same(weights_of(model), average)
    assert not same(average, current)
    logged = max(float(v) for (_, name), v in training.losses("student").items() if name == "validation/gain")
    assert gain_of(load_network(model, "student"), discs(2, first=3)) == pytest.approx(logged, abs=1e-4)
    as_trained = fresh(Student, NETWORK, 0)
    as_trained.load_state_dict(current)
    assert abs(gain_of(as_trained.eval(), discs(2, first=3)) - logged) > 1e-3


def test_the_average_moves_by_its_share_at_every_step(training, discs):
    def after(epochs):
        training.student(source=discs(1), epochs=epochs, averaging=0.7)
        last = SafetensorsCheckpoints().load_checkpoint(training.checkpoint("student", "last"))
        return network_state(last), network_state({"state_dict": last["current_model_state"]})

    first_average, _ = after(1)  # one sample an epoch, so one step
    average, current = after(2)
    for name, value in average.items():
        torch.testing.assert_close(value, 0.7 * first_average[name] + 0.3 * current[name], rtol=1e-5, atol=1e-7)


def test_without_averaging_the_weights_are_kept_as_they_were_trained(training, discs):
    model = training.teacher(epochs=2)
    best = SafetensorsCheckpoints().load_checkpoint(training.checkpoint("teacher", "best"))
    assert "current_model_state" not in best
    logged = max(float(v) for (_, name), v in training.losses("teacher").items() if name == "validation/gain")
    assert gain_of(load_network(model, "teacher"), discs(2, first=3)) == pytest.approx(logged, abs=1e-4)


def test_equal_seeds_give_equal_weights_whatever_the_global_random_state(training_in):
    models = []
    for name, state in (("one", 1), ("other", 2)):
        torch.manual_seed(state)
        np.random.seed(state)  # noqa: NPY002 - the global state is the point
        random.seed(state)
        models.append(weights_of(training_in(name).teacher(epochs=1, seed=5)))
    assert same(*models)


def test_another_seed_gives_other_weights(training_in):
    one, other = (weights_of(training_in(f"{seed}").teacher(epochs=1, seed=seed)) for seed in (5, 6))
    assert not same(one, other)


def test_fresh_weights_leave_the_global_random_state_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    one = fresh(Teacher, NETWORK, 7)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert same(dict(one.state_dict()), dict(fresh(Teacher, NETWORK, 7).state_dict()))
    assert not same(dict(one.state_dict()), dict(fresh(Teacher, NETWORK, 8).state_dict()))


def test_a_training_can_start_from_a_model(training_in):
    first = training_in("first").student(epochs=1)
    second = training_in("second").student(epochs=1, start=first, learning_rate=STILL, seed=9)
    assert same(weights_of(first), weights_of(second))


def test_a_training_on_volumes_can_start_from_a_model_of_slices(training_in):
    flat = replace(NETWORK, kernels="slices")
    first = training_in("first").student(epochs=1, network=flat)
    second = training_in("second").student(epochs=1, start=first, learning_rate=STILL, network=NETWORK)
    one, other = weights_of(first), weights_of(second)
    assert other.keys() == one.keys()
    for name, weights in one.items():
        wide = weights.shape != other[name].shape
        torch.testing.assert_close(other[name][:, :, 1:2] if wide else other[name], weights)
        assert not wide or not other[name][:, :, 0::2].any()


def test_a_model_to_start_from_must_fit(training, tiny_teacher):
    with pytest.raises(InvalidInputError, match="other network settings"):
        training.teacher(start=tiny_teacher, network=NetworkSettings(widths=(4, 6)))
    with pytest.raises(InvalidInputError, match="holds a teacher, but a student is needed"):
        training.student(start=tiny_teacher)
    with pytest.raises(InvalidInputError, match="holds a student, but a teacher is needed"):
        training.student(epochs=1, teacher=training.student(epochs=1))


def test_a_teacher_with_other_scales_is_refused(training, tiny_teacher):
    with pytest.raises(InvalidInputError, match="teacher has 2 scales and the student 3"):
        training.student(network=NetworkSettings(widths=(4, 6, 8)), teacher=tiny_teacher)
    assert not training.folder.exists()


def test_a_teacher_with_other_widths_will_do(training, tiny_teacher):
    training.student(network=NetworkSettings(widths=(2, 6)), teacher=tiny_teacher, epochs=1)


@pytest.mark.parametrize("empty", ["source", "validation"])
def test_a_source_without_samples_is_refused(training, discs, empty):
    with pytest.raises(InvalidInputError, match="no training samples" if empty == "source" else "no validation"):
        training.teacher(**{empty: EmptyDiscs()})
    assert not training.folder.exists()


class EmptyDiscs:
    """A source of nothing, which `Discs` cannot be without being false."""

    def __len__(self):
        return 0

    def __bool__(self):
        return True


@pytest.mark.parametrize(
    "hardware", [Hardware("abacus", 1), Hardware("cpu", 0), Hardware("cpu", "many"), Hardware("cpu", -1)]
)
def test_hardware_that_is_not_there_is_refused(training, hardware):
    with pytest.raises(InvalidInputError, match="Nothing can be trained on"):
        training.teacher(hardware=hardware)
    assert not training.folder.exists()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"learning_rate": 2e-3}, "learning_rate"),
        ({"seed": 1}, "seed"),
        ({"averaging": 0.5, "motion": 1.0}, "averaging, motion"),
        ({"network": NetworkSettings(widths=(4, 6))}, "network"),
    ],
)
def test_other_settings_in_the_folder_of_a_training_are_refused(training, changed, name):
    model = training.teacher(epochs=1)
    before = model.read_bytes()
    with pytest.raises(InvalidInputError, match=f"another {name};"):
        training.teacher(**{"epochs": 1, **changed})
    assert model.read_bytes() == before


def test_another_origin_in_the_folder_of_a_training_is_refused(training, tiny_teacher):
    training.student(teacher=tiny_teacher, epochs=1, about={"data": "some"})
    with pytest.raises(InvalidInputError, match="another teacher_sha256;"):
        training.student(epochs=1, about={"data": "some"})
    with pytest.raises(InvalidInputError, match="another data;"):
        training.student(teacher=tiny_teacher, epochs=1, about={"data": "others"})


def test_a_training_that_is_done_can_be_made_longer(training, training_in):
    training.teacher(epochs=1)
    longer = training.teacher(epochs=3, validate_every=1, patience=5)
    assert same(weights_of(longer), weights_of(training_in("at once").teacher(epochs=3)))


def test_a_training_that_is_done_is_not_done_again(training, discs, tmp_path):
    notes = tmp_path / "notes.txt"
    model = training.teacher(epochs=1, source=discs(3, notes=notes))
    before = model.read_bytes()
    training.teacher(epochs=1, source=discs(3, notes=notes))
    assert model.read_bytes() == before
    assert len(notes.read_text().splitlines()) == 3


def test_a_training_that_was_started_before_a_setting_existed_is_resumed_with_its_default(training):
    about = {"data": DataSettings().as_dict()}
    training.teacher(epochs=1, about=about)
    path = training.folder / "teacher" / "settings.json"
    settings = json.loads(path.read_text())
    for part, name in ((settings, "regulariser"), (settings["network"], "initial_weights"), (settings["data"], "flip")):
        del part[name]
    path.write_text(json.dumps(settings | {"cycle": 0.0}))  # a setting that there was once, and did nothing
    training.teacher(epochs=2, about=about)
    with pytest.raises(InvalidInputError, match="another regulariser;"):
        training.teacher(epochs=2, about=about, regulariser="diffusion")
    with pytest.raises(InvalidInputError, match="another data;"):
        training.teacher(epochs=2, about={"data": DataSettings(flip=False).as_dict()})


def test_settings_that_cannot_be_read_are_refused(training):
    training.teacher(epochs=1)
    (training.folder / "teacher" / "settings.json").write_text('{"seed": ')
    with pytest.raises(UnreadableFileError, match=r"settings\.json is damaged"):
        training.teacher(epochs=1)


def test_a_cancelled_training_resumes_as_if_it_had_not_stopped(training, training_in):
    with pytest.raises(CancelledError):
        training.teacher(epochs=3, averaging=0.5, progress=cancel_beyond(0.6))  # in the second epoch
    assert not (training.folder / "teacher" / "teacher.safetensors").exists()
    uninterrupted = training_in("uninterrupted")
    expected = uninterrupted.teacher(epochs=3, averaging=0.5)
    assert same(weights_of(training.teacher(epochs=3, averaging=0.5)), weights_of(expected))
    assert training.losses("teacher") == uninterrupted.losses("teacher")


def test_ctrl_c_cancels(training, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)  # Lightning would switch it off for the rest of the tests

    def interrupt(fraction, message):
        raise KeyboardInterrupt

    with pytest.raises(CancelledError):
        training.teacher(progress=interrupt)


def test_stacks_are_learnt_from_in_batches(training, discs):
    stacks = discs(2, depth=3)
    model = training.student(source=stacks, validation=replace(stacks, first=3), epochs=1, batch_size=2)
    assert load_model(model).training["steps"] == 1
    assert load_network(model, "student").sees_neighbours


def test_mixed_precision_keeps_the_weights_in_float32(training, tiny_teacher):
    model = training.student(epochs=1, teacher=tiny_teacher, precision="bf16", motion=0.1, gradient_clip=1.0)
    assert all(weights.dtype == torch.float32 for weights in weights_of(model).values())


def test_a_clipped_gradient_changes_the_training(training_in):
    one = weights_of(training_in("one").teacher(epochs=1))
    assert not same(one, weights_of(training_in("other").teacher(epochs=1, gradient_clip=1e-9)))


def test_the_folder_holds_checkpoints_curves_and_the_model(training):
    training.teacher(epochs=1)
    names = {path.name for path in (training.folder / "teacher").iterdir()}
    assert names == {
        "best.safetensors", "last.safetensors", "teacher.safetensors", "settings.json", "log.csv", "tensorboard",
        ".in-use.lock",
    }  # fmt: skip
    settings = json.loads((training.folder / "teacher" / "settings.json").read_text())
    assert settings["network"]["widths"] == [4, 8]
    assert "epochs" not in settings
    assert list((training.folder / "teacher" / "tensorboard").glob("events.*"))


def test_nothing_tells_when_to_stop_early_without_validation(training):
    with pytest.raises(InvalidInputError, match="Stopping early needs a validation set"):
        training.teacher(validated=False, patience=2)
    assert not training.folder.exists()


def test_without_validation_the_average_of_the_last_epoch_is_kept(training):
    model = training.student(validated=False, epochs=2, averaging=0.7)
    last = SafetensorsCheckpoints().load_checkpoint(training.checkpoint("student", "last"))
    assert same(weights_of(model), network_state(last))
    assert load_model(model).training["epochs"] == 2
