"""What the section that tracks motion says, without Qt."""

import math
from dataclasses import replace

import numpy as np
import pytest

from TemporalInterpLib.sections.track.presenter import Motion, State, present
from TemporalInterpLib.tracking_plan import TrackedPart, Where

CINE = State(reference="0 ms (frame 0)", frames=25)
BOX = TrackedPart(Where.MOVING, np.ones((1, 2, 2), bool), (slice(0, 1), slice(0, 2), slice(0, 2)), (156.1, 136.4))
MOTION = Motion("0 ms", 0.25, math.nan)


def test_before_it_is_measured_it_says_what_it_will_follow():
    assert present(CINE).plan == "Follows the tissue of phase A, 0 ms (frame 0), through 25 frames."
    assert present(replace(CINE, measuring=True)).plan.endswith("Measuring how long that takes here…")


@pytest.mark.parametrize(
    ("seconds", "words"), [(4, "a few seconds"), (42, "about 40 s"), (63, "about 65 s"), (190, "about 3 min")]
)
def test_the_time_it_takes_is_told_before_it_starts(seconds, words):
    assert present(replace(CINE, seconds=seconds)).plan.endswith(f"Takes {words} here.")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (BOX, "what moves most, such as the heart: a box of 156 x 136 mm. Choose a region to change it."),
        (TrackedPart(Where.REGION), "the region 'wall'."),
        (TrackedPart(Where.SCAN), "the scan, without the text around it."),
        (TrackedPart(Where.WHOLE), "the whole image. A region around the heart takes less time."),
    ],
)
def test_it_says_where_it_looks(part, words):
    assert f"Looks at {words}" in present(replace(CINE, part=part, region="wall")).plan


def test_a_sequence_that_cannot_be_tracked_says_why_and_nothing_else():
    view = present(replace(CINE, refusal="This sequence has fewer than two acquired frames.", part=BOX))
    assert view.plan == ""
    assert view.no_track == "This sequence has fewer than two acquired frames."


def test_without_packages_track_says_so_unless_it_runs():
    assert "button at the top" in present(replace(CINE, packages=False)).no_track
    assert present(replace(CINE, refusal="gone", running=True)).no_track == ""
    assert present(CINE).no_track == ""


def test_a_loop_is_followed_round_the_cycle():
    assert "whole cycle" not in present(CINE).plan
    assert "through 25 frames and back to it, as one whole cycle" in present(replace(CINE, is_loop=True)).plan


def test_the_box_can_be_changed_where_one_was_found():
    assert present(replace(CINE, part=BOX)).no_box == ""
    assert "A region is chosen" in present(replace(CINE, part=TrackedPart(Where.REGION), region="wall")).no_box
    assert "moves more than the rest" in present(replace(CINE, part=TrackedPart(Where.WHOLE))).no_box


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (replace(CINE, measuring=True), "still being looked for"),
        (CINE, "not known yet"),
        (replace(CINE, measuring=True, whole_image=True), "The whole image is chosen"),
    ],
    ids=["measuring", "not measured", "whole image"],
)
def test_why_no_box_can_be_changed_is_true_before_it_is_found(state, words):
    assert words in present(state).no_box


def test_a_region_is_never_the_whole_image():
    assert present(CINE).no_whole_image == ""
    assert "no region" in present(replace(CINE, region="wall")).no_whole_image


def test_segments_are_offered_where_there_are_some():
    assert present(CINE).segments == ()
    view = present(replace(CINE, region="heart", segments={"a": "left", "b": "right"}, segment="b"))
    assert view.segments == ("All segments", "left", "right")
    assert view.segment == 2
    assert present(replace(CINE, segments={"a": "left"})).segment == 0


def test_what_needs_a_motion_says_so():
    view = present(replace(CINE, points=True, curve=True))
    assert view.motion == ""
    assert {view.no_motion, view.no_follow, view.no_strain} == {"There is no motion yet: press Track first."}


def test_with_a_motion_points_and_a_curve_are_asked_for():
    view = present(replace(CINE, motion=MOTION))
    assert view.no_motion == ""
    assert view.no_follow == "Choose the points first."
    assert view.no_strain == "Choose a curve in the middle of the wall first."
    view = present(replace(CINE, motion=MOTION, points=True, curve=True))
    assert (view.no_follow, view.no_strain) == ("", "")


def test_the_error_of_a_motion_is_told():
    assert "estimate" in present(replace(CINE, motion=MOTION)).motion
    assert "0.25 mm there and back" in present(replace(CINE, motion=MOTION)).motion
    assert "round the beat" not in present(replace(CINE, motion=MOTION)).motion
    assert "0.50 mm once round the beat" in present(replace(CINE, motion=Motion("0 ms", 0.25, 0.5))).motion
