""".seq.nrrd files; Testing/mrml/test_mrml_seq_nrrd.py has 3D Slicer judge them."""

import numpy as np
import pytest

from seq_nrrd_by_hand import FRAMES, LIST_FIRST, LIST_LAST, LPS, RAS, write_nrrd_by_hand
from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_sequence, write_sequence, write_volume


@pytest.mark.parametrize("step", [0.0005, 0.001])
def test_times_that_slicer_would_merge_are_refused(step, tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match=r"Frames at 1 and .* ms lie no further apart"):
        write_sequence(make_sequence(values=(0.0, 1.0, 1.0 + step)), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_64_bit_integers_that_do_not_fit_are_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match="32-bit"):
        write_sequence(make_sequence(dtype="int64"), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize(("axes", "number"), [(LIST_LAST, 3), (LIST_FIRST, 0)])
@pytest.mark.parametrize("space", [LPS, RAS])
def test_every_layout_is_read(raw, endian, axes, number, space, tmp_path):
    key = f"axis {number} index values:=0 40 81.5\naxis {number} item 0001 Who:=me\n"
    write_nrrd_by_hand(tmp_path / "a.seq.nrrd", axes, space, endian, raw, key, number=number)
    ours = read_sequence(tmp_path / "a.seq.nrrd")
    assert ours.item_attributes == ({}, {"Who": "me"}, {})
    assert ours.volumes[0].array.dtype.isnative
    np.testing.assert_array_equal(np.stack([volume.array for volume in ours.volumes]), FRAMES)


def test_3d_file_is_one_frame(tmp_path):
    axes = "sizes: 5 4 6\nspace directions: (2,0,0) (0,3,0) (0,0,8)\nkinds: domain domain domain\n"
    write_nrrd_by_hand(tmp_path / "a.nrrd", axes, dimension="3", keys="", frames=FRAMES.reshape(6, 4, 5))
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert len(sequence) == 1
    np.testing.assert_array_equal(sequence.volumes[0].array, FRAMES.reshape(6, 4, 5))
    assert sequence.volumes[0].geometry.spacing == (2, 3, 8)


def test_a_volume_keeps_the_attributes_it_was_written_with(tmp_path, make_sequence):
    marks = {"TemporalInterp.SyntheticSlices": "all but every 2nd", "Other": "of another program"}
    write_volume(make_sequence().volumes[0], tmp_path / "a.nrrd", marks)
    assert read_sequence(tmp_path / "a.nrrd").item_attributes == (
        {"TemporalInterp.SyntheticSlices": "all but every 2nd"},
    )


def test_real_ct_is_one_frame(real_data):
    sequence = read_sequence(real_data / "ct-chest" / "chest_1mm.nrrd")
    assert [volume.array.shape for volume in sequence.volumes] == [(96, 320, 320)]
    assert sequence.volumes[0].array.dtype == np.int16


SITK_4D = "space directions: (2,0,0,0) (0,3,0,0) (0,0,8,0) (0,0,0,40)\nkinds: domain domain domain domain\n"


def write_any(path, sizes="5 4 2 3", keys="", voxels=FRAMES, **fields):
    """Write a raw NRRD file of int16 voxels with only the fields that are given."""
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in fields.items()]
    header = ["NRRD0005", "type: short", f"dimension: {len(sizes.split())}", *lines, f"sizes: {sizes}"]
    text = "\n".join([*header, "endian: little", "encoding: raw"]) + f"\n{keys}\n"
    path.write_bytes(text.encode() + voxels.astype("<i2").tobytes())


def assert_frames(sequence, frames=FRAMES):
    np.testing.assert_array_equal([volume.array for volume in sequence.volumes], frames)


@pytest.mark.parametrize("axis", range(4))
@pytest.mark.parametrize("how", ["kind", "no direction", "label", "unit"])
def test_the_axis_of_frames_is_found_wherever_it_is(axis, how, tmp_path):
    def with_axis(others, its):
        return " ".join([*others[:axis], its, *others[axis:]])

    fields = {"spacings": with_axis(["2", "3", "8"], "nan")}
    if how == "kind":
        fields["kinds"] = with_axis(["space"] * 3, "time")
    elif how == "no direction":
        fields = {"space": "LPS", "space_directions": with_axis(["(2,0,0)", "(0,3,0)", "(0,0,8)"], "none")}
    elif how == "label":
        fields["labels"] = with_axis(['"x"', '"y"', '"z"'], '"Time"')
    else:
        fields["units"] = with_axis(['"mm"'] * 3, '"ms"')
    sizes = with_axis(["5", "4", "2"], "3")
    write_any(tmp_path / "a.nrrd", sizes, voxels=np.moveaxis(FRAMES, 0, 3 - axis), **fields)
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert_frames(sequence)
    assert sequence.volumes[0].geometry.spacing == (2, 3, 8)
    assert all(volume.array.flags.c_contiguous for volume in sequence.volumes)
    assert not any("which of its axes is time" in note for note in sequence.notes)


def test_the_last_axis_is_taken_where_nothing_tells(tmp_path):
    write_any(tmp_path / "a.nrrd")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert_frames(sequence)
    assert sequence.times == (0, 1, 2)
    for said in ("the last, axis 4, was taken", "1 mm was taken", "does not say where the voxels lie", "no times"):
        assert any(said in note for note in sequence.notes)


@pytest.mark.parametrize(
    ("space", "signs", "assumed"),
    [
        ("left-posterior-superior-time", (1, 1), False),
        ("right-anterior-superior-time", (-1, -1), False),
        ("RAST", (-1, -1), False),
        ("LAST", (1, -1), False),
        ("3D-right-handed-time", (1, 1), True),
        ("scanner-xyz-time", (1, 1), True),
        ("", (1, 1), True),
    ],
)
def test_spaces_with_time_are_read(space, signs, assumed, tmp_path):
    fields = {"space": space} if space else {"space dimension": "4"}
    lines = SITK_4D.partition("\n")[0].partition(": ")[2]
    write_any(tmp_path / "a.nrrd", **fields, space_directions=lines, space_origin="(10,20,30,5)")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert_frames(sequence)
    geometry = sequence.volumes[0].geometry
    assert geometry.origin == (10 * signs[0], 20 * signs[1], 30)
    np.testing.assert_array_equal(geometry.direction, np.diag([*signs, 1]))
    assert (sequence.times, sequence.index_name, sequence.unit) == ((5, 45, 85), "time", "")
    assert any("LPS was taken" in note for note in sequence.notes) == assumed
    assert any("a time step of 40, but not its unit" in note for note in sequence.notes)


@pytest.mark.parametrize(("unit", "read"), [("ms", "ms"), ("msec", "ms"), ("s", "s"), ("seconds", "s")])
def test_the_unit_of_time_is_read(unit, read, tmp_path):
    write_any(
        tmp_path / "a.nrrd", kinds="space space space time", spacings="2 3 8 40", units=f'"mm" "mm" "mm" "{unit}"'
    )
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert (sequence.times, sequence.unit) == ((0, 40, 80), read)


@pytest.mark.parametrize("space", ["3D-right-handed", "scanner-xyz", "", None])
def test_a_space_that_is_not_the_patients_is_taken_as_lps_and_noted(space, tmp_path):
    fields = {"space_dimension": "3"} if space is None else {"space": space}
    directions = "(2,0,0) (0,3,0) (0,0,8) none"
    write_any(tmp_path / "a.nrrd", **fields, space_directions=directions, space_origin="(10,20,30)")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert sequence.volumes[0].geometry.origin == (10, 20, 30)
    assert any("LPS was taken" in note for note in sequence.notes)


def test_a_missing_origin_is_noted(tmp_path):
    write_any(tmp_path / "a.nrrd", space="LPS", space_directions="(2,0,0) (0,3,0) (0,0,8) none")
    assert any("first voxel lies; 0, 0, 0 was taken" in note for note in read_sequence(tmp_path / "a.nrrd").notes)


def test_lengths_in_other_units_become_mm(tmp_path):
    directions = {"space_directions": "(2,0,0) (0,3,0) (0,0,8) none", "space_origin": "(10,20,30)"}
    write_any(tmp_path / "a.nrrd", space="LPS", **directions, space_units='"um" "um" "um"')
    geometry = read_sequence(tmp_path / "a.nrrd").volumes[0].geometry
    np.testing.assert_allclose([*geometry.spacing, *geometry.origin], [0.002, 0.003, 0.008, 0.01, 0.02, 0.03])


@pytest.mark.parametrize(("given", "taken"), [("0", 1), ("nan", 1), ("inf", 1), ("-2", 2)])
def test_a_spacing_that_cannot_be_is_noted(given, taken, tmp_path):
    write_any(tmp_path / "a.nrrd", kinds="space space space time", spacings=f"{given} 3 8 40")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert sequence.volumes[0].geometry.spacing == (taken, 3, 8)
    assert any(f"columns are {given} mm apart; {taken} mm was taken" in note for note in sequence.notes)


@pytest.mark.parametrize(
    "axes", [("domain domain list", "(2,0,0) (0,3,0) none"), ("list domain domain", "none (2,0,0) (0,3,0)")]
)
def test_frames_of_two_axes_are_single_slices(axes, tmp_path):
    kinds, directions = axes
    voxels = FRAMES[:, 0] if kinds.endswith("list") else np.moveaxis(FRAMES[:, 0], 0, -1)
    sizes = "5 4 3" if kinds.endswith("list") else "3 5 4"
    write_any(tmp_path / "a.nrrd", sizes, voxels=voxels, kinds=kinds, space="RAS", space_directions=directions)
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert_frames(sequence, FRAMES[:, :1])
    assert sequence.volumes[0].geometry.spacing == (2, 3, 1)
    np.testing.assert_array_equal(sequence.volumes[0].geometry.direction, np.diag([-1, -1, 1]))
    assert any("single slices without a thickness; 1 mm was taken" in note for note in sequence.notes)


def test_axes_of_one_value_do_not_matter(tmp_path):
    directions = "none (2,0,0) (0,3,0) (0,0,8) none"
    write_any(
        tmp_path / "a.nrrd",
        "1 5 4 2 3",
        kinds="stub domain domain domain list",
        space="LPS",
        space_directions=directions,
    )
    assert_frames(read_sequence(tmp_path / "a.nrrd"))


@pytest.mark.parametrize("kind", ["vector", "RGB-color", "3-vector", "complex"])
def test_several_values_a_voxel_are_refused_in_words(kind, tmp_path):
    write_any(tmp_path / "a.nrrd", "3 5 4 2", kinds=f"{kind} domain domain domain")
    with pytest.raises(InvalidInputError, match="not a colour or a vector; axis 1 of this file is of the kind"):
        read_sequence(tmp_path / "a.nrrd")


def multi_volume(labels, unit="ms", tag="TriggerTime"):
    return (
        f"MultiVolume.FrameLabels:={labels}\nMultiVolume.FrameIdentifyingDICOMTagUnits:={unit}\n"
        f"MultiVolume.FrameIdentifyingDICOMTagName:={tag}\nMultiVolume.NumberOfFrames:=3\n"
    )


@pytest.mark.parametrize("kind", ["list", "vector"])
@pytest.mark.parametrize(
    ("keys", "index"),
    [
        (multi_volume("0,40.5,90"), ((0, 40.5, 90), "time", "ms")),
        (multi_volume("0,30,70", "%", "NominalPercentage"), ((0, 30, 70), "NominalPercentage", "%")),
        (multi_volume("0, 40.5, 90,"), ((0, 40.5, 90), "time", "ms")),
        (multi_volume("0,4,8", "sec", "AcquisitionTime"), ((0, 4, 8), "time", "s")),
        (multi_volume("0,2,5", "na", "NA"), ((0, 2, 5), "phase", "")),
        (multi_volume("105958.5,110002.5,110006", "s", "AcquisitionTime"), ((0, 4, 7.5), "time", "s")),
        (multi_volume("235958,000002,000006", "", "ContentTime"), ((0, 4, 8), "time", "s")),
        (multi_volume("101050,101046,101054", "s", "ContentTime"), ((0, 1, 2), "frame", "")),
        (multi_volume("101050,101060,101070", "s", "ContentTime"), ((101050, 101060, 101070), "time", "s")),
        (multi_volume("100000,100040,100090", "ms", "AcquisitionTime"), ((100000, 100040, 100090), "time", "ms")),
        (multi_volume("100000,100040,100050", "", "FlipAngle"), ((100000, 100040, 100050), "FlipAngle", "")),
        (multi_volume("0,40"), ((0, 1, 2), "frame", "")),
        (multi_volume("0,90,40"), ((0, 1, 2), "frame", "")),
        (multi_volume("ED,mid,ES"), ((0, 1, 2), "frame", "")),
    ],
)
def test_labels_of_multi_volume_are_the_times(kind, keys, index, tmp_path):
    directions = "none (2,0,0) (0,3,0) (0,0,8)"
    voxels = np.moveaxis(FRAMES, 0, -1)
    kinds = f"{kind} domain domain domain"
    write_any(tmp_path / "a.nrrd", "3 5 4 2", keys, voxels, kinds=kinds, space="LPS", space_directions=directions)
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert_frames(sequence)
    assert (sequence.times, sequence.index_name, sequence.unit) == index
    assert any("times of day" in note for note in sequence.notes) == ("105958" in keys or "235958" in keys)
    assert any("frames are numbered" in note or "not used" in note for note in sequence.notes) == (index[1] == "frame")


IN_S = (0, 0.04, 0.08, 0.12, 0.16, 0.2)


@pytest.mark.parametrize(
    ("name", "times", "unit", "noted"),
    [
        ("r0_slicer510.seq.nrrd", IN_S, "s", []),
        ("r1_sitk4d.nrrd", range(0, 240, 40), "", ["axis 4 was taken for time", "LPS was taken", "not its unit"]),
        ("r1b_sitk4d_numpy.seq.nrrd", range(6), "", ["axis 4 was taken for time", "frames are numbered"]),
        ("r1c_sitk4d.nhdr", range(0, 240, 40), "", ["axis 4 was taken for time"]),
        ("r2_multivolume.nrrd", range(0, 240, 40), "ms", []),
        ("r5_pynrrd_plain.nrrd", range(6), "", ["the last, axis 4, was taken", "1 mm was taken"]),
        ("r5b_spacings.nrrd", IN_S, "", ["does not say where the voxels lie", "not its unit"]),
        ("r5c_space_dimension_only.seq.nrrd", range(6), "", ["LPS was taken"]),
        ("r7_RAST.nrrd", IN_S, "", ["not its unit"]),
        ("r7b_LPST.nrrd", IN_S, "", ["not its unit"]),
        ("r7c_RAS.seq.nrrd", IN_S, "s", []),
        ("r8_missing_index.seq.nrrd", range(6), "", ["no times; frames are numbered"]),
        ("r8b_text_index.seq.nrrd", range(6), "", ["ED, a, b, ES, c, d"]),
        ("r12_raw_detached.nhdr", IN_S, "s", []),
        ("r12b_bzip2.seq.nrrd", IN_S, "s", []),
        ("r12d_big.seq.nrrd", IN_S, "s", []),
        ("r13_dup_space.seq.nrrd", IN_S, "s", []),
        ("r13b_key_space.seq.nrrd", IN_S, "s", []),
        ("r13c_crlf.seq.nrrd", IN_S, "s", []),
        ("r13d_upper_kinds.seq.nrrd", IN_S, "s", []),
        ("r13e_latin1.seq.nrrd", IN_S, "s", []),
        ("r13f_index_commas.seq.nrrd", IN_S, "s", []),
        ("r13g_meas_frame.seq.nrrd", IN_S, "s", []),
        ("r13i_units_short.seq.nrrd", IN_S, "", []),
    ],
)
def test_files_that_people_have(name, times, unit, noted, cases):
    sequence = read_sequence(cases / name)
    assert_frames(sequence, np.load(cases.parent / "truth.npy"))
    assert (sequence.times, sequence.unit) == (tuple(times), unit)
    assert bool(sequence.notes) == bool(noted)
    for note in noted:
        assert any(note in one for one in sequence.notes)
    if not any("does not say where" in note for note in sequence.notes) and "numpy" not in name:
        in_ras = (-1, -1, 1) if "RAS" in name else (1, 1, 1)
        np.testing.assert_allclose(sequence.volumes[0].geometry.origin, np.multiply((-10, -20, 30), in_ras))
        np.testing.assert_allclose(sequence.volumes[0].geometry.spacing, (1.25, 1.5, 8))


def test_their_nan_stays(cases):
    sequence = read_sequence(cases / "n16d_ct_nan_pad.seq.nrrd")
    assert sum(int(np.isnan(volume.array).sum()) for volume in sequence.volumes) == 960


@pytest.mark.parametrize(
    ("name", "what"), [("r4_rgb_cxyzt.seq.nrrd", "colour or a vector"), ("r8c_descending.seq.nrrd", "must rise")]
)
def test_what_is_no_sequence_of_volumes_is_refused_in_words(name, what, cases):
    with pytest.raises(InvalidInputError, match=what):
        read_sequence(cases / name)


def test_times_of_day_are_noted(tmp_path):
    keys = multi_volume("105958.5,110002.5,110006", "s", "AcquisitionTime")
    directions = "none (2,0,0) (0,3,0) (0,0,8)"
    voxels = np.moveaxis(FRAMES, 0, -1)
    write_any(tmp_path / "a.nrrd", "3 5 4 2", keys, voxels, space="LPS", space_directions=directions)
    note = "The frames have times of day, 105958.5 to 110006; times are seconds from the first."
    assert note in read_sequence(tmp_path / "a.nrrd").notes
