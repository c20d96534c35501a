"""The report: Markdown for people, CSV for programs, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from comparison.measures import means_of
from comparison.pictures import save_picture
from comparison.plots import save_curves
from comparison.run import SetResult
from comparison.tables import (
    eight_frames_table,
    gains_table,
    no_motion_sentence,
    overview_table,
    ratio_table,
    score_table,
    who_is_ahead,
)
from temporal_interp.evaluation.report import Column, as_markdown, write_csv

HOW_TO_READ = """\
The frames between two kept frames are hidden, synthesised from the kept ones alone, and compared with the hidden ones.
Intensities are scaled once for the whole sequence. "moving dB" is the PSNR in the moving region, the 3 % of voxels that
vary most. "detail" is the fine detail there over that of the hidden frames; 1 is right. EPE is the mean end-point error
of the fields from both ends, where the true motion is known. "folds" is the share of voxels where a field folds space.
"s per pair" prepares a pair (for a registration: both directions), "s per frame" makes one more frame of it without
fields, and "s pair + 8" makes a pair and eight frames in the fastest way that the engine offers. "peak GB" is the
largest memory of the process with a pair and its frames, including imports. The best value of a column is bold;
baselines estimate no motion, so they do not compete in time and memory. Peers are used as people use them: the field is
scaled by t from both ends, then the two are blended. Those whose name ends in "_timed" also register the gaps on both
sides, and have the timing of our velocity field. Errors in pictures are shares of the intensity range.
"""

OURS_IS = """\
"ours" is the engine that the program's documentation recommends for such a pair: the one that `auto` takes, and
`velocity_field:eased`, which starts and ends slowly, between two phases at which the motion turns. The tables below
have both, and `velocity_field:pair`, which sees two frames alone and moves evenly. Where the recommended engine did not
run, the first of ours takes its place."""

GAINS_ARE = """\
`auto` takes the engine with the largest declared gain: the mean lead over the linear blend in dB in the moving region
of the real sets, by kind of data. A declaration holds if it says what all of the sets give, to 0.05 dB:"""


@dataclass(frozen=True)
class Circumstances:
    """The circumstances of a run.

    Attributes:
        command: the command line.
        machine: from `machine.describe`.
        missing_engines: why engines did not run, by name.
        missing_sets: why sets were left out, by name.
    """

    command: str
    machine: Mapping[str, str]
    missing_engines: Mapping[str, str]
    missing_sets: Mapping[str, str]


def write_report(results: Sequence[SetResult], circumstances: Circumstances, folder: Path) -> None:
    """Write report.md, rows.csv, summary.csv, and curves and a picture of every set, into an existing folder."""
    write_csv([line for result in results for line in _row_lines(result)], folder / "rows.csv")
    write_csv([line for result in results for line in _summary_lines(result)], folder / "summary.csv")
    sections = [_section(result, folder) for result in results]
    text = "\n\n".join([_head(results, circumstances), *sections, _engines(results)])
    (folder / "report.md").write_text(text + "\n", encoding="utf-8")


def _row_lines(result: SetResult) -> list[dict[str, Any]]:
    lines = []
    for engine in result.engines:
        for row in engine.rows:
            line = {"set": result.name, **asdict(row)}
            lines.append(line | line.pop("measures"))
        lines += [
            {"set": result.name, "patient": case, "engine": engine.engine, "failed": reason}
            for case, reason in engine.failures.items()
        ]
    return lines


def _summary_lines(result: SetResult) -> list[dict[str, Any]]:
    return [
        {
            "set": result.name,
            "engine": engine.engine,
            "recommended": engine.engine == result.recommended,
            "failed": "; ".join(f"{case}: {reason}" for case, reason in engine.failures.items()),
            **means_of(engine),
            "model": engine.model,
            "settings": engine.settings,
        }
        for engine in result.engines
    ]


def _head(results: Sequence[SetResult], circumstances: Circumstances) -> str:
    machine = "; ".join(f"{name} {value}" for name, value in circumstances.machine.items())
    parts = [
        "# Benchmark",
        f"{date.today().isoformat()}, `{circumstances.command}`",
        machine + ".",
        HOW_TO_READ.strip(),
    ]
    for what, missing in (
        ("Engines that did not run", circumstances.missing_engines),
        ("Sets that were left out", circumstances.missing_sets),
    ):
        if missing:
            parts.append(f"{what}: " + "; ".join(f"{name} ({why.rstrip('.')})" for name, why in missing.items()) + ".")
    parts += ["## Overview", OURS_IS, overview_table(results)]
    gains = gains_table(results)
    if gains:
        parts += [GAINS_ARE, gains]
    eight = eight_frames_table(results)
    if eight:
        parts += ["Eight frames of a pair, all with the pair's preparation:", eight]
    return "\n\n".join(parts)


def _section(result: SetResult, folder: Path) -> str:
    parts = [f"## {result.name}", _what_it_is(result), score_table(result)]
    sentences = [*who_is_ahead(result), no_motion_sentence(result)]
    parts.append("\n".join(f"- {sentence}" for sentence in sentences if sentence))
    parts.append(ratio_table(result))
    curves, picture = f"{result.name}_curves.png", f"{result.name}_frames.png"
    if save_curves(result, folder / curves):
        parts.append(f"![{result.name}: scores over t]({curves})")
    if save_picture(result, folder / picture):
        parts.append(f"![{result.name}: a held-out frame, as every engine made it]({picture})")
    return "\n\n".join(part for part in parts if part)


def _what_it_is(result: SetResult) -> str:
    case = result.cases[0]
    shape, spacing = (
        " x ".join(f"{n:.4g}" for n in numbers) for numbers in (case.geometry.shape, case.geometry.spacing_kji)
    )
    gaps = sum(len(c.hold_out.gaps) for c in result.cases)
    frames = sum(len(gap.held_out) for c in result.cases for gap in c.hold_out.gaps)
    sequences = f"{len(result.cases)} sequences" if len(result.cases) > 1 else "one sequence"
    return (
        f"{result.case_set.title[0].upper()}{result.case_set.title[1:]}: {sequences} of {shape} voxels (K, J, I) of "
        f"{spacing} mm, {gaps} pair{'s' * (gaps > 1)}, {frames} held-out frames."
    )


def _engines(results: Sequence[SetResult]) -> str:
    """Return the settings of every engine, as they were on the first set that it ran on."""
    told: dict[str, dict[str, str]] = {}
    for engine in (engine for result in results for engine in result.engines):
        if engine.settings or engine.model:
            row = {"engine": engine.engine, "model": engine.model or "-", "settings": engine.settings or "default"}
            told.setdefault(engine.engine, row)
    if not told:
        return ""
    columns = [Column(name, name) for name in ("engine", "model", "settings")]
    return "## Settings\n\n" + as_markdown(list(told.values()), columns, words=3)
