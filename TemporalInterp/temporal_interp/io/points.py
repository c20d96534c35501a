"""Points that a user placed: a markups file of 3D Slicer, or a table of comma-separated values."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.files import require_exists
from temporal_interp.io.guard import reading
from temporal_interp.io.plain_text import load_json

COORDINATES = ("x", "y", "z")
LABEL = "label"

MAX_POINTS = 100_000
"""In a table: what is larger is no set of points that somebody placed."""

CLOSED = {"Fiducial": None, "Curve": False, "ClosedCurve": True}
"""Kinds of markups that are read, and whether the line through their points is closed."""

TO_LPS = {"LPS": (1, 1, 1), "RAS": (-1, -1, 1)}
"""Signs that bring the coordinates of a markups file to LPS."""


@dataclass(frozen=True, eq=False)
class PointSet:
    """One or more points.

    Attributes:
        points_mm: (P, 3) float64, (x, y, z) in LPS mm.
        labels: P names, "" where there is none.
        closed: True for the corners of a closed curve, False for those of an open one, None for points of no order.
    """

    points_mm: np.ndarray
    labels: tuple[str, ...]
    closed: bool | None


def read_points(path: Path | str) -> PointSet:
    """Return the points in a file.

    Args:
        path: a .mrk.json file of 3D Slicer with points, one curve or one closed curve, of which the control points
            that have a position are read, not the line that Slicer draws through them; or a .csv file whose header
            names the columns x, y and z, in LPS mm, and optionally label.

    Raises:
        UnreadableFileError: there is no such file, or it is damaged.
        InvalidInputError: it holds something else, or has no points.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "marks.csv"
        >>> _ = path.write_text("label,x,y,z\\napex,1.5,-2,3\\n")
        >>> read_points(path).labels
        ('apex',)
    """
    path = Path(path)
    with reading(path):
        require_exists(path)
        name = path.name.lower()
        if path.is_file() and name.endswith(".json"):
            points = _from_markups(_markups(path))
        elif path.is_file() and name.endswith(".csv"):
            points = _from_rows(_rows(path))
        else:
            raise InvalidInputError(
                "points are read from a markups file of 3D Slicer (.mrk.json) or a table with the columns x, y and z, "
                "in LPS mm (.csv)."
            )
        if not len(points.points_mm):
            raise InvalidInputError("there are no points in this file; place some first.")
        if not np.isfinite(points.points_mm).all():
            raise InvalidInputError("a coordinate is not a finite number; correct or remove that point.")
        return points


def _markups(path: Path) -> dict[str, Any]:
    """Return the one markups in a file."""
    try:
        markups = list(load_json(path.read_text(encoding="utf-8-sig"))["markups"])
    except (OSError, ValueError, KeyError, TypeError) as error:  # UnreadableFileError is an OSError
        raise UnreadableFileError(
            "this is not a markups file of 3D Slicer, or it is cut short or damaged; save the markups again."
        ) from error
    if len(markups) != 1:
        raise InvalidInputError(f"the file holds {len(markups)} markups; save the one that is meant on its own.")
    return markups[0]


def _from_markups(markups: dict[str, Any]) -> PointSet:
    try:
        kind, unit = markups["type"], markups.get("coordinateUnits", "mm")
        signs = TO_LPS.get(str(markups.get("coordinateSystem", "LPS")))
        defined = [point for point in markups["controlPoints"] if point.get("positionStatus", "defined") == "defined"]
        points = np.array([point["position"] for point in defined], dtype=np.float64).reshape(-1, 3)
        labels = tuple(str(point.get("label", "")) for point in defined)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadableFileError(f"its points cannot be read ({error!r}); save the markups again.") from error
    if not isinstance(kind, str) or kind not in CLOSED:
        raise InvalidInputError(f"it holds markups of the type {kind}; only {', '.join(CLOSED)} are read.")
    if signs is None:
        raise InvalidInputError("its coordinate system must be LPS or RAS; save the markups with 3D Slicer.")
    if unit != "mm" and not (isinstance(unit, list) and unit[:1] == ["mm"]):  # or [code, scheme, meaning]
        raise InvalidInputError(f"its coordinates are in {unit}, they must be in mm.")
    return PointSet(points * signs, labels, CLOSED[kind])


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the lines of a table, each with its entries by the name of their column."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.reader(file, strict=True)
            names = [name.strip().lower() for name in next(table, [])]
            lines = [line for line in islice(table, MAX_POINTS + 1) if line]
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"this is not a table of comma-separated values ({error}).") from error
    if len(lines) > MAX_POINTS:
        raise InvalidInputError(f"it has more than {MAX_POINTS:,} points; follow fewer.")
    if not set(COORDINATES) <= set(names):
        raise InvalidInputError("its first line must name the columns x, y and z (LPS, mm), separated by commas.")
    for number, line in enumerate(lines, start=1):
        if len(line) != len(names):
            raise InvalidInputError(f"point {number} has {len(line)} entries, the header has {len(names)}.")
    return [dict(zip(names, line, strict=True)) for line in lines]


def _from_rows(rows: list[dict[str, str]]) -> PointSet:
    try:
        points = np.array([[float(row[name]) for name in COORDINATES] for row in rows]).reshape(-1, 3)
    except ValueError as error:
        raise InvalidInputError(f"something other than a number stands for a coordinate ({error}).") from error
    return PointSet(points, tuple(row.get(LABEL, "").strip() for row in rows), None)
