"""Runs the command line in a child process: work of minutes, which may crash or be killed without harm to Slicer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import abc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, Progress, TemporalInterpError
from TemporalInterpLib.background import WAIT, Steps, in_background
from TemporalInterpLib.thread_waiting import wait_without_spinning

PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})
from temporal_interp.cli.main import main
main()
"""
"""The command line, found next to this package regardless of the environment."""

LAST_WORDS = 2000
"""Characters of the last output of a crashed child that are kept for the user."""


TEMPORARY = "TemporalInterp-"
"""Prefix of the folders of files that go to and from a child."""


class ChildEndedError(TemporalInterpError, RuntimeError):
    """A child process that ended without a result.

    Attributes:
        details: its last output, for a report.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


def write_for_child(sequence: Sequence, path: Path) -> Steps[None]:
    """Return the steps that write a sequence for a child to read, a `.seq.nrrd` file."""

    def write(progress: Progress) -> None:
        from temporal_interp.io import write_sequence

        write_sequence(sequence, path)

    return in_background(write)


def read_from_child(path: Path) -> Steps[Sequence]:
    """Return the steps that read the sequence that a child has written."""

    def read(progress: Progress) -> Sequence:
        from temporal_interp.io import read_sequence

        return read_sequence(path)

    return in_background(read)


def command_line(arguments: abc.Sequence[str]) -> Steps[dict[str, object]]:
    """Run `temporal-interp ARGUMENTS --json` and step until it has ended; closing the steps ends its whole tree.

    Returns:
        the values of its result.

    Raises:
        InvalidInputError: the command refused its input; the message says why.
        ChildEndedError: it ended without a result.
    """
    with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
        stdout, stderr = Path(folder) / "stdout", Path(folder) / "stderr"
        with stdout.open("wb") as out, stderr.open("wb") as err:
            child = _start(arguments, out, err)
        try:
            result = yield from _follow(child, stdout, arguments)
        finally:
            end_tree(child)
        if result is not None:
            return result
        words = stderr.read_text(encoding="utf-8", errors="replace").strip()
        raise ChildEndedError(
            f"The calculation stopped unexpectedly (exit code {child.returncode}); the scene is unchanged. It may have "
            "run out of memory.",
            words[-LAST_WORDS:],
        )


def _start(arguments: abc.Sequence[str], out: object, err: object) -> subprocess.Popen:
    python = shutil.which("PythonSlicer") or sys.executable
    wait_without_spinning()
    windows = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)} if os.name == "nt" else {}
    return subprocess.Popen(
        [python, "-c", PROGRAM, *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=os.name != "nt",  # a process group of its own, to be ended as a whole
        **windows,
    )


def _follow(
    child: subprocess.Popen, stdout: Path, arguments: abc.Sequence[str]
) -> Steps[dict[str, object] | None]:  # fmt: skip
    latest, result = (0.0, "starting"), None
    events = _Events(stdout)
    while True:
        ended = child.poll() is not None  # before reading, so that no output before the end is missed
        for event in events.new():
            kind = event.pop("event", "")
            if kind == "progress":
                latest = (float(event["fraction"]), str(event["message"]))
            elif kind == "error":
                raise InvalidInputError(_without_paths(str(event["message"]), arguments))
            elif kind == "result":
                result = event
        if ended:
            return result if child.returncode == 0 else None
        yield latest
        time.sleep(WAIT)


def _without_paths(message: str, arguments: abc.Sequence[str]) -> str:
    """Return a message without the name of a temporary file in front, of which the user knows nothing."""
    for argument in arguments:
        if TEMPORARY in argument:
            message = message.removeprefix(f"{argument}: ")
    return message


class _Events:
    """Reads the JSON lines that were added to a growing file since the last time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = 0

    def new(self) -> Iterator[dict[str, object]]:
        with self.path.open("rb") as file:
            file.seek(self.position)
            for line in file:
                if not line.endswith(b"\n"):  # the rest of the line is not written yet
                    break
                self.position += len(line)
                event = _event(line)
                if event is not None:
                    yield event


def _event(line: bytes) -> dict[str, object] | None:
    """Return the event in a line, None if there is none: libraries may print, too."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def end_tree(child: subprocess.Popen) -> None:
    """End a child and all processes that it has started."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)
    else:
        with suppress(ProcessLookupError, PermissionError):  # none of them is left
            os.killpg(child.pid, signal.SIGKILL)  # its children, too, where it has ended without them
    child.wait()
