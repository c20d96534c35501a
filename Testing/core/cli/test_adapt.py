"""temporal-interp adapt."""

from functools import partial

import pytest

from stand_ins import growing_disc
from temporal_interp.data.geometry import Geometry
from temporal_interp.engines.pairs import course
from temporal_interp.io import read_sequence, write_sequence
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.networks import NetworkSettings, Student
from temporal_interp.registration.settings import GridField, VelocitySettings
from temporal_interp.training.logic import fresh
from temporal_interp.workflows import adaptation


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch):
    """An epoch of seconds: what is learnt is tested with the workflow."""
    few = partial(adaptation.AdaptationSettings, samples=8)
    monkeypatch.setattr(adaptation, "AdaptationSettings", few)
    steps = VelocitySettings(field=GridField(starts=1), levels=(1,), iterations=(5,))
    monkeypatch.setattr(course, "default_settings", lambda independent, *, search: steps)


@pytest.fixture
def model(tmp_path):
    """The model file of a tiny student that has learnt nothing."""
    settings = NetworkSettings(widths=(4, 8))
    state = fresh(Student, settings, 0).state_dict()
    save_model(tmp_path / "tiny.safetensors", state, kind="student", settings=settings.as_dict(), training={})
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def cine(tmp_path):
    """Nine frames of a disc that grows, in a file."""
    frames = growing_disc(Geometry((1, 32, 32), (1.5, 1.5, 8.0)), [50 * n for n in range(9)])
    write_sequence(frames, tmp_path / "cine.seq.nrrd")
    return tmp_path / "cine.seq.nrrd"


def test_an_adapted_model_interpolates_the_sequence(command, events, cine, model, tmp_path):
    adapted, denser = tmp_path / "adapted.safetensors", tmp_path / "denser.seq.nrrd"
    options = ("--model", model, "--epochs", "1", "--device", "cpu")
    result = command("adapt", cine, "-o", adapted, *options, "--json")
    assert result.exit_code == 0, result.output
    last = events(result)[-1]
    assert last["event"] == "result"
    assert (last["deciding"], last["held_out"]) == ([2], [5])
    assert last["epochs"] in (0, 1)
    assert load_model(adapted).training["usable_frames"] == list(range(9))
    result = command("interpolate", cine, "-o", denser, "--factor", "2", "--engine", f"student:{adapted}")
    assert result.exit_code == 0, result.output
    assert len(read_sequence(denser)) == 17


def test_only_some_frames(command, events, cine, model, tmp_path):
    adapted = tmp_path / "adapted.safetensors"
    result = command("adapt", cine, "-o", adapted, "--model", model, "--epochs", "1", "--every", "2", "--json")
    assert result.exit_code == 0, result.output
    assert load_model(adapted).training["usable_frames"] == [0, 2, 4, 6, 8]
    assert (events(result)[-1]["deciding"], events(result)[-1]["held_out"]) == ([2], [6])


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        (
            3,
            "+0.25 dB over the linear blend in the moving region of frames 5, held out to measure it, -0.50 dB before.",
        ),
        (3, "Frames 2, held out to tell when to stop, were best after 3 epochs ("),
        (1, "were best after 1 epoch ("),
        (0, "no gain on frames 2, held out to tell; the network is as it was ("),
    ],
)
def test_the_text_says_what_was_gained_and_what_to_do_next(command, cine, model, tmp_path, monkeypatch, epochs, words):
    adapted = tmp_path / "adapted.safetensors"
    result = adaptation.Adaptation(adapted, epochs, (2,), (5,), -0.5, 0.25 if epochs else -0.5)
    monkeypatch.setattr(adaptation, "adapt", lambda *arguments, **options: result)
    result = command("adapt", cine, "-o", adapted, "--model", model, "--epochs", "1")
    text = " ".join(result.stdout.split())
    assert words in text
    assert f"--engine student:{adapted}" in result.stdout


def test_a_file_is_replaced_only_on_request(command, cine, model, tmp_path):
    adapted = tmp_path / "adapted.safetensors"
    adapted.write_text("precious")
    result = command("adapt", cine, "-o", adapted, "--model", model)
    assert result.exit_code != 0
    assert "--force" in result.stderr
    assert adapted.read_text() == "precious"


@pytest.mark.parametrize(
    ("output", "options", "word"),
    [
        ("adapted.pt", {}, ".safetensors"),
        ("a.safetensors", {"--model": "nowhere"}, "nowhere"),
        ("a.safetensors", {"--every": "4"}, "at least 5 frames"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_written(command, cine, model, tmp_path, output, options, word):
    given = [part for option in ({"--model": model} | options).items() for part in option]
    result = command("adapt", cine, "-o", tmp_path / output, *given)
    assert result.exit_code != 0
    assert word in result.stderr
    assert not (tmp_path / output).exists()
