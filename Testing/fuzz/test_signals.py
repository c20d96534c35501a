"""Signals at random moments of a command: it ends in a word, nothing is left behind, and the next run works."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from temporal_interp.io import read_sequence, write_sequence
from whole_inputs import cine

TIMES = int(os.environ.get("FUZZ_SIGNALS", "1"))
"""Signals for every command and kind of signal."""

RUN = """
from temporal_interp.signals import end_at_once
end_at_once()
print("started", flush=True)
from temporal_interp.cli import run
run()
"""
COMMANDS = {
    "interpolate": ["interpolate", "{cine}", "-o", "{out}/fine.seq.nrrd", "--factor", "2", "--fields", "{out}/fields"],
    "blend": ["interpolate", "{cine}", "-o", "{out}/fine.nii.gz", "--engine", "linear_blend", "--factor", "40"],
    "phantom": ["phantom", "heart", "-o", "{out}/phantom", "--phases", "5"],
}
WORDS = ("Cancelled", "cancelled")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def command(name, folder):
    paths = {"cine": folder / "cine.nrrd", "out": folder / "out"}
    return [sys.executable, "-c", RUN, *(part.format(**paths) for part in COMMANDS[name])]


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture(scope="module", params=list(COMMANDS))
def timed(request, tmp_path_factory):
    """A command, the seconds that it takes, and what it leaves when it is let alone."""
    folder = tmp_path_factory.mktemp("signals")
    write_sequence(cine(), folder / "cine.seq.nrrd")
    (folder / "cine.seq.nrrd").rename(folder / "cine.nrrd")
    (folder / "out").mkdir()
    started = time.monotonic()
    subprocess.run(command(request.param, folder), check=True, capture_output=True)
    return request.param, folder, time.monotonic() - started, files(folder / "out")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_leaves_all_or_nothing(timed, number, record_property):
    name, folder, seconds, whole = timed
    ended = 0
    chance = random.Random(f"{name} {number}")
    for _ in range(TIMES):
        shutil.rmtree(folder / "out")
        (folder / "out").mkdir()
        process = subprocess.Popen(command(name, folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "started\n"  # before, Python itself is starting
        time.sleep(0.7 * chance.random() * seconds)  # afterwards, it is ending
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said
        if process.returncode == 0:
            assert files(folder / "out") == whole
            continue
        if process.returncode == -number:  # Python was ending, and had given up its handlers
            assert files(folder / "out") == whole
            continue
        ended += 1
        assert process.returncode == 128 + number
        assert any(word in said for word in WORDS), said
        assert files(folder / "out") in ([], whole)
    told = f"{ended} of {TIMES} ended by {number.name}; the others were done"
    record_property("fuzzed", f"{name}: {told}")
    shutil.rmtree(folder / "out")
    (folder / "out").mkdir()
    subprocess.run(command(name, folder), check=True, capture_output=True)
    assert files(folder / "out") == whole
    if name == "interpolate":
        assert len(read_sequence(folder / "out" / "fine.seq.nrrd")) > len(cine())
