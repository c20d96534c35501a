"""Writes the report of a check, an HTML or a PDF file."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import Evaluation
from temporal_interp.figures.report_content import report_content
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.format_registry import one_of

REPORT_ENDINGS = (".html", ".pdf")


def save_check_report(sequence: Sequence, evaluation: Evaluation, path: Path, *, device: str = "") -> None:
    """Write a report of which data, engines and versions, scores over time, worst frames with errors, and limits.

    An HTML file holds all of its pictures and needs neither a network nor scripts.

    Args:
        sequence: the acquired frames that were evaluated.
        evaluation: its result; the worst of the frames that it kept are shown, see `keep_worst` of `evaluate`.
        path: .html or .pdf; a file that is there is replaced.
        device: where it ran, such as "cpu".

    Raises:
        InvalidInputError: the ending is another, or the evaluation has no scores.
    """
    ending = path.suffix.lower()
    if ending not in REPORT_ENDINGS:
        raise InvalidInputError(f"the name of a report must end in {one_of(REPORT_ENDINGS)}.")
    report = report_content(sequence, evaluation, device=device)
    with atomic_file(path, overwrite=True) as unfinished:
        if ending == ".pdf":
            from temporal_interp.figures.report_pdf import write_report_pdf

            write_report_pdf(report, evaluation, unfinished)
        else:
            from temporal_interp.figures.report_html import report_html

            unfinished.write_text(report_html(report, evaluation), encoding="utf-8")
