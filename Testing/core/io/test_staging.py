"""The folders in which results are made: gone afterwards, and swept where their process was killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from temporal_interp.io import staging
from temporal_interp.io.staging import STAGING_PREFIX, staging_folder, sweep

WRITES_FOR_EVER = """
import sys, time
from pathlib import Path
from temporal_interp.io.staging import staging_folder

with staging_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that writes into a folder beside `tmp_path`, and never ends by itself."""
    process = subprocess.Popen([sys.executable, "-c", WRITES_FOR_EVER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def left_in(folder):
    return [path for path in folder.iterdir() if path.name.startswith(STAGING_PREFIX)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path, writer):
    sweep(tmp_path)
    assert len(left_in(tmp_path)) == 1  # it is still at work
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert len(left_in(tmp_path)) == 1
    staging._swept.discard(tmp_path)
    with staging_folder(tmp_path) as folder:
        assert left_in(tmp_path) == [folder.parent]
    assert left_in(tmp_path) == []


def test_a_folder_of_another_host_is_left_alone(tmp_path):
    (tmp_path / f"{STAGING_PREFIX}elsewhere-abc").mkdir()
    sweep(tmp_path)
    assert len(left_in(tmp_path)) == 1


def test_a_folder_that_is_being_made_is_left_alone_but_not_for_ever(tmp_path):
    made = tmp_path / f"{STAGING_PREFIX}{staging._HOST}-abc"
    made.mkdir()
    sweep(tmp_path)
    assert made.exists()
    long_ago = time.time() - staging.JUST_NOW - 1
    os.utime(made, (long_ago, long_ago))
    sweep(tmp_path)
    assert not made.exists()
