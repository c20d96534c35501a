"""The button that starts a job: when it fails there is one message, and the job has ended before it appears."""

import pytest
import qt
import slicer

from temporal_interp.errors import InvalidInputError
from TemporalInterpLib.child_process import ChildEndedError
from TemporalInterpLib.work_button import WorkButton, tell_error

pytestmark = pytest.mark.usefixtures("slicer_session")


@pytest.fixture
def told(monkeypatch):
    """Every dialog: its text, its details, and how the button of the test looked meanwhile."""
    dialogs = []

    def show(text, detailedText="", **options):  # noqa: N803 - as Slicer spells it
        button = show.button
        looks = (button.button.text, button.progress.isHidden(), button.running) if button else None
        dialogs.append((text, detailedText, looks))

    show.button = None
    monkeypatch.setattr(slicer.util, "errorDisplay", show)
    dialogs_of = type("Dialogs", (), {"shown": dialogs, "of": lambda self, button: setattr(show, "button", button)})
    return dialogs_of()


def failing(error, at_once=False):
    def steps():
        yield 0.5, "finding the motion"
        raise error

    def begin():
        if at_once:
            raise error
        return steps()

    return begin


@pytest.fixture
def work(told):
    """Function that makes a button that fails, shown in a window."""
    kept = []

    def make(begin):
        window = qt.QWidget()
        widgets = qt.QPushButton("Track", window), qt.QProgressBar(window), qt.QLabel("", window)
        window.show()
        button = WorkButton(*widgets, begin, str)
        kept.append((window, button))
        told.of(button)
        return button

    return make


def test_the_job_has_ended_before_the_message_appears(told, work, process_events_until):
    button = work(failing(InvalidInputError("Frame 3 shows nothing.")))
    button.press()
    assert button.button.text == "Cancel"
    process_events_until(lambda: told.shown)
    assert told.shown == [("Frame 3 shows nothing.", "", ("Track", True, False))]
    assert button.message.text == "Nothing was added."


def test_what_is_refused_at_once_is_one_message(told, work):
    button = work(failing(InvalidInputError("Place the box first."), at_once=True))
    button.press()
    assert [text for text, *_ in told.shown] == ["Place the box first."]
    assert button.message.text == "Nothing was added."


@pytest.mark.parametrize("error", [KeyError("fields"), AttributeError("'NoneType' object has no attribute 'x'")])
def test_a_fault_of_the_program_is_told_in_words_with_details_on_demand(told, error):
    tell_error(error)
    [(text, details, _)] = told.shown
    assert text.startswith("Something went wrong in TemporalInterp")
    assert not any(word in text for word in ("Error", "NoneType", "fields", "'"))
    assert type(error).__name__ in details


def test_too_little_memory_is_told_in_words(told):
    tell_error(MemoryError("Unable to allocate 3 GiB"))
    assert "not enough memory" in told.shown[0][0]


def test_the_last_output_of_a_child_is_a_detail(told):
    tell_error(ChildEndedError("The calculation stopped unexpectedly.", "Traceback: KeyError"))
    assert told.shown == [("The calculation stopped unexpectedly.", "Traceback: KeyError", None)]
