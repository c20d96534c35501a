"""What headers say on being synthetic."""

import json

import pydicom
import pytest

import temporal_interp as ti
from dicom_files import write_dicom_stack
from noise_sequences import make_noise_sequence
from temporal_interp.io.dicom.marks import ATTRIBUTES, CREATOR, GROUP, NO_MARK, TIMES, Mark, marks_of, write_marks

SYNTHETIC = {"TemporalInterp.Synthetic": "true"}


def test_what_is_written_is_read():
    sequence = make_noise_sequence(period=90.0)
    header = pydicom.Dataset()
    write_marks(header, sequence, [0, 1])
    first, second = marks_of(header, header, 2)
    assert first == Mark(True, {}, 0.0, "trigger time", "ms", 90.0)
    assert (second.time, second.attributes) == (33.3, sequence.item_attributes[1])


@pytest.mark.parametrize(
    ("said", "mark"), [(None, NO_MARK), ("NO", Mark(True)), ("YES", Mark(True, SYNTHETIC)), ("odd", NO_MARK)]
)
def test_the_entry_of_the_standard_is_enough(said, mark):
    header = pydicom.Dataset()
    if said is not None:
        header.SyntheticData = said
    assert marks_of(header, header, 2) == [mark, mark]


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        (TIMES, [0.0]),
        (TIMES, [0.0, float("nan")]),
        (ATTRIBUTES, "no JSON"),
        (ATTRIBUTES, json.dumps([{}, 7])),
        (ATTRIBUTES, json.dumps([{}, {"TemporalInterp.Engine": 7}])),
        (ATTRIBUTES, "[" * 1000),
    ],
    ids=["few times", "no number", "no JSON", "no attributes", "no text", "nested"],
)
def test_a_block_that_makes_no_sense_counts_for_nothing(entry, value):
    header = pydicom.Dataset()
    write_marks(header, make_noise_sequence(), [0, 1])
    header.private_block(GROUP, CREATOR)[entry].value = value
    header.SyntheticData = "YES"
    assert marks_of(header, header, 2) == [Mark(True, SYNTHETIC)] * 2


def test_attributes_of_others_are_not_taken():
    header = pydicom.Dataset()
    write_marks(header, make_noise_sequence(), [1])
    block = header.private_block(GROUP, CREATOR)
    block[ATTRIBUTES].value = json.dumps([{"Other": "x", "TemporalInterp.Engine": "e", "TemporalInterp.T": "\x1b"}])
    assert marks_of(header, header)[0].attributes == {"TemporalInterp.Engine": "e"}


def test_times_that_contradict_the_order_of_phases_are_not_taken(tmp_path):
    def marked(dataset, slice_number, phase):
        times = [0.0, 30.0, 20.0, 90.0]
        write_marks(dataset, ti.Sequence.from_numpy(make_noise_sequence().to_numpy()[:1], times=[times[phase]]), [0])

    assert ti.read(write_dicom_stack(tmp_path, marked)).times == (0, 40, 80, 120)


def test_synthetic_images_of_other_programs_are_marked(tmp_path):
    def other(dataset, slice_number, phase):
        dataset.SyntheticData = "YES" if phase == 2 else "NO"

    read = ti.read(write_dicom_stack(tmp_path, other))
    assert (read.times, read.synthetic_frames) == ((0, 40, 80, 120), [2])
    assert read.item_attributes[2] == SYNTHETIC
