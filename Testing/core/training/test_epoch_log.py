"""The log of a training: one line an epoch, whatever happens."""

import sys

import pytest

from stand_ins import cancel_beyond
from temporal_interp.errors import CancelledError


def epochs(training, stage="teacher"):
    return [int(row["epoch"]) for row in training.log(stage)]


def test_every_epoch_has_a_line_with_its_means_and_its_seconds(training):
    training.teacher(epochs=3, motion=0.1, validate_every=2)
    log = training.log("teacher")
    assert epochs(training) == [1, 2, 3]
    names = {"epoch", "seconds", "training/loss", "training/reconstruction", "training/alignment", "training/motion"}
    assert set(log[0]) == names | {"validation/gain", "validation/psnr", "validation/epe_voxels"}
    assert [bool(row["validation/gain"]) for row in log] == [False, True, False]
    assert all(float(row["seconds"]) > 0 for row in log)
    parts = ("training/reconstruction", "training/alignment")
    total = sum(float(log[0][name]) for name in parts) + 0.1 * float(log[0]["training/motion"])
    assert float(log[0]["training/loss"]) == pytest.approx(total, rel=1e-5)


def test_a_training_that_is_cancelled_and_resumed_has_every_epoch_once(training):
    for share in (0.3, 0.6):
        with pytest.raises(CancelledError):
            training.teacher(epochs=5, progress=cancel_beyond(share))
    training.teacher(epochs=5)
    assert epochs(training) == [1, 2, 3, 4, 5]
    training.teacher(epochs=6)
    assert epochs(training) == [1, 2, 3, 4, 5, 6]


KILLED = """
import os, signal
from pathlib import Path
from conftest import TinyTraining
from temporal_interp.training import {module} as module

written, calls = module.{function}, []

def kill(*arguments, **more):
    done = written(*arguments, **more) if {after} else None
    calls.append(arguments)
    if len(calls) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return done or written(*arguments, **more)

module.{function} = kill
TinyTraining(Path({folder!r})).teacher(epochs=4, validated=False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("module", "function"), [("checkpoints", "write_checkpoint"), ("epoch_log", "atomic_file")])
def test_killed_between_two_writes_no_line_is_lost_or_doubled(
    training, training_in, run_script, module, function, after
):
    killed = run_script(
        KILLED.format(module=module, function=function, after=after, call=2, folder=str(training.folder))
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    training.teacher(epochs=4, validated=False)
    assert epochs(training) == [1, 2, 3, 4]
    uninterrupted = training_in("uninterrupted")
    uninterrupted.teacher(epochs=4, validated=False)
    assert training.losses("teacher") == uninterrupted.losses("teacher")


def test_a_lost_log_comes_back_from_the_checkpoint(training):
    training.teacher(epochs=2)
    (training.folder / "teacher" / "log.csv").unlink()
    training.teacher(epochs=3)
    assert epochs(training) == [1, 2, 3]
