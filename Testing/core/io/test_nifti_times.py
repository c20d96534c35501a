"""Times in the JSON file of BIDS beside a NIfTI file."""

import json

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.io import read_sequence


@pytest.fixture
def read_beside(tmp_path):
    """Function that reads a NIfTI file of six frames, 10 s apart, beside a JSON file with some content."""

    def read(content, step=10.0):
        image = sitk.GetImageFromArray(np.zeros((6, 2, 3, 4), np.int16), isVector=False)
        image.SetSpacing((1, 1, 1, step))
        sitk.WriteImage(image, str(tmp_path / "pet.nii.gz"))
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        (tmp_path / "pet.json").write_bytes(text.encode() if isinstance(text, str) else text)
        return read_sequence(tmp_path / "pet.nii.gz")

    return read


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        ({"FrameTimesStart": [0, 10, 20, 50, 110, 230], "FrameDuration": [10, 10, 30, 60, 120, 120]}, None),
        ({"FrameTimesStart": [5, 15, 20, 50.5, 110, 230]}, None),
        ({"VolumeTiming": [0, 1, 2.5, 4, 5, 6], "RepetitionTime": 3}, None),
        ({"FrameDuration": [10, 10, 30, 60, 120, 120]}, [0, 10, 20, 50, 110, 230]),
    ],
)
def test_times_of_frames_are_taken_and_noted(content, seconds, read_beside):
    sequence = read_beside(content)
    key = next(iter(content))
    assert sequence.times == tuple(1000 * second for second in (seconds or content[key]))
    assert (sequence.index_name, sequence.unit) == ("time", "ms")
    assert f"Times are those of {key} in pet.json." in sequence.notes


@pytest.mark.parametrize(
    "content",
    [
        {"RepetitionTime": 2.0},  # may be the time between pulses
        {"FrameDuration": 10},
        {"FrameTimesStart": None},
    ],
)
def test_other_content_leaves_the_times_of_the_header(content, read_beside):
    sequence = read_beside(content)
    assert sequence.times == (0, 10000, 20000, 30000, 40000, 50000)
    assert sequence.notes == ()


@pytest.mark.parametrize(
    "times", ["0", 0, [], ["0", "10", "20", "50", "110", "230"], [[0], [10], [20], [50], [110], [230]]]
)
def test_times_that_are_no_numbers_are_not_used_and_noted(times, read_beside):
    sequence = read_beside({"FrameTimesStart": times})
    assert sequence.times == (0, 10000, 20000, 30000, 40000, 50000)
    assert sequence.notes == ("FrameTimesStart in pet.json is not a list of numbers; not used.",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"FrameTimesStart": [0, ', "it is not valid JSON"),
        ("", "it is not valid JSON"),
        ("[" * 100_000, "it is nested more than 50 levels deep."),
        ("[1, 2]", "it holds no JSON object"),
        ('{"FrameTimesStart": [0, 10, 20, 50, 110, 230]}'.encode("utf-16"), "its text is not UTF-8"),
    ],
)
def test_a_file_that_is_not_json_is_not_used_and_noted(content, reason, read_beside):
    sequence = read_beside(content)
    assert sequence.times == (0, 10000, 20000, 30000, 40000, 50000)
    (note,) = sequence.notes
    assert note.startswith(f"pet.json was not used: {reason}")


def test_a_byte_order_mark_of_utf_8_is_passed_over(read_beside):
    sequence = read_beside('{"FrameTimesStart": [0, 10, 20, 50, 110, 230]}'.encode("utf-8-sig"))
    assert sequence.times == (0, 10000, 20000, 50000, 110000, 230000)


@pytest.mark.parametrize("times", [[0, 10, 20], [0, 10, 10, 50, 110, 230], [0, 10, 20, 50, 110, float("nan")]])
def test_times_that_do_not_fit_are_not_used_and_noted(times, read_beside):
    sequence = read_beside({"FrameTimesStart": times})
    assert sequence.times == (0, 10000, 20000, 30000, 40000, 50000)
    assert any("FrameTimesStart in pet.json does not give a rising time" in note for note in sequence.notes)


@pytest.fixture
def without_step(read_beside, tmp_path):
    """Function that reads such a file without a step in its header."""

    def read(content):
        read_beside(content)
        image = nibabel.load(tmp_path / "pet.nii.gz")
        image.header["pixdim"][4] = 0
        nibabel.save(image, tmp_path / "pet.nii.gz")
        return read_sequence(tmp_path / "pet.nii.gz")

    return read


def test_the_repetition_time_is_taken_where_the_header_has_no_step(without_step):
    sequence = without_step({"RepetitionTime": 2.5})
    assert sequence.times == (0, 2500, 5000, 7500, 10000, 12500)
    assert sequence.notes == ("The time step is RepetitionTime in pet.json.",)


@pytest.mark.parametrize("step", ["2.5", 0, -1, True, [2.5], 10**400])
def test_a_repetition_time_that_is_no_positive_number_is_noted(step, without_step):
    sequence = without_step({"RepetitionTime": step})
    assert sequence.index_name == "frame"
    assert "RepetitionTime in pet.json is not a positive number; not used." in sequence.notes
