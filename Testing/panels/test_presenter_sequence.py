"""What the section of the sequence shows, without Qt."""

from TemporalInterpLib.sections.sequence.presenter import State, loaded_in_words, present

NONE = "No sequence is chosen."


def test_a_good_sequence_leaves_nothing_to_say():
    view = present(State(loaded="", frames="2 volumes", colour=("clip",)))
    assert (view.message, view.make, view.progress, view.load) == ("", "", None, "")


def test_what_was_loaded_is_said_as_long_as_it_is_chosen():
    assert present(State(loaded="'cine': 5 frames.")).message == "'cine': 5 frames."
    assert present(State(refusal=NONE, loaded="")).message == NONE


def test_while_something_is_loaded_nothing_else_can_be():
    view = present(State(refusal=NONE, work="Loading…", fraction=0.426, frames="2 volumes"))
    assert (view.message, view.progress, view.make) == ("Loading…", 43, "")
    assert "cancel" in view.busy
    assert view.load == view.busy


def test_volumes_loaded_one_by_one_can_be_made_a_sequence():
    view = present(State(refusal=NONE, frames="3 volumes, 'T00' to 'T20'", frames_in_short="3 volumes"))
    assert view.message.splitlines() == [NONE, "The scene has 3 volumes, 'T00' to 'T20'; they are no sequence yet."]
    assert view.make == "Make a sequence from 3 volumes"


def test_colour_says_how_it_is_read():
    assert "colour video: use Load cine… to read it as grey" in present(State(refusal=NONE, colour=("clip",))).message


def test_missing_packages_switch_reading_off_but_not_the_sample():
    view = present(State(refusal=NONE, missing="Packages are missing."))
    assert (view.load, view.busy) == ("Packages are missing.", "")


def test_notes_of_the_reader_follow_the_size():
    assert loaded_in_words("sax", 25, 6, ("RR differs.",)) == "'sax': 25 frames of 6 slices. RR differs."
    assert loaded_in_words("2ch", 25, 1, ()) == "'2ch': 25 frames."


def test_a_known_cycle_needs_no_box():
    assert present(State()).cycle == ""
    assert present(State(period="830 ms")).cycle == "The frames are one whole cycle of 830 ms."
