"""Tables in Markdown, for every report of the benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a table whose first columns are words and whose others are numbers."""
    line = "|".join(["---"] * words + ["---:"] * (len(headings) - words))
    return "\n".join(
        ["| " + " | ".join(headings) + " |", f"|{line}|", *("| " + " | ".join(row) + " |" for row in rows)]
    )
