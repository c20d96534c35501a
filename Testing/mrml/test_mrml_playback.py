"""The speed of a loop, in every unit."""

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, put_in_scene, sequence_of

from TemporalInterpLib.playback import go_to, natural_rate, play, set_natural_speed

FRAMES = [np.zeros((1, 2, 2), "int16")] * 5


def rate(times, unit, period=None):
    sequence = sequence_of(FRAMES, OBLIQUE, times)
    sequence.SetIndexUnit(unit)
    if period is not None:
        sequence.SetAttribute("TemporalInterp.Period", str(period))
    return natural_rate(sequence)


@pytest.mark.parametrize(
    ("times", "unit", "period", "expected"),
    [
        ([0, 200, 400, 600, 800], "ms", 1000, 5.0),
        ([0, 200, 400, 600, 800], "ms", None, 5.0),  # a step after the last
        ([0, 200, 400, 600, 800], "ms", 1600, 3.125),
        ([0, 0.2, 0.4, 0.6, 0.8], "s", 1.0, 5.0),
        ([0, 1, 2, 3, 4], "s", None, 1.0),
        ([0, 20, 40, 60, 80], "%", 100, 5.0),
        ([0, 10, 20, 30, 40], "%", None, 10.0),  # half of a cycle
        ([0, 1, 2, 3, 4], "", None, 5.0),
        ([1, 2, 3, 4, 5], "frame", None, 5.0),
        ([0, 100, 150, 300, 450], "ms", None, 5 / 0.575),
    ],
)
def test_a_sequence_is_played_as_fast_as_what_it_shows(times, unit, period, expected):
    assert rate(times, unit, period) == pytest.approx(expected)


def test_a_browser_loops_and_leaves_out_frames_where_the_computer_is_slow(scene):
    cine = put_in_scene(FRAMES, OBLIQUE, [0, 200, 400, 600, 800])
    cine.browser.SetPlaybackLooped(False)
    cine.browser.SetPlaybackItemSkippingEnabled(False)
    set_natural_speed(cine.browser)
    assert cine.browser.GetPlaybackRateFps() == pytest.approx(5.0)
    assert cine.browser.GetPlaybackLooped()
    assert cine.browser.GetPlaybackItemSkippingEnabled()


def test_an_index_of_words_keeps_the_usual_speed(scene):
    cine = put_in_scene(FRAMES, OBLIQUE, [0, 200, 400, 600, 800])
    cine.sequence.SetIndexType(slicer.vtkMRMLSequenceNode.TextIndex)
    set_natural_speed(cine.browser)
    assert cine.browser.GetPlaybackRateFps() == 17.0


def test_playing_and_going_to_an_item(scene):
    cine = put_in_scene(FRAMES, OBLIQUE, [0, 200, 400, 600, 800])
    play(cine.sequence)
    assert cine.browser.GetPlaybackActive()
    go_to(cine.sequence, 3)
    assert not cine.browser.GetPlaybackActive()
    assert cine.browser.GetSelectedItemNumber() == 3
    play(None)
    scene.RemoveNode(cine.sequence)
    play(cine.sequence)
