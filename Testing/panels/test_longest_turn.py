"""The longest turn of the event loop."""

import time

import pytest
import qt
import slicer

from TemporalInterpLib.longest_turn import LongestTurn

pytestmark = pytest.mark.usefixtures("slicer_session")


def process(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        slicer.app.processEvents()


def test_a_slot_that_takes_long_is_found_with_what_was_waited_for():
    turns = LongestTurn()
    turns.begin("nothing")
    process(0.05)
    turns.end()
    turns.begin("the preview")
    qt.QTimer.singleShot(10, lambda: time.sleep(0.4))
    process(0.6)
    turns.end()
    assert 0.4 <= turns.seconds < 2
    assert turns.during == "the preview"


def test_what_happens_between_two_waits_does_not_count():
    turns = LongestTurn()
    turns.begin("a")
    process(0.05)
    turns.end()
    time.sleep(0.6)
    turns.begin("b")
    process(0.05)
    turns.end()
    assert turns.seconds < 0.5


def test_what_holds_the_loop_before_its_first_turn_counts():
    turns = LongestTurn()
    turns.begin("a press")
    time.sleep(0.4)
    turns.end()
    assert turns.seconds >= 0.4
    assert turns.during == "a press"
