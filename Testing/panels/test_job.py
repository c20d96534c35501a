"""Jobs: steps taken in the event loop, with progress, time left, errors and cancel."""

import time
from itertools import pairwise

import pytest
import slicer
from harness import faults

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.background import in_background
from TemporalInterpLib.job import Job, Report
from TemporalInterpLib.time_left import TimeLeft

pytestmark = pytest.mark.usefixtures("slicer_session")


class Log:
    """What a job told, in order."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def options(self) -> dict:
        return {
            "on_done": lambda result: self.events.append(("done", result)),
            "on_error": lambda error: self.events.append(("error", error)),
            "on_progress": lambda report: self.events.append(report),
            "on_end": lambda: self.events.append("end"),
        }

    def names(self) -> list[object]:
        return [event if not isinstance(event, Report) else event.message for event in self.events]


@pytest.fixture
def log():
    return Log()


def turn(count: int = 20) -> None:
    for _ in range(count):
        slicer.app.processEvents()


def steps(closed=None, error=None, count=3):
    try:
        for number in range(count):
            if error and number == 1:
                raise error
            yield number / count, f"step {number}"
        return "result"
    finally:
        if closed is not None:
            closed.append(True)


def test_all_is_reported_in_order(log):
    job = Job(steps(), **log.options()).start()
    assert job.running
    assert log.events == [], "nothing is done before the event loop has its turn"
    turn()
    assert log.names() == ["step 0", "step 1", "step 2", "end", ("done", "result")]
    assert not job.running


def test_one_step_a_turn_so_that_other_events_are_handled(log):
    import qt

    Job(steps(count=5), **log.options()).start()
    others = []
    for number in range(5):
        qt.QTimer.singleShot(0, lambda: others.append(len(log.events)))
        slicer.app.processEvents()
        assert len(others) == number + 1
    assert others == sorted(others)
    assert max(b - a for a, b in pairwise(others)) <= 1
    turn()


@pytest.mark.parametrize("error", [InvalidInputError("bad"), ZeroDivisionError("fault")])
def test_an_error_is_reported_and_the_job_ends(log, error):
    closed = []
    job = Job(steps(closed, error), **log.options()).start()
    turn()
    assert log.names() == ["step 0", "end", ("error", error)]
    assert not job.running
    assert closed == [True]


def test_cancelled_the_steps_are_closed_and_only_the_end_is_reported(log):
    closed = []
    job = Job(steps(closed), **log.options()).start()
    slicer.app.processEvents()
    job.cancel()
    assert closed == [True]
    assert log.names() == ["step 0", "end"]
    turn()
    assert log.names() == ["step 0", "end"], "no step may follow a cancel"
    job.cancel()
    assert log.names() == ["step 0", "end"]


def test_cancelled_before_its_first_step_nothing_is_done(log):
    taken = []

    def work():
        taken.append(True)
        yield 0.0, ""

    Job(work(), **log.options()).start().cancel()
    turn()
    assert taken == []
    assert log.events == ["end"]


def test_cancelled_from_its_own_progress(log):
    closed, options = [], log.options()
    job = Job(steps(closed), **(options | {"on_progress": lambda report: job.cancel()}))
    job.start()
    turn()
    assert closed == [True]
    assert log.events == ["end"]


def test_the_end_is_reported_even_if_the_caller_fails(log):
    def fail(result):
        raise RuntimeError("in the panel")

    Job(steps(), **(log.options() | {"on_done": fail})).start()
    turn()
    assert log.names()[-1] == "end"
    (error,) = faults.take()
    assert "in the panel" in str(error)


def test_an_error_while_closing_does_not_keep_the_job_running(log):
    def bad():
        try:
            yield 0.0, ""
            yield 0.5, ""
        finally:
            raise RuntimeError("in finally")

    job = Job(bad(), **log.options()).start()
    slicer.app.processEvents()
    with pytest.raises(RuntimeError):
        job.cancel()
    assert not job.running


def test_work_in_a_thread_is_cancelled_through_a_job(log):
    stopped = []

    def work(progress):
        try:
            while True:
                progress(0.1, "working")
                time.sleep(0.001)
        finally:
            stopped.append(True)

    job = Job(in_background(work), **log.options()).start()
    turn(3)
    job.cancel()
    end = time.monotonic() + 10
    while not stopped:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert log.names()[-1] == "end"


def test_the_time_left_follows_from_the_progress(log):
    now = [100.0]

    def work():
        for fraction in (0.0, 0.25, 0.5, 0.75):
            now[0] += 10
            yield fraction, ""

    job = Job(work(), **log.options())
    job._left = TimeLeft(lambda: now[0])
    job.start()
    turn()
    reports = [event for event in log.events if isinstance(event, Report)]
    assert [r.seconds_left for r in reports] == [None, None, 20.0, pytest.approx(10.0)]
    assert [r.time_left for r in reports] == ["", "", "about 20 s left", "about 10 s left"]
