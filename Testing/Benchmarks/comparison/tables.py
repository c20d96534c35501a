"""Markdown tables and sentences made from the numbers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from comparison.engines import BASELINES, OURS
from comparison.measures import MEASURE, MEASURES, Means, Measure, best_of, means_of_all, three_digits
from comparison.run import SetResult
from temporal_interp.engines.choice import kind_of
from temporal_interp.engines.registry import Kind, engine_specs
from temporal_interp.evaluation.report import Column, Row, as_markdown

RATIOS = ("prepare_seconds", "frame_seconds", "eight_seconds", "pair_peak_gb")
ELASTIX = ("elastix_slicer", "elastix")
STANDING = {"psnr_moving": "PSNR (moving region), dB", "epe_mm": "End-point error, mm"}
"""Names of the measures that decide which engine is ahead."""


def score_table(result: SetResult) -> str:
    """Return the table of a set: a line for every engine, the best of every column in bold."""
    means = means_of_all(result)
    shown = [measure for measure in MEASURES if any(measure.name in own for own in means.values())]
    best = {measure.name: _best_text(measure, means) for measure in shown}
    rows: list[Row] = []
    for engine in result.engines:
        label = f"{engine.engine} (recommended)" if engine.engine == result.recommended else engine.engine
        row: dict[str, Any] = {"engine": engine.engine, "label": label, **means.get(engine.engine, {})}
        if engine.failures:
            case, reason = next(iter(engine.failures.items()))
            where = f" on {len(engine.failures)} of {len(result.cases)}, first {case}" if len(result.cases) > 1 else ""
            row["failed"] = f"failed{where}: {reason}"
        rows.append(row)

    def is_best(row: Row, column: Column) -> bool:
        if not isinstance(column, Measure) or column.name not in row:
            return False
        return column.competes(row["engine"]) and column.cell(row) == best[column.name]

    return as_markdown(rows, [Column("label", "engine"), *shown], bold=is_best, instead="failed")


def _best_text(measure: Measure, means: Means) -> str | None:
    """Return the text of the best value, so that equal texts are bold together, unless all are equal."""
    best = best_of(measure, means)
    if best is None or len({measure.text(own[measure.name]) for own in means.values() if measure.name in own}) == 1:
        return None
    return measure.text(means[best][measure.name])


def no_motion_sentence(result: SetResult) -> str:
    """Return a sentence on the end-point error without any motion, "" where the motion is not known."""
    for own in means_of_all(result).values():
        if "epe_still_mm" in own:
            return f"Without any motion EPE would be {own['epe_still_mm']:.2f} mm."
    return ""


def our_engine(result: SetResult) -> str | None:
    """Return our engine: the one recommended for such a pair or, where it did not run, the first of ours."""
    means = means_of_all(result)
    return next((name for name in (result.recommended, *OURS) if name in means), None)


def ratio_table(result: SetResult) -> str:
    """Return every other engine against ours: differences in quality, ratios of time and memory; "" without ours."""
    means, ours = means_of_all(result), our_engine(result)
    if ours is None:
        return ""
    rows: list[Row] = []
    for name in (name for name in means if name != ours):
        row: dict[str, Any] = {"engine": name}
        row |= {m: means[name][m] - means[ours][m] for m in STANDING if m in means[name] and m in means[ours]}
        rows.append(row | {m: _ratio(means[name], means[ours], m, name) for m in RATIOS})
    columns = [
        Column("engine", f"against {ours}"),
        *(Column(m, MEASURE[m].heading, "{:+.2f}") for m in STANDING),
        *(Column(m, f"{MEASURE[m].heading}, times") for m in RATIOS),
    ]
    return as_markdown(rows, columns)


def _ratio(other: Mapping[str, float], ours: Mapping[str, float], measure: str, name: str) -> str:
    if measure not in other or not ours.get(measure) or (name in BASELINES and measure != "pair_peak_gb"):
        return "-"
    return f"{other[measure] / ours[measure]:.2g}" if other[measure] < 100 * ours[measure] else "> 100"


def who_is_ahead(result: SetResult) -> list[str]:
    """Return sentences that say where ours is ahead of the others and where it is behind."""
    means, ours = means_of_all(result), our_engine(result)
    others = {name: own for name, own in means.items() if name not in OURS}
    if ours is None or not others:
        return []
    sentences = [_standing(MEASURE[m], means[ours], others, ours) for m in STANDING]
    slower: list[str] = []
    faster: list[str] = []
    for name, own in others.items():
        if name not in BASELINES:
            ratio = own["eight_seconds"] / means[ours]["eight_seconds"]
            (faster if ratio < 1 else slower).append(f"{name} ({ratio:.2g} times)")
    if slower or faster:
        sentences.append(
            f"A pair and eight frames take {ours} {MEASURE['eight_seconds'].text(means[ours]['eight_seconds'])} s; "
            f"slower: {', '.join(slower) or 'none'}; faster: {', '.join(faster) or 'none'}."
        )
    return [sentence for sentence in [*sentences, *_one_registration(means)] if sentence]


def _standing(measure: Measure, own: Mapping[str, float], others: Means, ours: str) -> str:
    best = best_of(measure, others)
    if best is None or measure.name not in own:
        return ""
    mine, theirs = own[measure.name], others[best][measure.name]
    lead = mine - theirs if measure.best is max else theirs - mine
    words = "level with" if abs(lead) < 0.005 else "ahead of" if lead > 0 else "behind"
    values = f"{measure.text(mine)} against {measure.text(theirs)}"
    return f"{STANDING[measure.name]}: {ours} is {words} the best other, {best} ({values})."


def _one_registration(means: Means) -> list[str]:
    """Return how the student's pair and eight frames compare with one registration of elastix, which has two a pair."""
    elastix = next((name for name in ELASTIX if name in means), None)
    if elastix is None or "student" not in means:
        return []
    student, one = means["student"]["eight_seconds"], means[elastix]["prepare_seconds"] / 2
    words = "less" if student < one else "more"
    return [f"The student's pair and eight frames take {words} than one registration of {elastix} ({one:.1f} s)."]


def overview_table(results: Sequence[SetResult]) -> str:
    """Return a line for every set: ours and the best of the others."""
    shown = (*STANDING, "eight_seconds")
    rows: list[Row] = []
    for result in results:
        means, ours = means_of_all(result), our_engine(result)
        others = {name: own for name, own in means.items() if name not in OURS}
        row: dict[str, Any] = {"set": result.name, "ours": ours}
        for measure in (MEASURE[name] for name in shown):
            best = best_of(measure, others)
            row[measure.name] = measure.cell(means[ours] if ours else {})
            row[f"other {measure.name}"] = f"{measure.text(others[best][measure.name])} ({best})" if best else "-"
        rows.append(row)
    other = ("best other", "best other", "quickest other")
    pairs = [
        (Column(name, MEASURE[name].heading), Column(f"other {name}", heading))
        for name, heading in zip(shown, other, strict=True)
    ]
    columns = [Column("set", "set"), Column("ours", "ours"), *itertools.chain.from_iterable(pairs)]
    return as_markdown(rows, columns, words=2)


def gains_table(results: Sequence[SetResult]) -> str:
    """Return the gains that the engines of the program declare, by kind of data, beside those measured; "" without any.

    A gain is the mean over the sets that score engines, of what an engine has more than the linear blend.
    """
    gains: dict[tuple[Kind, str], list[float]] = {}
    for result in results:
        means, sequence = means_of_all(result), result.cases[0].sequence
        if not result.case_set.scores or BLEND not in means:
            continue
        kind = kind_of(sequence.geometry, sequence.slice_thickness)
        for name in (name for name in engine_specs() if name in means):
            gain = means[name]["psnr_moving"] - means[BLEND]["psnr_moving"]
            gains.setdefault((kind, name), []).append(gain)
    rows: list[Row] = []
    for (kind, name), values in sorted(gains.items()):
        measured, declared = sum(values) / len(values), engine_specs()[name].scores.get(kind)
        row: dict[str, Any] = {"kind": str(kind), "engine": name, "sets": len(values), "measured": measured}
        if declared is not None:
            row |= {"declared": declared, "holds": "yes" if abs(measured - declared) <= HOLDS_DB else "no"}
        rows.append(row)
    return as_markdown(rows, GAINS, words=2) if rows else ""


BLEND = "linear_blend"

HOLDS_DB = 0.05
"""A declared gain holds if it is as near as this to the measured one: half of what is level."""

GAINS = (
    Column("kind", "kind of data"),
    Column("engine", "engine"),
    Column("sets", "sets", "{}"),
    Column("measured", "measured dB", "{:+.2f}"),
    Column("declared", "declared dB", "{:+.2f}"),
    Column("holds", "holds"),
)

EIGHT_FRAMES = (
    Column("set", "set"),
    Column("engine", "engine"),
    Column("anew", "eight single calls s", three_digits),
    Column("one_by_one", "one pair, one by one s", three_digits),
    Column("together", "one pair, together s", three_digits),
    Column("share_one_by_one", "one by one", "{:.0f} %"),
    Column("share_together", "together", "{:.0f} %"),
)


def eight_frames_table(results: Sequence[SetResult]) -> str:
    """Return the table of the time that preparing a pair once for eight frames saves, "" without measurements."""
    rows: list[Row] = []
    for result in results:
        for engine, own in means_of_all(result).items():
            if "eight_prepared_anew_seconds" not in own:
                continue
            anew = own["eight_prepared_anew_seconds"]
            seconds = {way: own["prepare_seconds"] + own[f"eight_{way}_seconds"] for way in ("one_by_one", "together")}
            shares = {f"share_{way}": 100 * value / anew for way, value in seconds.items()}
            rows.append({"set": result.name, "engine": engine, "anew": anew, **seconds, **shares})
    return as_markdown(rows, EIGHT_FRAMES, words=2) if rows else ""
