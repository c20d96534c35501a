"""Signals that end the program: an exception, held back while files are moved, and the end at once while starting."""

import os
import signal
import subprocess
import sys
import time

import pytest

from temporal_interp import signals
from temporal_interp.signals import EndedBySignalError, raise_on_signals, signals_wait

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(autouse=True)
def _as_before():
    """The handlers of the test program come back, and no signal counts as received."""
    before = {number: signal.getsignal(number) for number in signals.ENDING}
    for number in signals.ENDING:  # `nohup` around the tests ignores some
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    signals._received.clear()


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, EndedBySignalError), (signal.SIGHUP, EndedBySignalError)],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
def test_a_signal_is_an_exception_and_remembered(number, error):
    raise_on_signals()
    with pytest.raises(error) as found:
        signal.raise_signal(number)
    assert type(found.value) is error
    assert signals.received() == number


def test_a_signal_waits_until_files_are_moved():
    raise_on_signals()
    done = []

    def moves():
        with signals_wait():
            signal.raise_signal(signal.SIGTERM)
            done.append("moved")

    with pytest.raises(EndedBySignalError):
        moves()
    assert done == ["moved"]


def test_a_signal_that_is_ignored_stays_so():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does
    raise_on_signals()
    signal.raise_signal(signal.SIGHUP)
    assert signals.received() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_while_the_program_starts_it_ends_at_once_in_a_word(number):
    starts = "import time; from temporal_interp.signals import end_at_once; end_at_once(); print('on', flush=True); "
    process = subprocess.Popen(
        [sys.executable, "-c", starts + "time.sleep(60)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "on\n"
    process.send_signal(number)
    said, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert (said, errors) == ("", "Cancelled; nothing has been written.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_command_that_has_said_its_result_is_not_cancelled_while_python_ends(number):
    ends = "import atexit, time; atexit.register(lambda: (print('ending', flush=True), time.sleep(0.5))); "
    ends += "import sys; from temporal_interp.cli import run; sys.argv[1:] = ['models', 'list', '--json']; run()"
    process = subprocess.Popen([sys.executable, "-c", ends], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert '"event": "result"' in process.stdout.readline()
    assert process.stdout.readline() == "ending\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def test_until_the_work_begins_a_signal_ends_the_program_at_once():
    signals.end_at_once()
    with signals.at_work():
        assert signal.getsignal(signal.SIGTERM) is signals._raise
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_signals_of_a_program_that_handles_them_itself_are_left_to_it():
    def own(number, frame):
        pass

    signal.signal(signal.SIGTERM, own)
    with signals.at_work():
        assert signal.getsignal(signal.SIGTERM) is own
    assert signal.getsignal(signal.SIGTERM) is own


def test_a_signal_that_gets_lost_in_a_callback_is_sent_again():
    class Careless:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)  # what is raised here goes no further

    def works():
        with signals.at_work():
            Careless()
            time.sleep(10)

    signals.end_at_once()
    with pytest.raises(EndedBySignalError):
        works()


def test_what_else_goes_no_further_is_told(capsys):
    class Careless:
        def __del__(self):
            raise ValueError("of its own")

    signals.end_at_once()
    before = sys.unraisablehook
    with signals.at_work():
        Careless()
    assert sys.unraisablehook is before
    assert "ValueError: of its own" in capsys.readouterr().err
