"""Damaged files of every kind: read, or refused in words that name the file; soon, in little memory."""

import math
import resource
import shutil
import signal
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damage import DAMAGES
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import OutOfMemoryError, TemporalInterpError
from whole_inputs import KINDS

LONGEST = 10
"""Seconds that one reading may take, of the processor: others may be at work, too."""

WAITING = 60
"""Seconds after which a reading hangs."""

MOST = 400
"""MB by which one reading may enlarge the process: the files have a few kB."""


@pytest.fixture(scope="module", params=list(KINDS))
def whole(request, tmp_path_factory):
    """A kind of input and the folder of a whole one."""
    kind, folder = KINDS[request.param], tmp_path_factory.mktemp("whole")
    read = kind.write(folder).relative_to(folder)
    return request.param, kind, folder, read


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def too_long(number, frame):
    raise TimeoutError(f"still reading after {WAITING} s")


def test_a_whole_input_is_read(whole):
    _, kind, folder, read = whole
    assert kind.read(folder / read) is not None


def test_a_damaged_input_is_read_or_refused_in_words(whole, tmp_path, record_property):
    name, kind, folder, read = whole
    kind.read(folder / read)  # what is loaded once counts for nobody
    files = sorted(path.relative_to(folder) for path in folder.rglob(kind.damage) if path.is_file())
    ends, slowest, most = Counter(), 0.0, 0.0

    @given(DAMAGES, st.integers(0, len(files) - 1))
    def damaged(damages, number):
        nonlocal slowest, most
        place = tmp_path / "damaged"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place)
        content = (place / files[number]).read_bytes()
        for damage in damages:
            content = damage.done_to(content)
        (place / files[number]).write_bytes(content)
        outcome = _outcome(kind.read, place / read)
        ends[outcome.end] += 1
        slowest, most = max(slowest, outcome.seconds), max(most, outcome.megabytes)

    damaged()
    record_property("fuzzed", told(name, ends, slowest, most))


@dataclass(frozen=True)
class Outcome:
    """How a reading ended: "read" or "refused", the seconds of the processor, and the MB by which the process grew."""

    end: str
    seconds: float
    megabytes: float


def told(name, ends, slowest, most) -> str:
    """Return a line of the summary."""
    counted = f"{sum(ends.values()):>6} tried, {ends['read']:>5} read, {ends['refused']:>5} refused"
    return f"{name:<17} {counted}, slowest {slowest:4.1f} s, largest {most:4.0f} MB"


def _outcome(read, path: Path) -> Outcome:
    """Read what may be damaged, and say how it ended; anything that must not happen is an exception."""
    before, started = memory(), time.process_time()
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(WAITING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = read(path)
    except OutOfMemoryError as error:
        raise AssertionError("a small file asks for more memory than there is") from error
    except TemporalInterpError as error:
        message = str(error)
        assert str(path) in message, message
        assert message.isprintable() or "\n" in message, message
        message.encode("utf-8")
        assert len(message) < 5000, message
        end = "refused"
    else:
        if isinstance(found, Sequence):
            assert all(math.isfinite(t) for t in found.times)
            assert list(found.times) == sorted(found.times)
        end = "read"
    finally:
        signal.alarm(0)
    seconds, grown = time.process_time() - started, memory() - before
    assert seconds < LONGEST
    assert grown < MOST
    return Outcome(end, seconds, grown)
