"""The process of one engine on one set: `python -m comparison.one_engine ENGINE SET_FOLDER RESULT --weights FOLDER`.

It writes its results at once, one JSON object per line, so that results before a crash are not lost:
{"event": "ready"} when everything is imported, {"event": "rows"} or {"event": "failed"} for every case, with the
scores or the reason, and {"event": "end"}.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from comparison.case_file import read_case
from comparison.cases import BenchmarkCase
from comparison.engines import PreparedGap, create, prepare_gap
from comparison.memory import peak_gb
from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import TemporalInterpError
from temporal_interp.evaluation.evaluate import Scoring
from temporal_interp.evaluation.hold_out import HeldOutGap, HoldOut

SHOWN_FILE = "shown.json"
"""In the folder of a set: number of the case and of the frame that the picture shows."""

PICTURE_SUFFIX = ".npy"
"""The predicted frame of the picture is next to the result, under its name with this ending."""

TIMED = (0.15, 0.35, 0.55)
"""Times whose frames are timed, after one more to warm up."""

EIGHT = tuple(n / 9 for n in range(1, 9))

PREPARED_ANEW = ("student", "velocity_field")
"""Engines for which the report gives the time that preparing a pair once saves."""

WARM_UP_BELOW = 10.0
"""Seconds: the first run of work that takes less is repeated, and the second run counts. The first run also starts
threads and fills caches, which is negligible in longer work."""


def main() -> None:
    """Run one engine on the cases of a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    given = parser.parse_args()
    run(given.engine, lambda: create(given.engine, given.weights), given.folder, given.result)


def run(name: str, make: Callable[[], Engine], folder: Path, result: Path) -> None:
    """Run an engine on the cases of a folder and write the results.

    Args:
        name: of the engine.
        make: creates it, and imports all it needs.
        folder: of the cases, as `run_set` writes it.
        result: file to write to.
    """
    with result.open("w", encoding="utf-8") as file:

        def tell(event: str, **values: Any) -> None:
            file.write(json.dumps({"event": event, **values}) + "\n")
            file.flush()

        start = time.perf_counter()
        engine = make()
        tell(
            "ready",
            settings=engine.settings,
            model=engine.model,
            import_seconds=time.perf_counter() - start,
            peak_gb=peak_gb(),
        )
        shown_case, shown_frame = json.loads((folder / SHOWN_FILE).read_text())
        trial = _Trial(name, engine)
        for number, path in enumerate(sorted(folder.glob("*.npz"))):
            case = read_case(path)
            try:
                rows, frame = trial.run(case, keep=shown_frame if number == shown_case else None)
            except Exception as error:  # any failure of a peer is a row of the table
                tell("failed", case=case.name, reason=in_a_line(error))
                continue
            tell("rows", case=case.name, rows=rows, extra=trial.extra)
            if frame is not None:
                np.save(result.with_suffix(PICTURE_SUFFIX), frame)
        tell("end", peak_gb=peak_gb())


def in_a_line(error: BaseException) -> str:
    """Return the error in one line."""
    words = " ".join(str(error).split())
    return words if isinstance(error, TemporalInterpError) else f"{type(error).__name__}: {words}"


@dataclass
class _Trial:
    """An engine under test.

    Attributes:
        name: of the engine.
        engine: to try.
        extra: measured once per process: `pair_peak_gb`, memory with a pair prepared and frames made, before
            anything was scored, and seconds of eight frames, see `_eight_frames`. Empty until the first pair.
    """

    name: str
    engine: Engine
    extra: Mapping[str, float | None] | None = None

    def run(self, case: BenchmarkCase, *, keep: int | None) -> tuple[list[dict[str, Any]], np.ndarray | None]:
        """Return the rows of a case, and the prediction of the frame to keep."""
        scoring = Scoring.of(case.sequence, truth=case.truth, patient=case.name)
        rows, kept = [], None
        for gap in case.hold_out.gaps:
            prepared, seconds = self._timed_pair(scoring, case.hold_out, gap)
            for number in gap.held_out:
                start = time.perf_counter()
                frame = prepared.at(gap.t_of(scoring.scaled, number), fields=True)
                with_fields = {"frame_with_fields_seconds": time.perf_counter() - start}
                rows.append(asdict(scoring.row(self.name, gap, number, frame, seconds | with_fields)))
                if number == keep:
                    kept = frame.volume.array
        return rows, kept

    def _timed_pair(self, scoring: Scoring, hold_out: HoldOut, gap: HeldOutGap) -> tuple[PreparedGap, dict[str, float]]:
        measured = timed_warm if self.extra is None else timed
        prepare_seconds, prepared = measured(lambda: prepare_gap(self.engine, scoring, hold_out, gap))
        prepared.at(0.5)
        frame_seconds = statistics.median(timed(partial(prepared.at, t))[0] for t in TIMED)
        if self.extra is None:
            eight = self._eight_frames(scoring, hold_out, gap, prepared)
            self.extra = {"pair_peak_gb": peak_gb(), **eight}
        return prepared, {"prepare_seconds": prepare_seconds, "frame_seconds": frame_seconds}

    def _eight_frames(
        self, scoring: Scoring, hold_out: HoldOut, gap: HeldOutGap, prepared: PreparedGap
    ) -> dict[str, float]:
        """Return the seconds of eight frames of a prepared pair, computed together and one by one; for the student and
        the default also with the pair prepared again for each."""
        seconds = {
            "eight_together_seconds": timed_warm(lambda: prepared.at_many(EIGHT))[0],
            "eight_one_by_one_seconds": timed(lambda: [prepared.at(t) for t in EIGHT])[0],
        }
        if self.name in PREPARED_ANEW:
            anew = timed(lambda: [prepare_gap(self.engine, scoring, hold_out, gap).at(t) for t in EIGHT])[0]
            seconds["eight_prepared_anew_seconds"] = anew
        return seconds


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds some work takes, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def timed_warm(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the result of `timed`, from a second run if the first was quick: see `WARM_UP_BELOW`."""
    seconds, result = timed(work)
    return timed(work) if seconds < WARM_UP_BELOW else (seconds, result)


if __name__ == "__main__":
    main()
