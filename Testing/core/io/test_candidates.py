"""The choice of one sequence of several."""

import pytest

from temporal_interp.errors import AmbiguousInputError, InvalidInputError, MissingFileError
from temporal_interp.io import candidates, read_sequence
from temporal_interp.io.candidates import Candidate, choose, table


def candidate(number="5", description="cine", frames=6, component="magnitude", auxiliary="", image_type=(), uid=None):
    return Candidate(
        number=number,
        description=description,
        uids=(uid or f"1.2.{number}",),
        series=((number, description),),
        place=f"folder{number}",
        frames=frames,
        slices=1,
        size=(24, 20),
        times=tuple(range(frames)),
        unit="ms",
        component=component,
        image_type=image_type,
        auxiliary=auxiliary,
        read=lambda progress: None,
        name="",
    )


CINES = [
    candidate("4", "CINE 2CH"),
    candidate("5", "CINE 2CH stress"),
    candidate("42", "flow"),
    candidate("43", "flow P", component="phase", image_type=("P", "P_RL")),
    candidate("44", "flow P", component="phase", image_type=("P", "P_AP")),
    candidate("45", "CINE 2CH MIP", auxiliary="MIP"),
    candidate("1", "localiser", frames=1),
]


@pytest.mark.parametrize(
    ("series", "component", "number"),
    [
        ("4", None, "4"),
        ("42", None, "42"),
        (" 42 ", None, "42"),
        ("1.2.5", None, "5"),
        ("CINE 2CH", None, "4"),
        ("Stress", None, "5"),
        ("folder42", None, "42"),
        ("45", None, "45"),
        ("43", None, "43"),
        ("1", None, "1"),
        ("localiser", None, "1"),
        ("mip", None, "45"),
        ("flow P", "P_RL", "43"),
        (None, "p_ap", "44"),
    ],
)
def test_a_series_is_chosen(series, component, number):
    chosen, others = choose(CINES, series=series, component=component)
    assert chosen.number == number
    assert len(others) == len(CINES) - 1


@pytest.mark.parametrize(
    ("candidates_", "number"),
    [
        ([CINES[0], CINES[6]], "4"),
        ([CINES[2], CINES[3]], "42"),
        ([CINES[0], CINES[5]], "4"),
        ([CINES[3], CINES[6]], "43"),
        ([CINES[5], CINES[6]], "45"),
        ([CINES[6]], "1"),
    ],
)
def test_without_a_choice_it_is_what_moves_then_magnitude_then_what_was_acquired(candidates_, number):
    assert choose(candidates_)[0].number == number


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [({}, ["4", "5", "42"]), ({"component": "phase"}, ["43", "44"]), ({"series": "cine"}, ["4", "5"])],
)
def test_where_several_are_meant_they_are_listed(choice, numbers):
    with pytest.raises(AmbiguousInputError, match="--series") as caught:
        choose(CINES, **choice)
    assert [one.number for one in caught.value.candidates] == numbers
    assert all(f"\n{number} " in str(caught.value) for number in numbers)


@pytest.mark.parametrize(
    ("choice", "words"), [({"series": "77"}, "no series is '77'"), ({"component": "real"}, "nothing shows 'real'")]
)
def test_where_none_is_meant_all_are_listed(choice, words):
    with pytest.raises(InvalidInputError, match=rf"{words}(?s:.*)localiser"):
        choose(CINES, **choice)


def test_a_long_table_is_cut():
    lines = table([candidate(str(number)) for number in range(50)]).splitlines()
    assert len(lines) == 1 + 40 + 1
    assert lines[-1] == "and 10 more"


def test_a_format_with_one_sequence_has_nothing_to_choose(make_sequence, tmp_path):
    from temporal_interp.io import write_sequence

    path = tmp_path / "cine.seq.nrrd"
    write_sequence(make_sequence(), path)
    assert candidates(path) == []
    for choice in ({"series": "5"}, {"component": "phase"}):
        with pytest.raises(InvalidInputError, match=r"cine\.seq\.nrrd: this is a NRRD file, .*, which holds one"):
            read_sequence(path, **choice)


def test_nothing_is_listed_of_what_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match="no such file or folder"):
        candidates(tmp_path / "study")


def test_what_is_listed_can_be_read(dicom_folder):
    (one,) = candidates(dicom_folder())
    assert (one.number, one.uid, one.frames, one.slices, one.size) == ("10-12", "1.2.3.0", 4, 3, (5, 4))
    assert (one.times, one.unit, one.moves) == ((0, 40, 80, 120), "ms", True)
    assert one.as_json()["number"] == "10-12"
    assert len(one.read(lambda fraction, message: None)) == 4


def test_the_choice_survives_the_name_of_the_file(dicom_folder, make_image, save_dicom):
    folder = dicom_folder(slices=1)
    for phase in range(4):
        other = make_image(0, phase)
        other.SeriesInstanceUID, other.SeriesNumber = "1.9", 99
        save_dicom(other, folder / "other" / f"{phase}.dcm")
    with pytest.raises(AmbiguousInputError, match=str(folder)) as caught:
        read_sequence(folder)
    assert [one.number for one in caught.value.candidates] == ["10", "99"]


@pytest.mark.parametrize("series", [10, [10], "10", ["10", 11, "12"], (10, 11, 12)])
def test_series_are_numbers_or_text(series, dicom_folder):
    assert read_sequence(dicom_folder(), series=series).geometry.shape[0] == 3
