"""The time left, on made-up traces of progress and on a recorded one."""

from itertools import pairwise

import pytest

from recorded_progress import TRACKING, TRACKING_S
from TemporalInterpLib.time_left import TimeLeft, duration_in_words, in_words

TURN = 0.02
"""Seconds between two reports of a job."""


def shown(done, length):
    """What is shown at every report, (time, seconds left or None); `done` gives the fraction at a time."""
    now = [0.0]
    left = TimeLeft(lambda: now[0])
    told = []
    for number in range(int(length / TURN)):
        now[0] = number * TURN
        told.append((now[0], left.after(done(now[0]))))
    return told


def known(told):
    return [(when, left) for when, left in told if left is not None]


def growth(told):
    """The most that what is shown grows within ten seconds, as a factor."""
    values = [left for _, left in known(told) if left > 5]
    window = int(10 / TURN)
    return max(later / earlier for earlier, later in zip(values, values[window:], strict=False))


@pytest.mark.parametrize("length", [10, 60, 3600])
def test_at_an_even_rate_it_is_right_from_the_first(length):
    told = known(shown(lambda now: now / length, min(length, 200)))
    assert all(left == pytest.approx(length - now, rel=0.05, abs=0.5) for now, left in told)
    assert told[0][0] <= max(4, 0.015 * length)


def test_nothing_is_shown_before_some_seconds_of_progress():
    told = shown(lambda now: now / 60, 60)
    assert all(left is None for now, left in told if now < 3)


def test_a_slow_start_does_not_count():
    """30 s until libraries are loaded, with a hundredth done, then a minute of work: once shown as 25 minutes."""
    told = shown(lambda now: 0.0 if now < 0.1 else 0.01 if now < 30 else 0.01 + 0.99 * (now - 30) / 60, 90)
    assert all(left is None for now, left in told if now < 32)
    assert all(left == pytest.approx(90 - now, rel=0.1, abs=1) for now, left in known(told))


def test_steps_that_take_long_count_down_evenly():
    """A step of 7 s each: between two of them it counts down, and it does not jump at one."""
    told = known(shown(lambda now: now // 7 * 7 / 140, 140))
    values = [left for _, left in told]
    assert max(later - earlier for earlier, later in pairwise(values)) < 1
    assert all(left == pytest.approx(140 - now, abs=8) for now, left in told)


def test_steps_longer_than_a_stall_are_none():
    told = shown(lambda now: now // 30 * 30 / 600, 400)
    assert all(left == pytest.approx(600 - now, abs=35) for now, left in told if now > 91)


def test_a_new_rate_is_followed_without_a_jump():
    """Half in 30 s, then five times as slow."""
    told = known(shown(lambda now: now / 60 if now < 30 else 0.5 + (now - 30) / 300, 180))
    assert growth(told) < 3
    assert max(left for _, left in told) < 200
    assert all(left == pytest.approx(180 - now, rel=0.35, abs=5) for now, left in told if now > 75)


def test_faster_than_before_it_falls():
    told = known(shown(lambda now: now / 300 if now < 60 else 0.2 + (now - 60) / 40, 92))
    assert all(left < 60 for now, left in told if now > 80)


def test_a_stall_shows_nothing_rather_than_hours():
    """Nothing moves from 20 s to 120 s."""
    told = shown(lambda now: min(now, 20) / 60 if now < 120 else (now - 100) / 60, 160)
    assert max(left for _, left in known(told)) < 130
    assert all(left is None for now, left in told if 42 < now < 120)
    assert all(left is not None for now, left in told if now > 124)


def recorded(now):
    """The fraction of the recorded tracking at a time."""
    return max(fraction for when, fraction in TRACKING if when <= max(now, TRACKING[0][0]))


def test_a_real_tracking_is_told_to_a_half_and_never_by_hours():
    told = known(shown(recorded, TRACKING_S))
    assert told[0][0] < 15
    assert max(left for _, left in told) < 1.2 * TRACKING_S
    assert all(left == pytest.approx(TRACKING_S - now, rel=0.6, abs=12) for now, left in told)
    assert growth(told) < 1.6


def test_from_the_first_it_is_right_to_a_quarter_in_a_real_tracking():
    told = [(now, left) for now, left in known(shown(recorded, TRACKING_S)) if now < 60]
    assert all(left == pytest.approx(TRACKING_S - now, rel=0.25) for now, left in told)


def test_at_the_end_it_never_says_less_than_nothing():
    told = known(shown(lambda now: min(1.0, now / 20), 30))
    assert min(left for _, left in told) >= 0


def test_after_many_reports_it_remembers_little():
    now = [0.0]
    left = TimeLeft(lambda: now[0])
    for number in range(100_000):
        now[0] = number * TURN
        left.after(number / 100_000)
    assert len(left._recent) < 60_000
    assert left._recent[0].when == pytest.approx(1000, abs=1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.2, "a few seconds left"),
        (38.2, "about 40 s left"),
        (89.4, "about 90 s left"),
        (95, "about 2 min left"),
        (3600, "about 60 min left"),
    ],
)
def test_in_words(seconds, words):
    assert in_words(seconds) == words


def test_a_duration_in_words():
    assert duration_in_words(42) == "about 40 s"
