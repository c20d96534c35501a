"""The table of the sequences that were found, without Qt."""

from dataclasses import replace
from pathlib import Path

import pytest

from temporal_interp.io.candidates import Candidate, LeftOut, Survey
from TemporalInterpLib.candidate_table import first_choice, heading, heads, only_one, rows

STACK = Candidate(
    number="7-9",
    description="cine_sax",
    uids=("1.7", "1.8", "1.9"),
    series=(("7", "cine_sax"), ("8", "cine_sax"), ("9", "cine_sax")),
    place="study",
    frames=4,
    slices=3,
    size=(256, 208),
    times=(0.0, 33.0, 66.0, 99.0),
    unit="ms",
    component="magnitude",
    image_type=(),
    auxiliary="",
    read=lambda progress: None,
    name="",
    spacing=(1.40625, 1.40625, 17.7),
    files_of_series=((Path("a.dcm"),), (Path("b.dcm"),), (Path("c.dcm"),)),
)
SCOUT = replace(STACK, number="1", description="scout", frames=1, times=(), files_of_series=((Path("s.dcm"),),))
BROKEN = replace(STACK, number="5", problem="images are missing:\nslice 2 has 3", files_of_series=())


def test_a_row_says_all_that_is_needed_to_choose():
    (row,) = rows(Survey((STACK,)))
    assert row.cells == ("", "7-9: cine_sax", "4", "3", "208 x 256", "1.41 x 1.41 x 17.7", "every 33 ms", "")
    assert len(heads()) == len(row.cells)
    assert not row.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"period": 132.0}, "every 33 ms, cycle 132 ms"),
        ({"times": (0.0, 10.0, 20.0, 110.0)}, "0 to 110 ms"),
        ({"times": (0.0, 10.0, 20.0, 30.0), "unit": "%"}, "every 10 %"),
        ({"times": (0.0, 4000.0, 8000.0, 12000.0)}, "every 4000 ms"),
        ({"times": (0.0, 1.0, 2.0, 3.0), "unit": ""}, "numbered"),
        ({"times": (0.0, 40.0, 80.0, 120.0), "unit": ""}, "every 40"),
        ({"times": ()}, ""),
    ],
)
def test_times_are_said_in_short(changes, words):
    (row,) = rows(Survey((replace(STACK, **changes),)))
    assert row.cells[6] == words


def test_what_cannot_be_loaded_is_last_and_says_why():
    table = rows(Survey((SCOUT, BROKEN, STACK), (LeftOut("study/x.dcm", "is cut short"),)))
    assert [row.candidate for row in table] == [STACK, SCOUT, BROKEN, None]
    assert "nothing to interpolate" in table[1].cells[-1]
    assert table[2].cells[-1] == "images are missing:"
    assert "slice 2 has 3" in table[2].details
    assert (table[3].cells[1], table[3].cells[-1]) == ("study/x.dcm", "is cut short")
    assert [bool(row.reason) for row in table] == [False, True, True, True]


def test_notes_and_kinds_are_remarks():
    (row,) = rows(Survey((replace(STACK, component="phase", auxiliary="MIP", notes=("RR interval differs.",)),)))
    assert row.cells[-1] == "MIP, phase image. RR interval differs."


def test_only_what_leaves_nothing_to_tell_is_loaded_at_once():
    assert only_one(Survey((STACK,))) is STACK
    assert only_one(Survey((STACK, STACK))) is None
    assert only_one(Survey((STACK, SCOUT))) is None
    assert only_one(Survey((STACK,), (LeftOut("x", "y"),))) is None
    assert only_one(Survey((SCOUT,))) is None
    assert only_one(Survey()) is None


def test_the_first_choice_is_that_of_the_chosen_file():
    other = replace(STACK, files_of_series=((Path("z.dcm"),),))
    table = rows(Survey((STACK, other, SCOUT)))
    assert first_choice(table, Path("study")) == 0
    assert first_choice(table, Path("z.dcm")) == 1
    assert first_choice(table, Path("s.dcm")) == 0, "a scout cannot be chosen"
    assert first_choice(rows(Survey((SCOUT,))), Path("study")) == -1


@pytest.mark.parametrize(
    ("found", "words"), [((STACK, STACK), "2 sequences"), ((STACK, SCOUT), "one sequence"), ((SCOUT,), "Nothing in")]
)
def test_the_heading_counts_what_can_be_loaded(found, words):
    assert words in heading(rows(Survey(found)), "study")
