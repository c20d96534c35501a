"""Points from markups files and from tables; Testing/mrml/test_mrml_markups.py has markups that 3D Slicer wrote."""

import json

import numpy as np
import pytest

from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError
from temporal_interp.io import read_points

POINTS = [[1.5, -2.0, 3.0], [4.0, 5.25, -6.0], [7.0, 8.0, 9.0]]
LABELS = ("apex", "base, left", "")


def markups(kind="Fiducial", points=POINTS, labels=LABELS, **more):
    controls = [{"label": label, "position": list(p)} for label, p in zip(labels, points, strict=True)]
    return {"type": kind, "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": controls} | more


@pytest.fixture
def write(tmp_path):
    """Function that writes a markups file, or any text."""

    def save(*content, name="a.mrk.json"):
        text = content[0] if isinstance(content[0], str) else json.dumps({"markups": list(content)})
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return save


def test_markups_in_ras_become_lps(write):
    read = read_points(write(markups("ClosedCurve", coordinateSystem="RAS")))
    np.testing.assert_array_equal(read.points_mm, np.array(POINTS) * [-1, -1, 1])
    assert (read.labels, read.closed) == (LABELS, True)


def test_points_without_position_are_left_out(write):
    content = markups()
    content["controlPoints"][1] |= {"positionStatus": "undefined", "position": ""}
    content["controlPoints"][2] |= {"positionStatus": "defined"}
    read = read_points(write(content, name="a.json"))
    np.testing.assert_array_equal(read.points_mm, [POINTS[0], POINTS[2]])
    assert read.labels == ("apex", "")


@pytest.mark.parametrize("unit", ["mm", ["mm", "UCUM", "millimeter"]])
def test_millimetres_are_read_however_they_are_named(unit, write):
    assert len(read_points(write(markups(coordinateUnits=unit))).points_mm) == 3


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ([markups(), markups()], "2 markups"),
        ([markups("ROI")], "type ROI; only Fiducial, Curve, ClosedCurve"),
        ([markups(coordinateSystem="XYZ")], "LPS or RAS"),
        ([markups(coordinateUnits="cm")], "in cm"),
        ([markups(coordinateUnits=None)], "must be in mm"),
        ([markups(coordinateUnits=["cm", "UCUM", "centimeter"])], "must be in mm"),
        ([markups(points=[], labels=[])], "no points"),
        ([markups(points=[[1, 2]], labels=[""])], "points cannot be read"),
        ([markups(points=[[1, 2, "x"]], labels=[""])], "points cannot be read"),
        ([markups(points=[[1, 2, float("nan")]], labels=[""])], "not a finite number"),
        ([{"type": "Curve"}], "points cannot be read"),
        (['{"markups": [{"ty'], "cut short or damaged"),
        (["[1, 2]"], "not a markups file"),
        (['{"a": 1}'], "not a markups file"),
        ([""], "not a markups file"),
    ],
)
def test_other_markups_are_refused(content, what, write):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=rf"a\.mrk\.json: .*{what}"):
        read_points(write(*content))


def test_table_is_read_whatever_the_order_of_its_columns(write):
    read = read_points(write('Label, Z,x,y,more\napex,3,1.5,-2,a\n"base, left",-6,4,5.25,\n\n,9,7,8,b\n', name="a.csv"))
    np.testing.assert_array_equal(read.points_mm, POINTS)
    assert (read.labels, read.closed) == (LABELS, None)


def test_table_without_labels_is_read(write):
    read = read_points(write("\ufeffx,y,z\n1,2,3\n", name="A.CSV"))
    np.testing.assert_array_equal(read.points_mm, [[1, 2, 3]])
    assert read.labels == ("",)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "first line must name the columns"),
        ("1,2,3\n4,5,6\n", "first line must name the columns"),
        ("x,y\n1,2\n", "first line must name the columns"),
        ("x;y;z\n1;2;3\n", "first line must name the columns"),
        ("x,y,z\n", "no points"),
        ("x,y,z\n1,2,3\n1,2\n", "point 2 has 2 entries"),
        ("x,y,z\n1,2,three\n", "'three'"),
        ("x,y,z\n1,2,\n", "something other than a number"),
        ("x,y,z\n1,2,nan\n", "not a finite number"),
        ('x,y,z\n1,2,"3\n', "not a table"),
    ],
)
def test_other_tables_are_refused(text, what, write):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=rf"a\.csv: .*{what}"):
        read_points(write(text, name="a.csv"))


def test_missing_and_other_files_are_named(write, tmp_path):
    with pytest.raises(MissingFileError, match=r"absent\.csv: there is no such file"):
        read_points(tmp_path / "absent.csv")
    with pytest.raises(InvalidInputError, match=r"a\.txt: points are read from"):
        read_points(write("x,y,z\n1,2,3\n", name="a.txt"))
    with pytest.raises(InvalidInputError, match="points are read from"):
        read_points(tmp_path)


def test_a_table_with_more_points_than_anybody_places_is_refused_soon(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("x,y,z\n" + "1,2,3\n" * 100_000)
    assert len(read_points(path).points_mm) == 100_000
    path.write_text("x,y,z\n" + "1,2,3\n" * 500_000)
    with pytest.raises(InvalidInputError, match="more than 100,000 points"):
        read_points(path)
