"""What the section says of the DICOM series that it writes."""

from dataclasses import replace
from pathlib import Path

import pytest

from TemporalInterpLib.sections.export.presenter import State, present, written_in_words

READY = State("result", 8, 4, True, True, True, True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"can_write": False}, "Writing needs Python packages"),
        ({"name": ""}, "Nothing is interpolated yet."),
        ({"synthetic": 0}, "'result' has no synthetic frame."),
        ({"has_headers": False}, "'result' has no DICOM headers: its source was not loaded from DICOM files"),
    ],
    ids=["packages", "nothing", "acquired", "headers"],
)
def test_why_nothing_can_be_written(change, reason):
    view = present(replace(READY, **change))
    assert view.unless.startswith(reason)
    assert view.plan == view.unless == view.anonymise_unless


def test_what_will_be_written():
    assert present(READY).unless == present(READY).anonymise_unless == ""
    assert "with 8 frames" in present(READY).plan
    assert "with 4 frames" in present(replace(READY, acquired=False)).plan
    view = present(replace(READY, can_anonymise=False))
    assert (view.unless, "pip_install('dicom-anonymizer')" in view.anonymise_unless) == ("", True)


def test_what_was_written():
    assert written_in_words(Path("out"), 8, ["A note."]) == "Written: 8 frames in out. A note."
