"""Checkpoints: what they hold comes back, nothing in them is ever run, and a killed training goes on exactly."""

import pickle
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.models.model_file import load_model
from temporal_interp.training.checkpoints import SafetensorsCheckpoints

CHECKPOINTS = SafetensorsCheckpoints()


def assert_equal(one, other):
    """Same structure, types and values, tensors to the last bit."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            assert_equal(mine, theirs)
    else:
        assert one == other


def test_everything_a_checkpoint_may_hold_comes_back(tmp_path):
    checkpoint = {
        "tensors": {"a": torch.rand(2, 3), "half": torch.ones(2, dtype=torch.bfloat16), "none": torch.zeros(0)},
        "shared": [torch.arange(4), torch.arange(4)[1:3], torch.tensor(2.5)],
        "numbers": {0: 1, 1: 0.1 + 0.2, "inf": float("inf"), "betas": (0.9, 0.999)},
        "words": [None, True, False, "ä\n"],
        "empty": [{}, [], (), ""],
    }
    CHECKPOINTS.save_checkpoint(checkpoint, tmp_path / "new" / "last.safetensors")
    assert_equal(CHECKPOINTS.load_checkpoint(tmp_path / "new" / "last.safetensors"), checkpoint)


def test_tensors_that_share_memory_are_written_apart(tmp_path):
    weights = torch.rand(3)
    CHECKPOINTS.save_checkpoint({"one": weights, "other": weights}, tmp_path / "c.safetensors")
    read = CHECKPOINTS.load_checkpoint(tmp_path / "c.safetensors")
    read["one"].zero_()
    assert torch.equal(read["other"], weights)


def test_what_cannot_be_written_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "last.safetensors"
    CHECKPOINTS.save_checkpoint({"epoch": 1}, path)
    with pytest.raises(TypeError, match="cannot hold a set"):
        CHECKPOINTS.save_checkpoint({"epoch": {2}}, path)
    assert CHECKPOINTS.load_checkpoint(path) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_breaks_off_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "last.safetensors"
    CHECKPOINTS.save_checkpoint({"epoch": 1}, path)

    def half(tensors, path, metadata):
        Path(path).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", half)
    with pytest.raises(OSError, match="No space"):
        CHECKPOINTS.save_checkpoint({"epoch": 2}, path)
    assert CHECKPOINTS.load_checkpoint(path) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("write", [lambda trap, path: path.write_bytes(pickle.dumps(trap)), torch.save])
@pytest.mark.parametrize("name", ["last", "best"])
def test_a_pickle_is_refused_and_not_run(training, tmp_path, write, name):
    training.teacher(epochs=1)
    mark = tmp_path / "mark"
    write(Trap(mark), training.checkpoint("teacher", name))
    with pytest.raises(UnreadableFileError, match=rf"{name}\.safetensors: it cannot be read .*header"):
        training.teacher(epochs=1)
    assert not mark.exists()


def test_other_files_are_refused(training, tmp_path):
    model = training.teacher(epochs=1)
    with pytest.raises((InvalidInputError, UnreadableFileError), match="not a checkpoint of a training"):
        CHECKPOINTS.load_checkpoint(model)
    save_file({"a": torch.rand(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises((InvalidInputError, UnreadableFileError), match="not a checkpoint of a training"):
        CHECKPOINTS.load_checkpoint(tmp_path / "foreign.safetensors")
    whole = training.checkpoint("teacher", "last").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-100])
    for name, words in (("cut", "it cannot be read"), ("absent", "there is no such file")):
        with pytest.raises(UnreadableFileError, match=rf"{name}\.safetensors: {words}"):
            CHECKPOINTS.load_checkpoint(tmp_path / f"{name}.safetensors")


KILLED = """
import sys
from pathlib import Path
from conftest import Discs, TinyTraining
TinyTraining(Path({folder!r})).student(source=Discs(3, killed_at={killed_at}), **{settings})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_training_killed_half_way_resumes_to_the_same_bits(
    training, training_in, tiny_teacher, run_script, discs, tmp_path
):
    settings = {"epochs": 4, "averaging": 0.5, "teacher": tiny_teacher, "motion": 0.1}
    written = {**settings, "teacher": str(tiny_teacher)}
    # draws of the training source: 3 an epoch, so the 8th is in the middle of the third epoch
    killed = run_script(KILLED.format(folder=str(training.folder), killed_at=8, settings=written))
    assert killed.returncode == -9, killed.stderr
    assert CHECKPOINTS.load_checkpoint(training.checkpoint("student", "last"))["epoch"] == 1
    assert not (training.folder / "student" / "student.safetensors").exists()

    notes = tmp_path / "notes.txt"
    model = training.student(source=discs(3, notes=notes), **settings)
    assert len(notes.read_text().split()) == 6  # the two epochs that were not finished, and no other
    uninterrupted = training_in("uninterrupted")
    expected = uninterrupted.student(**settings)

    assert training.losses("student") == uninterrupted.losses("student")
    assert {epoch for epoch, _ in training.losses("student")} == {0, 1, 2, 3}
    assert_equal(dict(load_model(model).state), dict(load_model(expected).state))
    one, other = (CHECKPOINTS.load_checkpoint(t.checkpoint("student", "last")) for t in (training, uninterrupted))
    for part in ("state_dict", "current_model_state", "optimizer_states", "epoch", "global_step"):
        assert_equal(one[part], other[part])
