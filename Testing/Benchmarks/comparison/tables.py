"""Markdown tables and sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from comparison.engines import BASELINES, OURS
from comparison.markdown import markdown_table
from comparison.measures import MEASURE, MEASURES, Measure, best_of, means_of_all
from comparison.run import SetResult

RATIOS = ("prepare_seconds", "frame_seconds", "eight_seconds", "pair_peak_gb")
ELASTIX = ("elastix_slicer", "elastix")
STANDING = {"psnr_moving": "PSNR of the region that moves, dB", "epe_mm": "End-point error, mm"}
"""What it takes to be ahead, in words."""

Means = Mapping[str, Mapping[str, float]]


def score_table(result: SetResult) -> str:
    """Return the table of a set: a line for every engine, the best of every column in bold."""
    means = means_of_all(result)
    shown = [measure for measure in MEASURES if any(measure.name in own for own in means.values())]
    best = {measure.name: _best_text(measure, means) for measure in shown}
    rows = []
    for engine in result.engines:
        if engine.failures:
            case, reason = next(iter(engine.failures.items()))
            where = f" on {len(engine.failures)} of {len(result.cases)}, first {case}" if len(result.cases) > 1 else ""
            rows.append(
                [_label(engine.engine, result), _one_cell(f"failed{where}: {reason}"), *[""] * (len(shown) - 1)]
            )
            continue
        own = means[engine.engine]
        cells = [_cell(measure, own, engine.engine, best[measure.name]) for measure in shown]
        rows.append([_label(engine.engine, result), *cells])
    return markdown_table(["engine", *(measure.heading for measure in shown)], rows)


def _label(name: str, result: SetResult) -> str:
    return f"{name} (recommended)" if name == result.recommended else name


def _one_cell(text: str) -> str:
    return text.replace("|", "\\|")


def _best_text(measure: Measure, means: Means) -> str | None:
    """Return what the best value looks like, so that values that look the same are in bold together, but not all."""
    best = best_of(measure, means)
    if best is None or len({measure.text(own[measure.name]) for own in means.values() if measure.name in own}) == 1:
        return None
    return measure.text(means[best][measure.name])


def _cell(measure: Measure, own: Mapping[str, float], name: str, best: str | None) -> str:
    if measure.name not in own:
        return "-"
    text = measure.text(own[measure.name])
    return f"**{text}**" if text == best and not (measure.cost and name in BASELINES) else text


def still_sentence(result: SetResult) -> str:
    """Return what the end-point error would be without any motion, "" where the motion is not known."""
    for own in means_of_all(result).values():
        if "epe_still_mm" in own:
            return f"Without any motion EPE would be {own['epe_still_mm']:.2f} mm."
    return ""


def our_engine(result: SetResult) -> str | None:
    """Return what stands for us: the engine recommended for such a pair or, where it did not run, the first of ours."""
    means = means_of_all(result)
    return next((name for name in (result.recommended, *OURS) if name in means), None)


def ratio_table(result: SetResult) -> str:
    """Return every other engine against ours: differences in quality, ratios of time and memory; "" without ours."""
    means, ours = means_of_all(result), our_engine(result)
    if ours is None:
        return ""
    rows = []
    for name in (name for name in means if name != ours):
        differences = [
            f"{means[name][m] - means[ours][m]:+.2f}" if m in means[name] and m in means[ours] else "-"
            for m in STANDING
        ]
        rows.append([name, *differences, *(_ratio(means[name], means[ours], m, name) for m in RATIOS)])
    headings = ["moving dB", "EPE mm", *(f"{MEASURE[name].heading}, times" for name in RATIOS)]
    return markdown_table([f"against {ours}", *headings], rows)


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
    slower, faster = [], []
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
    lead = mine - theirs if measure.higher_is_better else theirs - mine
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
    """Return a line for every set: ours beside the best of the others."""
    rows = []
    for result in results:
        means, ours = means_of_all(result), our_engine(result)
        others = {name: own for name, own in means.items() if name not in OURS}
        row = [result.name, ours or "-"]
        for name in (*STANDING, "eight_seconds"):
            measure = MEASURE[name]
            best = best_of(measure, others)
            row.append(measure.text(means[ours][name]) if ours and name in means[ours] else "-")
            row.append(f"{measure.text(others[best][name])} ({best})" if best else "-")
        rows.append(row)
    headings = ["set", "ours", "moving dB", "best other", "EPE mm", "best other", "s pair + 8", "quickest other"]
    return markdown_table(headings, rows, words=2)


def eight_frames_table(results: Sequence[SetResult]) -> str:
    """Return what preparing a pair once for eight frames saves, "" where nothing that was measured ran."""
    rows = []
    measured = [
        (result.name, engine, own)
        for result in results
        for engine, own in means_of_all(result).items()
        if "eight_prepared_anew_seconds" in own
    ]
    for name, engine, own in measured:
        anew, prepare = own["eight_prepared_anew_seconds"], own["prepare_seconds"]
        one_by_one, together = (prepare + own[f"eight_{how}_seconds"] for how in ("one_by_one", "together"))
        shares = [f"{100 * part / anew:.0f} %" for part in (one_by_one, together)]
        seconds = (MEASURE["eight_seconds"].text(s) for s in (anew, one_by_one, together))
        rows.append([name, engine, *seconds, *shares])
    headings = [
        "set",
        "engine",
        "eight single calls s",
        "one pair, one by one s",
        "one pair, together s",
        "one by one",
        "together",
    ]
    return markdown_table(headings, rows, words=2) if rows else ""
