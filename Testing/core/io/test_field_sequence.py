"""Fields over frames as .seq.nrrd: what is written comes back, and other layouts are read right."""

import gzip
from collections.abc import Callable

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError, UnreadableFileError, UnwritableFileError
from temporal_interp.io import read_field_sequence, read_sequence, write_field_sequence, write_sequence
from temporal_interp.io.field_sequence import COMPONENTS_KEY, DIRECTION_KEY, ESTIMATE_KEY, FieldDirection

VALUES = (0.0, 33.3, 70.0)


@pytest.fixture
def make_fields(make_sequence) -> Callable[..., tuple[list[np.ndarray], Geometry]]:
    """Function that makes one field of noise a frame, and their oblique grid."""

    def make(shape=(2, 3, 4), count=3, dtype="float32") -> tuple[list[np.ndarray], Geometry]:
        noise = np.random.default_rng(2).normal(0, 5, (count, *shape, 3)).astype(dtype)
        return list(noise), make_sequence(shape=shape).volumes[0].geometry

    return make


def write(path, fields, geometry, values=VALUES, **more):
    options = {"direction": FieldDirection.TO_NEXT} | more
    write_field_sequence(fields, geometry, values, "trigger time", "ms", path, **options)


@pytest.mark.parametrize(
    ("shape", "values"), [((2, 3, 4), VALUES), ((1, 3, 4), (-5.5,)), ((3, 1, 4), (0.1, 0.2)), ((2, 3, 1), (0, 1, 2))]
)
def test_fields_come_back_exactly(shape, values, tmp_path, make_fields):
    fields, geometry = make_fields(shape, len(values))
    write(tmp_path / "f.seq.nrrd", fields, geometry, values)
    back = read_field_sequence(tmp_path / "f.seq.nrrd")
    np.testing.assert_array_equal(np.stack(back.fields), np.stack(fields))
    assert back.fields[0].dtype == np.float32
    assert back.fields[0].flags.c_contiguous
    assert back.geometry.is_close(geometry)
    assert back.times == tuple(values)
    assert (back.index_name, back.unit) == ("trigger time", "ms")


def test_double_precision_and_strided_fields_are_written_right(tmp_path, make_fields):
    fields, geometry = make_fields(dtype="float64")
    turned = [field[:, ::-1] for field in fields]
    write(tmp_path / "f.seq.nrrd", turned, geometry)
    np.testing.assert_array_equal(read_field_sequence(tmp_path / "f.seq.nrrd").fields[1], turned[1].astype("float32"))


@pytest.mark.parametrize("direction", FieldDirection)
def test_file_and_every_item_say_what_the_vectors_are(direction, tmp_path, make_fields):
    fields, geometry = make_fields()
    write(
        tmp_path / "f.seq.nrrd",
        fields,
        geometry,
        direction=direction,
        attributes={"Method": "two\nlines"},
        item_attributes=[{"Reference": "1"}, {}, {"Method": "own"}],
    )
    back = read_field_sequence(tmp_path / "f.seq.nrrd")
    said = {
        DIRECTION_KEY: str(direction),
        ESTIMATE_KEY: "true, from images",
        COMPONENTS_KEY: "x, y, z in LPS, mm/s" if direction == FieldDirection.VELOCITY else "x, y, z in LPS, mm",
        "Method": "two\nlines",
    }
    assert back.attributes == said
    assert back.item_attributes == (said | {"Reference": "1"}, said, said | {"Method": "own"})


FIELDS = np.arange(2 * 1 * 3 * 4 * 3, dtype="<f4").reshape(2, 1, 3, 4, 3)
LIST_LAST = """sizes: 3 4 3 1 2
space directions: none (-2,0,0) (0,0,-3) (0,-8,0) none
kinds: vector domain domain domain list
labels: "" "" "" "" "time"
units: "" "" "" "" "ms"
"""
LIST_FIRST = """sizes: 2 3 4 3 1
space directions: none none (-2,0,0) (0,0,-3) (0,-8,0)
kinds: list 3-vector domain domain domain
labels: "time" "" "" "" ""
units: "ms" "" "" "" ""
"""


def write_by_hand(
    path, axes=LIST_LAST, keys="axis 3 index values:=0 40\n", space="left-posterior-superior", data=FIELDS
):
    header = f"NRRD0005\ntype: float\ndimension: {data.ndim}\nspace: {space}\nspace origin: (10,20,30)\n{axes}"
    path.write_bytes(f"{header}endian: little\nencoding: gzip\n{keys}\n".encode() + gzip.compress(data.tobytes()))


@pytest.mark.parametrize(
    ("axes", "keys", "data"),
    [
        (LIST_LAST, "axis 3 index values:=0 40\n", FIELDS),
        (LIST_LAST, "axis 4 index values:=0 40\n", FIELDS),
        (LIST_FIRST, "axis 0 index values:=0 40\n", np.moveaxis(FIELDS, 0, -1)),
    ],
)
def test_other_layouts_are_read(axes, keys, data, tmp_path):
    write_by_hand(tmp_path / "f.seq.nrrd", axes, keys, data=data)
    back = read_field_sequence(tmp_path / "f.seq.nrrd")
    np.testing.assert_array_equal(np.stack(back.fields), FIELDS)
    assert (back.times, back.index_name, back.unit) == ((0, 40), "time", "ms")
    assert back.geometry.spacing == (2, 3, 8)


def test_place_and_vectors_of_a_file_in_ras_become_lps(tmp_path):
    write_by_hand(tmp_path / "f.seq.nrrd", space="right-anterior-superior")
    back = read_field_sequence(tmp_path / "f.seq.nrrd")
    np.testing.assert_array_equal(np.stack(back.fields), FIELDS * [-1, -1, 1])
    assert back.geometry.origin == (-10, -20, 30)


def test_fields_without_times_are_numbered(tmp_path):
    write_by_hand(tmp_path / "f.seq.nrrd", keys="")
    back = read_field_sequence(tmp_path / "f.seq.nrrd")
    assert (back.times, back.index_name, back.unit) == ((0, 1), "frame", "")


def test_vectors_along_other_axes_are_refused(tmp_path):
    write_by_hand(tmp_path / "f.seq.nrrd", LIST_LAST + "measurement frame: (0,1,0) (1,0,0) (0,0,1)\n")
    with pytest.raises(InvalidInputError, match=r"f\.seq\.nrrd: .*measurement frame"):
        read_field_sequence(tmp_path / "f.seq.nrrd")


def test_vectors_along_the_axes_of_the_space_are_read(tmp_path):
    write_by_hand(tmp_path / "f.seq.nrrd", LIST_LAST + "measurement frame: (1,0,0) (0,1,0) (0,0,1)\n")
    np.testing.assert_array_equal(np.stack(read_field_sequence(tmp_path / "f.seq.nrrd").fields), FIELDS)


@pytest.mark.parametrize(
    ("axes", "data"),
    [
        (LIST_LAST.replace("vector", "list"), FIELDS),
        (LIST_LAST.replace("list", "domain"), FIELDS),
        (LIST_LAST.replace("sizes: 3", "sizes: 2"), FIELDS[..., :2]),
    ],
)
def test_file_of_something_else_is_refused(axes, data, tmp_path):
    write_by_hand(tmp_path / "f.seq.nrrd", axes, data=np.ascontiguousarray(data))
    with pytest.raises(InvalidInputError, match=r"f\.seq\.nrrd: fields over frames have five axes"):
        read_field_sequence(tmp_path / "f.seq.nrrd")


def test_images_are_not_fields_and_fields_are_not_images(tmp_path, make_sequence, make_fields):
    write_sequence(make_sequence(), tmp_path / "image.seq.nrrd")
    with pytest.raises(InvalidInputError, match=r"image\.seq\.nrrd: fields over frames"):
        read_field_sequence(tmp_path / "image.seq.nrrd")
    write(tmp_path / "f.seq.nrrd", *make_fields())
    with pytest.raises(InvalidInputError, match=r"f\.seq\.nrrd: a sequence of scalar volumes"):
        read_sequence(tmp_path / "f.seq.nrrd")


def test_missing_and_damaged_files_are_named(tmp_path, make_fields):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=r"absent\.seq\.nrrd: there is no such file"):
        read_field_sequence(tmp_path / "absent.seq.nrrd")
    write(tmp_path / "f.seq.nrrd", *make_fields())
    content = (tmp_path / "f.seq.nrrd").read_bytes()
    (tmp_path / "f.seq.nrrd").write_bytes(content[:-200])
    with pytest.raises((InvalidInputError, UnreadableFileError), match=r"f\.seq\.nrrd: .*(cut short|damaged)"):
        read_field_sequence(tmp_path / "f.seq.nrrd")


def with_nan(fields):
    fields[1][0, 0, 0, 0] = np.nan
    return fields


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"fields": lambda fields: fields[:2]}, "2 fields, 3 index values"),
        ({"fields": lambda fields: []}, "0 fields"),
        ({"fields": with_nan}, "field 1 has vectors that are NaN"),
        ({"fields": lambda fields: [*fields[:2], fields[2][..., :2]]}, r"field 2 has shape \(2, 3, 4, 2\)"),
        ({"values": (0, 1, np.nan)}, "finite"),
        ({"values": (0, 1, 1.0005)}, "1 and 1.0005 ms lie no further apart"),
        ({"values": (0, 2, 1)}, "must rise"),
        ({"item_attributes": [{}]}, "1 sets of attributes"),
        ({"attributes": {"a:=b": "1"}}, "'a:=b'"),
        ({"name": "f.nrrd"}, r"must end in \.seq\.nrrd"),
        ({"name": "nowhere/f.seq.nrrd"}, "could not be written"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(change, what, tmp_path, make_fields):
    fields, geometry = make_fields()
    fields = change.pop("fields", list)(fields)
    path = tmp_path / change.pop("name", "f.seq.nrrd")
    with pytest.raises((InvalidInputError, UnwritableFileError), match=what):
        write(path, fields, geometry, **change)
    assert list(tmp_path.iterdir()) == []


def test_file_is_replaced_only_on_request(tmp_path, make_fields):
    fields, geometry = make_fields()
    write(tmp_path / "f.seq.nrrd", fields, geometry)
    with pytest.raises(UnwritableFileError, match="exists"):
        write(tmp_path / "f.seq.nrrd", fields[::-1], geometry)
    np.testing.assert_array_equal(read_field_sequence(tmp_path / "f.seq.nrrd").fields[0], fields[0])
    write(tmp_path / "f.seq.nrrd", fields[::-1], geometry, overwrite=True)
    np.testing.assert_array_equal(read_field_sequence(tmp_path / "f.seq.nrrd").fields[0], fields[2])
