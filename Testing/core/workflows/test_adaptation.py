"""Adapting a student to one sequence: what it may look at, what it gains, what is written."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.pairs import course
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.networks import NetworkSettings, Student, Teacher
from temporal_interp.registration.settings import GridField, VelocitySettings
from temporal_interp.training.logic import Hardware, TrainingLogic, fresh
from temporal_interp.training.settings import TrainingSettings
from temporal_interp.training.stage import Stage
from temporal_interp.workflows.adaptation import FITTING, AdaptationSettings, adapt
from temporal_interp.workflows.taught_samples import TaughtSamples

NETWORK = NetworkSettings(widths=(4, 8))
CPU = Hardware("cpu", 1)
QUICK = AdaptationSettings(
    training=TrainingSettings(epochs=3, batch_size=4, learning_rate=3e-3, averaging=0.5, motion=0.05, patience=2),
    samples=16,
    hold_out=4,
    shape=(2, 24, 24),
)


def beating(frames=9, shape=(1, 28, 32)):
    """A disc that grows and shrinks again, brighter than what is around it."""
    j, i = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in shape[1:]], indexing="ij")
    geometry = Geometry(shape, (1.4, 1.4, 2.0))
    volumes = []
    for n in range(frames):
        radius = 5 + 4 * np.sin(np.pi * n / (frames - 1))
        plane = 100 + 900 / (1 + np.exp((np.hypot(j, i) - radius) / 0.7))
        volumes.append(Volume(np.broadcast_to(plane, shape).astype(np.float32).copy(), geometry))
    return Sequence(volumes, list(range(frames)))


def saved(path, kind=Student, network=NETWORK):
    state = fresh(kind, network, 0).state_dict()
    save_model(path, state, kind=kind.__name__.lower(), settings=network.as_dict(), training={})
    return path


@pytest.fixture(autouse=True)
def _quick_fits(monkeypatch):
    """The velocity field in a few steps: how well it fits is tested with the engine."""
    few = VelocitySettings(field=GridField(starts=1), levels=(2, 1), iterations=(8, 4))
    monkeypatch.setattr(course, "default_settings", lambda independent, *, search: few)


@pytest.fixture
def student(tmp_path):
    """The model file of a student that has learnt nothing."""
    return saved(tmp_path / "student.safetensors")


def run(sequence, student, tmp_path, *, name="adapted", settings=QUICK, **options):
    return adapt(sequence, student, tmp_path / f"{name}.safetensors", settings=settings, hardware=CPU, **options)


def states_equal(one, other):
    one, other = load_model(one).state, load_model(other).state
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("shape", [(1, 28, 32), (2, 28, 32)], ids=["slice", "stack"])
def test_the_student_gets_better_on_frames_it_has_not_seen(student, tmp_path, shape):
    result = run(beating(shape=shape), student, tmp_path)
    assert result.gain_after > result.gain_before + 0.2
    assert (result.deciding, result.held_out) == ((2,), (5,))
    assert result.epochs in (1, 2, 3)
    adapted = load_model(result.model)
    assert adapted.kind == "student"
    assert adapted.training["adapted_from"] == load_model(student).sha256
    assert adapted.training["usable_frames"] == list(range(9))
    assert (adapted.training["deciding_frames"], adapted.training["held_out_frames"]) == ([2], [5])
    assert adapted.training["gain_after_db"] == pytest.approx(result.gain_after)
    assert not states_equal(student, result.model)


def test_frames_that_may_not_be_used_change_nothing(student, tmp_path):
    sequence = beating(13)
    garbled = [v if n % 2 == 0 else v.with_array(v.array[:, ::-1] * 7) for n, v in enumerate(sequence.volumes)]
    result = run(sequence, student, tmp_path, frames=range(0, 13, 2))
    other = run(replace(sequence, volumes=garbled), student, tmp_path, name="other", frames=range(0, 13, 2))
    assert (result.deciding, result.held_out) == (other.deciding, other.held_out) == ((4,), (8,))
    assert states_equal(result.model, other.model)
    assert not states_equal(student, result.model)


def test_a_student_that_gains_nothing_stays_as_it_was(student, tmp_path):
    wild = replace(QUICK, training=replace(QUICK.training, learning_rate=0.9, averaging=0.0, epochs=1))
    good = run(beating(), student, tmp_path).model
    result = run(beating(), good, tmp_path, name="wild", settings=wild)
    assert result.epochs == 0
    assert result.gain_after == result.gain_before
    assert states_equal(good, result.model)


def test_it_stops_by_itself_where_the_deciding_frames_gain_no_more_and_keeps_the_best(student, tmp_path, monkeypatch):
    gains = iter([1.0, 3.0, 2.0, 2.5, 9.0])

    def validated(self, batch, batch_idx):
        if batch_idx == 0:
            self.of_epoch = next(gains)
        self._note("validation/gain", torch.tensor(self.of_epoch), batch)

    monkeypatch.setattr(Stage, "validation_step", validated)
    ten = replace(QUICK, training=replace(QUICK.training, epochs=10))
    result = run(beating(), student, tmp_path, settings=ten)
    assert result.epochs == 2
    assert next(gains) == 9.0  # four epochs: two without a gain end it
    assert load_model(result.model).training["epochs"] == 2


def test_held_out_frames_teach_nothing_until_it_is_decided(student, tmp_path, monkeypatch):
    sequence, shown = beating(), []
    of = TaughtSamples.of.__func__

    def noted(cls, frames, *arguments, **options):
        shown.append(frames)
        return of(cls, frames, *arguments, **options)

    monkeypatch.setattr(TaughtSamples, "of", classmethod(noted))
    result = run(sequence, student, tmp_path)
    assert [frames.times for frames in shown] == [(0, 1, 3, 4, 6, 7, 8), tuple(range(9))]
    other = [v.with_array(v.array[..., ::-1].copy()) if n in result.held_out else v for n, v in enumerate(sequence)]
    again = run(replace(sequence, volumes=other), student, tmp_path, name="other")
    assert again.epochs == result.epochs  # what measures decides nothing


def test_it_learns_from_all_frames_at_last_for_as_many_epochs(student, tmp_path, monkeypatch):
    trained, train = [], TrainingLogic.train_student

    def noted(self, network, learning, validation, *, start):
        trained.append((self.settings.epochs, validation is None, start))
        return train(self, network, learning, validation, start=start)

    monkeypatch.setattr(TrainingLogic, "train_student", noted)
    result = run(beating(), student, tmp_path)
    assert trained[0] == (3, False, student)
    assert trained[1][:2] == (result.epochs, True)
    assert trained[1][2] != student


def test_progress_rises_from_the_fit_of_the_motion_to_the_training(student, tmp_path):
    told = []
    run(beating(), student, tmp_path, progress=lambda *report: told.append(report))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert list(dict.fromkeys(message for _, message in told))[-1] == "learning from these frames"
    assert sum(fraction <= FITTING / 2 for fraction in fractions) > 5


def test_frames_that_are_the_same_do_no_harm(student, tmp_path):
    sequence = beating()
    still = Sequence([sequence[0]] * 9, sequence.times)
    result = run(still, student, tmp_path)
    assert np.isfinite([result.gain_before, result.gain_after]).all()


@pytest.mark.parametrize("frames", [None, [0, 1, 2, 2, 3]])
def test_too_few_frames_are_refused(student, tmp_path, frames):
    sequence = beating(4) if frames is None else beating()
    with pytest.raises(InvalidInputError, match="at least 5 frames"):
        run(sequence, student, tmp_path, frames=frames)
    assert not (tmp_path / "adapted.safetensors").exists()


@pytest.mark.parametrize("share", [FITTING / 4, 0.4, 0.7], ids=["fitting", "learning", "learning from all"])
def test_a_cancelled_adaptation_writes_nothing(student, tmp_path, share):
    with pytest.raises(CancelledError):
        run(beating(), student, tmp_path, progress=cancel_beyond(share))
    assert list(tmp_path.iterdir()) == [student]


def test_another_kind_of_model_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="teacher"):
        run(beating(), saved(tmp_path / "teacher.safetensors", Teacher), tmp_path)


def test_a_student_with_context_adapts_to_a_loop_at_uneven_times(tmp_path):
    start = saved(tmp_path / "context.safetensors", network=replace(NETWORK, context=True, kernels="slices"))
    sequence = beating()
    uneven = replace(sequence, times=[0, 1, 2, 3, 4, 7, 8, 9, 10]).as_loop(11.5)
    result = run(uneven, start, tmp_path)
    assert load_model(result.model).settings["context"]
    assert np.isfinite([result.gain_before, result.gain_after]).all()
    assert (result.gain_after == result.gain_before) == (result.epochs == 0)


def test_a_student_of_slices_adapts_to_a_volume_slice_by_slice(tmp_path):
    start = saved(tmp_path / "slices.safetensors", network=replace(NETWORK, kernels="slices"))
    result = run(beating(shape=(4, 28, 32)), start, tmp_path)
    assert load_model(result.model).settings["kernels"] == "slices"


def test_a_student_of_volumes_learns_from_motion_through_the_slices(tmp_path):
    start = saved(tmp_path / "volumes.safetensors", network=replace(NETWORK, context=True))
    disc = beating(shape=(8, 28, 32))
    rising = [v.with_array(np.roll(v.array, n // 3, axis=0)) for n, v in enumerate(disc.volumes)]
    result = run(replace(disc, volumes=rising), start, tmp_path)
    assert load_model(result.model).settings["kernels"] == "volumes"
    assert result.gain_after >= result.gain_before
