"""The rows of the paper's ablations (section 3.3, Tables 2 and 3): what each leaves out, and its published scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from temporal_interp.errors import InvalidInputError

OF_BOTH = ("fusion", "refinement")
"""Settings that rows also change in the teacher; the others are of parts that only the student has."""


class PaperScores(NamedTuple):
    """Published scores, for ACDC after 200 epochs. Named as those of `training.scores`."""

    psnr: float
    ncc: float
    ssim: float
    nmse_x100: float


@dataclass(frozen=True)
class Row:
    """One row of an ablation.

    Attributes:
        name: on the command line, in the table, and of the row's folder.
        kind: "student" trains and scores a student, "teacher" a teacher; "blend" needs no network.
        tables: of the paper, that contain it.
        network: settings of the network that replace those of the configuration.
        student: settings of the student's training that replace those of the configuration.
        taught_by: name of the row in whose folder the teacher is; None trains without a teacher.
        paper: its published scores.
    """

    name: str
    kind: str = "student"
    tables: tuple[int, ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict)
    student: Mapping[str, Any] = field(default_factory=dict)
    taught_by: str | None = None
    paper: PaperScores | None = None


_LINEAR = {"motion": "linear", "exact_ends": True}
_WHOLE = PaperScores(35.21, 0.579, 0.982, 1.869)

ROWS = (
    Row("blend", kind="blend"),
    Row("linear-scaling", network=_LINEAR, taught_by="student"),
    Row(
        "no-modules",
        tables=(2,),
        network={**_LINEAR, "fusion": "none", "refinement": "none"},
        taught_by="no-modules",
        paper=PaperScores(30.85, 0.553, 0.964, 4.451),
    ),
    Row(
        "dfm",
        tables=(2,),
        network={**_LINEAR, "fusion": "finest", "refinement": "none"},
        taught_by="dfm",
        paper=PaperScores(31.73, 0.562, 0.967, 3.658),
    ),
    Row(
        "dfm-tm",
        tables=(2,),
        network={"fusion": "finest", "refinement": "none"},
        taught_by="dfm",
        paper=PaperScores(32.52, 0.569, 0.972, 2.728),
    ),
    Row(
        "dfm-tm-ref",
        tables=(2,),
        network={"fusion": "finest"},
        taught_by="dfm-tm-ref",
        paper=PaperScores(33.92, 0.576, 0.978, 2.197),
    ),
    Row(
        "recon-only",
        tables=(3,),
        student={"alignment": 0.0, "motion": 0.0, "distillation": 0.0},
        paper=PaperScores(32.08, 0.565, 0.963, 2.735),
    ),
    Row(
        "no-distillation",
        tables=(3,),
        student={"distillation": 0.0},
        paper=PaperScores(33.14, 0.570, 0.973, 2.298),
    ),
    Row("student", tables=(2, 3), taught_by="student", paper=_WHOLE),
    Row("teacher", kind="teacher", taught_by="student"),
)
"""All rows, each table in the paper's order.

Our reading: the teacher of a row lacks the modules that its student lacks. "recon-only" leaves out both the
alignment and the error of the known motion, since both guide the fields. "linear-scaling" is the whole network with
linear motion. "blend", "linear-scaling" and "teacher" are ours, for comparison.
"""

WITHOUT_NEIGHBOURS = Row("no-context", network={"context": False}, taught_by="student")
"""The whole network, trained and scored on two frames alone. It is ours: for configurations with context."""

COMPARISON = ("blend", "linear-scaling", "no-distillation", "student", "teacher")
"""Rows that go with every table: in this order they should get better."""


def rows_of_tables(tables: Sequence[int]) -> tuple[Row, ...]:
    """Return the rows of tables of the paper, 2 or 3, and those for comparison.

    Raises:
        InvalidInputError: there is no ablation in such a table.
    """
    if not tables or not set(tables) <= {2, 3}:
        raise InvalidInputError(f"The paper's ablations are its tables 2 and 3, got {list(tables)}.")
    return tuple(row for row in ROWS if row.name in COMPARISON or set(row.tables) & set(tables))


def rows_named(names: Sequence[str]) -> tuple[Row, ...]:
    """Return rows by their names: of `ROWS`, and `WITHOUT_NEIGHBOURS`.

    Raises:
        InvalidInputError: there is no such row.
    """
    rows = (*ROWS, WITHOUT_NEIGHBOURS)
    unknown = sorted(set(names) - {row.name for row in rows})
    if unknown or not names:
        raise InvalidInputError(
            f"There is no row '{', '.join(unknown)}' to ablate; choose from {', '.join(row.name for row in rows)}."
        )
    return tuple(row for row in rows if row.name in names)
