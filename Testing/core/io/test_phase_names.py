"""What the names of files say of phases."""

import pytest

from temporal_interp.io.phase_names import are_phase_folders, index_of_names, natural, pattern, sets_of


def test_names_are_sorted_as_people_count():
    names = ["p10.nii", "p9.nii", "P2.nii", "p1.nii"]
    assert sorted(names, key=natural) == ["p1.nii", "P2.nii", "p9.nii", "p10.nii"]
    assert pattern("P2_x03.nii.gz") == "P#_x#.nii.gz"


@pytest.mark.parametrize(
    ("names", "values", "unit"),
    [
        (["case1_T00.nii.gz", "case1_T10.nii.gz", "case1_T50.nii.gz"], [0, 10, 50], "%"),
        (["T0.mha", "T10.mha", "T90.mha"], [0, 10, 90], "%"),
        (["t00", "t33", "t67"], [0, 33, 67], "%"),
        (["phase_00pct.nrrd", "phase_05pct.nrrd"], [0, 5], "%"),
        (["4DCT_p07_Phase0_1mm.nii", "4DCT_p07_Phase50_1mm.nii"], [0, 50], "%"),
        (["gated 0.0%.nii", "gated 12.5%.nii"], [0, 12.5], "%"),
        (["CT_1%.nii", "CT_2%.nii"], [1, 2], "%"),
        (["cine_0ms.nii", "cine_33.3ms.nii"], [0, 33.3], "ms"),
    ],
)
def test_percentages_and_times_in_names_are_taken_and_noted(names, values, unit):
    index = index_of_names(names)
    assert (index.values, index.unit) == (values, unit)
    assert "names of the files" in index.notes[0]


@pytest.mark.parametrize(
    "names",
    [
        ["T00.nii", "T01.nii", "T02.nii"],  # numbers of frames
        ["T1.nii", "T2.nii"],  # contrasts of MR
        ["T000.nii", "T100.nii", "T200.nii"],
        ["1.nii", "2.nii", "10.nii"],
        ["img_10.nii", "img_20.nii"],  # nothing says that these are phases
        ["ED.nii", "ES.nii"],
        ["T10.nii", "P20.nii"],
    ],
)
def test_other_numbers_are_no_times(names):
    index = index_of_names(names)
    assert index.values == list(range(len(names)))
    assert (index.name, index.unit) == ("frame", "")
    assert "frames are numbered" in index.notes[0]


@pytest.mark.parametrize(
    "names",
    [
        ["case1_T00", "case1_T10"],
        ["img_01_T10", "img_02_T20"],
        ["f01_T00", "f02_T50", "f03_T00"],  # back to the first phase
        ["0.0s", "0.5s", "1.0s", "1.5s"],  # decimals are one number
        ["t0", "t00", "t1"],
        ["a", "b"],
    ],
)
def test_names_of_one_set(names):
    assert sets_of(names) == [names]


def test_sets_are_told_by_the_number_that_is_no_phase():
    names = [f"patient{patient}_T{phase}" for patient in (1, 2, 3) for phase in ("00", "50")]
    assert sets_of(names) == [names[:2], names[2:4], names[4:]]
    names = [f"T{phase}_B{kernel}" for phase in ("00", "50") for kernel in (30, 50, 70)]
    assert sets_of(names) == [names[::3], names[1::3], names[2::3]]


@pytest.mark.parametrize(
    "name",
    ["{}", "0{}", "T{}", "P{}", "phase_{}", "Phase {}", "frame-{}", "Scan{}", "4DCT_Gated_{}%", "case1_t{}"],
)
def test_folders_of_phases(name):
    assert are_phase_folders([name.format(number) for number in range(4)])


@pytest.mark.parametrize(
    "names",
    [
        ["patient1", "patient2"],
        ["case_1", "case_2"],
        ["sub-01", "sub-02"],
        ["ses-01", "ses-02"],
        ["p1_t1", "p2_t1"],
        ["T1", "P2"],
        ["1", "01"],
        ["1", "notes"],
        ["T00"],
        [],
    ],
)
def test_folders_of_something_else(names):
    assert not are_phase_folders(names)
