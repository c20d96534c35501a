"""Heavy work in a thread, stepped from the event loop."""

import threading
import time

import pytest

from stand_ins import cancel
from temporal_interp.errors import CancelledError, InvalidInputError
from TemporalInterpLib import background
from TemporalInterpLib.background import in_background, run_to_end, share_of, wait_for_threads


def results_of(steps):
    """Every report of the steps, and their result."""
    reports = []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as end:
            return reports, end.value


def test_the_result_and_the_reports_come_through():
    def work(progress):
        progress(0.5, "half")
        time.sleep(0.05)
        return 42

    reports, result = results_of(in_background(work))
    assert result == 42
    assert (0.5, "half") in reports


def test_it_runs_in_another_thread_and_steps_meanwhile():
    goes_on = threading.Event()
    where = []

    def work(progress):
        where.append(threading.current_thread())
        goes_on.wait(10)

    steps = in_background(work)
    durations = []
    for _ in range(10):
        started = time.monotonic()
        next(steps)
        durations.append(time.monotonic() - started)
    goes_on.set()
    results_of(steps)
    assert where[0] is not threading.main_thread()
    assert sorted(durations)[5] < 0.1
    assert sorted(durations)[5] >= background.WAIT * 0.9, "a step has to wait, or Slicer lets the thread starve"


@pytest.mark.parametrize("error", [InvalidInputError("bad"), KeyError("fault"), MemoryError()])
def test_what_it_raises_comes_out_of_the_steps(error):
    def work(progress):
        raise error

    with pytest.raises(type(error)) as caught:
        results_of(in_background(work))
    assert caught.value is error


def test_closing_stops_it_at_its_next_report():
    reached, stopped = threading.Event(), []

    def work(progress):
        try:
            while True:
                progress(0.1, "working")
                reached.set()
                time.sleep(0.001)
        except CancelledError:
            stopped.append(True)
            raise

    steps = in_background(work)
    next(steps)
    assert reached.wait(10)
    steps.close()
    wait_for_threads(10)
    assert stopped == [True]
    assert not [thread for thread in threading.enumerate() if thread.name == "TemporalInterp"]


def test_closing_does_not_wait_for_it():
    goes_on = threading.Event()
    steps = in_background(lambda progress: goes_on.wait(10))
    next(steps)
    started = time.monotonic()
    steps.close()
    assert time.monotonic() - started < 1
    goes_on.set()
    wait_for_threads(10)


def test_steps_that_were_never_taken_start_nothing():
    called = []
    in_background(called.append).close()
    assert called == []


def test_waiting_for_the_threads_gives_up_in_time():
    goes_on = threading.Event()
    steps = in_background(lambda progress: goes_on.wait(10))
    next(steps)
    steps.close()
    started = time.monotonic()
    wait_for_threads(0.1)
    assert time.monotonic() - started < 2
    goes_on.set()


class Steps:
    """Two steps, whose end is noted."""

    def __init__(self, error: Exception | None = None) -> None:
        self.closed = False
        self.error = error

    def take(self):
        try:
            yield 0.0, "begin"
            if self.error:
                raise self.error
            yield 0.5, "half"
            return "result"
        finally:
            self.closed = True


def test_a_share_reports_its_part_and_passes_on_the_result():
    assert results_of(share_of(Steps().take(), 0.2, 0.6)) == ([(0.2, "begin"), (pytest.approx(0.4), "half")], "result")


def test_a_share_passes_on_closing_and_errors():
    steps = Steps()
    share = share_of(steps.take(), 0.0, 1.0)
    next(share)
    share.close()
    assert steps.closed
    failing = Steps(KeyError("x"))
    with pytest.raises(KeyError):
        results_of(share_of(failing.take(), 0.0, 1.0))
    assert failing.closed


def test_run_to_end_takes_all_steps_and_tells_progress():
    told = []
    assert run_to_end(Steps().take(), lambda *report: told.append(report)) == "result"
    assert told == [(0.0, "begin"), (0.5, "half")]


def test_run_to_end_can_be_cancelled_by_its_progress():
    steps = Steps()

    with pytest.raises(CancelledError):
        run_to_end(steps.take(), cancel)
    assert steps.closed
