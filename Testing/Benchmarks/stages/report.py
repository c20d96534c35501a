"""The table of stages, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from comparison.markdown import markdown_table
from stages.measure import Part, Row

EXPLANATION = """\
Every stage is timed alone, without the stages within it; the shortest of several runs counts. The **floor** is what
this machine would need at its best: the larger of operations over what its matrix product reaches in the same
precision, and bytes over what its large copy reaches, both measured in this run with these threads.

- Operations: convolutions and linear layers by `torch.utils.flop_counter`; sampling an image of C channels in D
  dimensions takes C * 2 * 2^D + (D - 1) * 2^D + 3 D a point, resizing 3 a value and axis. Normalisation, activation
  and sums are not counted: bytes hold them.
- Bytes: arrays that go in, weights among them, and arrays that come out, each once. What a stage keeps to itself is
  not counted, as if it were fused. "joined" and "the rest" are what lies between the stages within: concatenating,
  casting, adding.
- Small arrays stay in the caches, which are faster than a large copy: a stage of one slice can be below its floor.
"""

HEADINGS = ("part", "stage", "calls", "ms", "share %", "GFLOP", "GB", "floor ms", "times the floor")


def cells(row: Row, whole: float) -> list[str]:
    """Return one line of the table; `whole` is the seconds of all rows of the part."""
    return [
        row.part,
        row.stage,
        str(row.calls),
        f"{row.seconds * 1e3:.2f}",
        f"{100 * row.seconds / whole:.1f}" if whole else "",
        f"{row.operations / 1e9:.3f}",
        f"{row.bytes / 1e9:.4f}",
        f"{row.floor * 1e3:.3f}",
        times_the_floor(row),
    ]


def times_the_floor(row: Row) -> str:
    """Return how many times its floor a stage takes; nothing where it has no floor."""
    return f"{row.seconds / row.floor:.1f}" if row.floor else ""


def total(rows: Sequence[Row], stage: str) -> Row:
    """Return the sum of some stages as one; its floor is the sum of theirs."""
    return Row(
        rows[0].part,
        stage,
        sum(row.calls for row in rows),
        sum(row.seconds for row in rows),
        sum(row.operations for row in rows),
        sum(row.bytes for row in rows),
        sum(row.floor for row in rows),
    )


def by_kind(rows: Sequence[Row]) -> list[Row]:
    """Return the sums over scales, the longest first; rows of one part."""
    kinds = list(dict.fromkeys(kind_of(row) for row in rows))
    sums = [total([row for row in rows if kind_of(row) == kind], kind) for kind in kinds]
    return sorted(sums, key=lambda row: -row.seconds)


def kind_of(row: Row) -> str:
    """Return the name of a stage without its scale."""
    return row.stage.rpartition(", 1/")[0] or row.stage


def markdown(pairs: Mapping[str, Sequence[Part]], introduction: Sequence[str]) -> str:
    """Return the report: for every pair the stages with all scales together, then scale by scale.

    Args:
        pairs: the parts by the pair's name.
        introduction: lines on the machine, the command and the model.
    """
    lines = ["# The student's stages and the floor of this machine", "", *introduction, "", EXPLANATION]
    for name, parts in pairs.items():
        shown = [part for part in parts if part.rows]
        lines += [
            f"## {name}",
            "",
            markdown_table(HEADINGS, [line for part in shown for line in _together(part)], words=2),
            "",
        ]
        lines += [_undisturbed(parts), "", "<details><summary>Scale by scale</summary>", ""]
        lines += [
            markdown_table(HEADINGS, [line for part in shown for line in _one_by_one(part)], words=2),
            "",
            "</details>",
            "",
        ]
    missing = sorted({address for parts in pairs.values() for part in parts for address in part.missing})
    if missing:
        lines += [f"Not found in the program; their time is in the stage around them: {', '.join(missing)}.", ""]
    return "\n".join(lines)


def comma_separated(pairs: Mapping[str, Sequence[Part]]) -> str:
    """Return every stage of every pair and scale as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["pair", *HEADINGS])
    for name, parts in pairs.items():
        writer.writerows([name, *line] for part in parts if part.rows for line in _one_by_one(part))
    return text.getvalue()


def _one_by_one(part: Part) -> list[list[str]]:
    whole = total(part.rows, "").seconds
    return [cells(row, whole) for row in part.rows]


def _together(part: Part) -> list[list[str]]:
    """Return the lines of a part, all scales together, and their sum."""
    whole = total(part.rows, "**all**")
    return [cells(row, whole.seconds) for row in (*by_kind(part.rows), whole)]


def _undisturbed(parts: Sequence[Part]) -> str:
    prepare, frame, fields = (f"{1e3 * part.seconds:.1f} ms" for part in parts)
    return f"With nothing recorded: prepare {prepare}, frame {frame}, with fields {fields}."
