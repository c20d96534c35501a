""".seq.nrrd, with 3D Slicer's own reader and writer as the judge."""

import gzip
import itertools

import numpy as np
import pytest
import slicer
import vtk

from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_sequence, write_sequence, write_volume


@pytest.fixture
def scene():
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerSequencesLogic()
    logic.SetMRMLScene(scene)
    yield scene
    scene.Clear(0)
    logic.SetMRMLScene(None)


def storage(scene, path):
    node = scene.AddNewNodeByClass("vtkMRMLVolumeSequenceStorageNode")
    node.SetFileName(str(path))
    return node


def read_by_slicer(scene, path):
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    assert storage(scene, path).ReadData(node)
    return node


def ijk_to_ras(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def expected_ijk_to_ras(geometry):
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(geometry.direction) * geometry.spacing
    matrix[:3, 3] = geometry.origin
    return np.diag([-1, -1, 1, 1]) @ matrix


def assert_slicer_has(node, sequence):
    assert node.GetNumberOfDataNodes() == len(sequence)
    assert node.GetIndexName() == sequence.index_name
    assert node.GetIndexUnit() == sequence.unit
    assert node.GetIndexTypeAsString() == "numeric"
    for number, volume in enumerate(sequence.volumes):
        item = node.GetNthDataNode(number)
        assert item.GetClassName() == "vtkMRMLScalarVolumeNode"
        array = slicer.util.arrayFromVolume(item)
        assert array.dtype == volume.array.dtype
        np.testing.assert_array_equal(array, volume.array)
        np.testing.assert_allclose(ijk_to_ras(item), expected_ijk_to_ras(volume.geometry), rtol=0, atol=1e-9)
        assert float(node.GetNthIndexValue(number)) == sequence.times[number]
        attributes = {name: item.GetAttribute(name) for name in item.GetAttributeNames()}
        attributes.pop("Sequences.BaseName")  # Slicer's own
        assert attributes == sequence.item_attributes[number]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_slicer_reads_what_we_write(dtype, scene, tmp_path, make_sequence):
    sequence = make_sequence(dtype=dtype)
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


@pytest.mark.parametrize("shape", [(1, 3, 4), (3, 1, 4), (2, 3, 1)])
@pytest.mark.parametrize("values", [(0.0,), (-1.5, 0.1, 1e6)])
@pytest.mark.parametrize(("index_name", "unit"), [("frame", ""), ("time", "ms"), ("my phase", "µs"), ('"x"', "%")])
def test_slicer_reads_odd_sequences(shape, values, index_name, unit, scene, tmp_path, make_sequence):
    sequence = make_sequence(shape=shape, values=values, index_name=index_name, unit=unit)
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


def test_left_handed_volumes_lie_in_the_same_place_in_slicer(scene, tmp_path, make_sequence):
    """Slicer turns the slices of left-handed files round, so voxels are compared by where they are."""
    sequence = make_sequence(direction=np.diag([1.0, -1.0, 1.0]))
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    item = read_by_slicer(scene, tmp_path / "a.seq.nrrd").GetNthDataNode(1)
    to_our_voxels = np.linalg.inv(expected_ijk_to_ras(sequence.volumes[1].geometry)) @ ijk_to_ras(item)
    array = slicer.util.arrayFromVolume(item)
    for kji in np.ndindex(array.shape):
        i, j, k = np.rint((to_our_voxels @ [*kji[::-1], 1])[:3]).astype(int)
        assert array[kji] == sequence.volumes[1].array[k, j, i]


ODD_TEXT = {
    "A": "two\nlines",
    "B": "back\\slash \\n",
    "na me:x": "a:= b",
    "C": 'quoted "é" µ',
    "D": "key: value; tab\t.",
}


def test_slicer_reads_odd_attributes(scene, tmp_path, make_sequence):
    sequence = make_sequence(item_attributes=[ODD_TEXT, {}, {"E": "1"}])
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


def test_odd_attributes_come_back(tmp_path, make_sequence, assert_same):
    sequence = make_sequence(item_attributes=[ODD_TEXT, {"empty": ""}, {"E": "1"}], index_name='a "b" \\ c', unit="")
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_same(read_sequence(tmp_path / "a.seq.nrrd"), sequence)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_we_read_what_slicer_writes(dtype, compressed, scene, tmp_path, make_sequence):
    sequence = make_sequence(dtype=dtype, item_attributes=[ODD_TEXT, {}, {"E": "1"}])
    node = scene.AddNewNodeByClass("vtkMRMLSequenceNode")
    node.SetIndexName(sequence.index_name)
    node.SetIndexUnit(sequence.unit)
    node.SetAttribute("TemporalInterp.SliceThickness", "6")
    for number, volume in enumerate(sequence.volumes):
        item = slicer.vtkMRMLScalarVolumeNode()
        slicer.util.updateVolumeFromArray(item, volume.array)
        item.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(expected_ijk_to_ras(volume.geometry)))
        for name, value in sequence.item_attributes[number].items():
            item.SetAttribute(name, value)
        node.SetDataNodeAtValue(item, str(sequence.times[number]))
    writer = storage(scene, tmp_path / "a.seq.nrrd")
    writer.SetUseCompression(compressed)
    assert writer.WriteData(node)
    back = read_sequence(tmp_path / "a.seq.nrrd")
    for one, other in itertools.zip_longest(back.volumes, sequence.volumes):
        assert one.array.dtype == other.array.dtype
        np.testing.assert_array_equal(one.array, other.array)
        assert one.geometry.is_close(other.geometry)
    assert back.times == sequence.times
    assert (back.index_name, back.unit) == (sequence.index_name, sequence.unit)
    assert back.item_attributes == sequence.item_attributes
    assert back.slice_thickness == 6


def test_everything_survives_slicer(scene, tmp_path, make_sequence):
    """Written by us, read and written by Slicer, read by us."""
    sequence = make_sequence()
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    node = read_by_slicer(scene, tmp_path / "a.seq.nrrd")
    assert storage(scene, tmp_path / "b.seq.nrrd").WriteData(node)
    back = read_sequence(tmp_path / "b.seq.nrrd")
    assert back.slice_thickness == sequence.slice_thickness
    assert back.times == sequence.times
    assert [{k: v for k, v in a.items() if k != "Sequences.BaseName"} for a in back.item_attributes] == list(
        sequence.item_attributes
    )
    np.testing.assert_array_equal(back.volumes[2].array, sequence.volumes[2].array)
    assert back.volumes[2].geometry.is_close(sequence.volumes[2].geometry)


@pytest.mark.parametrize("step", [0.0005, 0.001])
def test_times_that_slicer_would_merge_are_refused(step, tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match=r"frames 1 and 2 are .* apart"):
        write_sequence(make_sequence(values=(0.0, 1.0, 1.0 + step)), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_times_that_slicer_tells_apart_are_written(scene, tmp_path, make_sequence):
    sequence = make_sequence(values=(0.0, 1.0, 1.0011))
    write_sequence(sequence, tmp_path / "a.seq.nrrd")
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), sequence)


@pytest.mark.parametrize(("dtype", "narrow"), [("int64", "int32"), ("uint64", "uint32")])
def test_64_bit_integers_are_narrowed_for_slicer(dtype, narrow, scene, tmp_path, make_sequence):
    sequence = make_sequence(dtype="uint8")
    wide = [volume.with_array(volume.array.astype(dtype)) for volume in sequence.volumes]
    write_sequence(type(sequence)(wide, (0, 1, 2)), tmp_path / "a.seq.nrrd")
    array = slicer.util.arrayFromVolume(read_by_slicer(scene, tmp_path / "a.seq.nrrd").GetNthDataNode(2))
    assert array.dtype == narrow
    np.testing.assert_array_equal(array, sequence.volumes[2].array)


def test_64_bit_integers_that_do_not_fit_are_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match="32-bit"):
        write_sequence(make_sequence(dtype="int64"), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_attribute_name_that_cannot_be_stored_is_refused(tmp_path, make_sequence):
    with pytest.raises(InvalidInputError, match="'a:=b'"):
        write_sequence(make_sequence(item_attributes=[{"a:=b": "1"}, {}, {}]), tmp_path / "a.seq.nrrd")
    assert list(tmp_path.iterdir()) == []


FRAMES = np.arange(3 * 2 * 4 * 5, dtype="int16").reshape(3, 2, 4, 5)
LIST_LAST = """sizes: 5 4 2 3
space directions: (-2,0,0) (0,0,-3) (0,-8,0) none
kinds: domain domain domain list
labels: "" "" "" "time"
units: "" "" "" "ms"
"""
LIST_FIRST = """sizes: 3 5 4 2
space directions: none (-2,0,0) (0,0,-3) (0,-8,0)
kinds: list domain domain domain
labels: "time" "" "" ""
units: "ms" "" "" ""
"""
RAS = "right-anterior-superior"
LPS = "left-posterior-superior"


def write_nrrd(path, axes=LIST_LAST, space=LPS, endian="little", raw=False, keys=None, frames=FRAMES, number=3, **more):
    """Write a file with a header as Slicer lays it out, without the code under test."""
    data = np.moveaxis(frames, 0, -1) if number == 0 else frames
    content = data.astype(data.dtype.newbyteorder("<" if endian == "little" else ">")).tobytes()
    keys = f"axis {number} index values:=0 40 81.5\naxis {number} index type:=numeric\n" if keys is None else keys
    fields = {"type": "short", "dimension": "4", "space": space, "space origin": "(10,20,30)"} | more
    header = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    header += f"{axes}endian: {endian}\nencoding: {'raw' if raw else 'gzip'}\n{keys}\n"
    path.write_bytes(b"NRRD0004\n# comment\n" + header.encode() + (content if raw else gzip.compress(content)))


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize(("axes", "number"), [(LIST_LAST, 3), (LIST_FIRST, 0)])
@pytest.mark.parametrize("space", [LPS, RAS])
def test_every_layout_is_read_as_slicer_reads_it(raw, endian, axes, number, space, scene, tmp_path):
    key = f"axis {number} index values:=0 40 81.5\naxis {number} item 0001 Who:=me\n"
    write_nrrd(tmp_path / "a.seq.nrrd", axes, space, endian, raw, key, number=number)
    ours = read_sequence(tmp_path / "a.seq.nrrd")
    assert ours.item_attributes == ({}, {"Who": "me"}, {})
    assert ours.volumes[0].array.dtype.isnative
    np.testing.assert_array_equal(np.stack([volume.array for volume in ours.volumes]), FRAMES)
    assert_slicer_has(read_by_slicer(scene, tmp_path / "a.seq.nrrd"), ours)


def test_3d_file_is_one_frame(tmp_path):
    axes = "sizes: 5 4 6\nspace directions: (2,0,0) (0,3,0) (0,0,8)\nkinds: domain domain domain\n"
    write_nrrd(tmp_path / "a.nrrd", axes, dimension="3", keys="", frames=FRAMES.reshape(6, 4, 5))
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


def test_frames_without_times_are_numbered(tmp_path):
    write_nrrd(tmp_path / "a.nrrd", keys="")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0, 1, 2), "frame", "")
    assert "no times" in sequence.notes[0]


def test_frames_with_names_are_numbered_and_the_names_noted(tmp_path):
    write_nrrd(tmp_path / "a.nrrd", keys="axis 3 index type:=text\naxis 3 index values:=ED mid ES\n")
    sequence = read_sequence(tmp_path / "a.nrrd")
    assert sequence.times == (0, 1, 2)
    assert "ED, mid, ES" in sequence.notes[0]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"keys": "axis 3 index values:=0 40 nan\n"}, "finite"),
        ({"keys": "axis 3 index values:=0 40 40\n"}, "must rise"),
        ({"keys": "axis 3 index values:=40 0 80\n"}, "must rise"),
        ({"keys": "axis 3 index values:=0 40\n"}, "3 frames, but 2 index values"),
        ({"keys": "axis 3 index values:=0 40 x\n"}, "index value 'x' is not a number"),
        ({"keys": "TemporalInterp.SliceThickness:=thin\n"}, "slice thickness 'thin'"),
        ({"keys": "TemporalInterp.SliceThickness:=-1\n"}, "slice thickness must be positive|positive number of mm"),
        ({"space": "scanner-xyz"}, "where the voxels lie"),
        ({"space origin": ""}, "where the voxels lie"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "(0,0,0)")}, "0 mm apart"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "none")}, "no direction"),
        ({"axes": LIST_LAST.replace("(0,-8,0)", "(8,8,0)")}, "orthonormal"),
        ({"axes": LIST_LAST.replace("list", "domain")}, "one of them of the kind list"),
        ({"axes": LIST_LAST.replace("list", "vector")}, "one of them of the kind list"),
        ({"axes": LIST_LAST.replace("5 4 2 3", "5 4 2 4")}, "cut short or damaged"),
        ({"type": "block"}, "cut short or damaged"),
    ],
)
def test_impossible_header_is_refused(changes, what, tmp_path):
    write_nrrd(tmp_path / "a.seq.nrrd", **changes)
    with pytest.raises(InvalidInputError, match=rf"a\.seq\.nrrd: .*({what})"):
        read_sequence(tmp_path / "a.seq.nrrd")


def test_real_ct_is_one_frame(real_data):
    sequence = read_sequence(real_data / "ct-chest" / "chest_1mm.nrrd")
    assert [volume.array.shape for volume in sequence.volumes] == [(96, 320, 320)]
    assert sequence.volumes[0].array.dtype == np.int16
