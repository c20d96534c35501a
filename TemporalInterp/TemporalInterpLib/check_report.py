"""The report of a check in the scene, written from its nodes: nothing is computed again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import slicer

from temporal_interp.data.provenance import FIRST_KEY, LAST_KEY, PREFIX
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import Progress
from TemporalInterpLib.background import Steps, in_background
from TemporalInterpLib.check_results import BLEND_ENGINE, PatientCheck, check_nodes
from TemporalInterpLib.sequence_conversion import sequence_from_node

if TYPE_CHECKING:  # the evaluation needs packages that a bare Slicer lacks
    from temporal_interp.evaluation.evaluate import Evaluation


def report_steps(check: PatientCheck, sequence_node: slicer.vtkMRMLSequenceNode, path: Path) -> Steps[Path]:
    """Return the steps that write the report of a check, and return its path.

    Args:
        check: its worst frames are shown while its predicted frames are in the scene.
        sequence_node: the sequence that was checked.
        path: .html or .pdf; a file that is there is replaced.

    Raises:
        InvalidInputError: the sequence is not valid any more.
    """
    acquired = sequence_from_node(sequence_node).acquired()
    predicted = _predicted(check)
    name = sequence_node.GetName()

    def write(progress: Progress) -> Path:
        from temporal_interp.figures.check_report import save_check_report
        from temporal_interp.io.atomic import write_errors_naming

        progress(0.1, "writing the report")
        with write_errors_naming(path):
            save_check_report(acquired, _evaluation(check, acquired, predicted, name), path)
        return path

    return in_background(write)


def _predicted(check: PatientCheck) -> Sequence | None:
    """Return the predicted frames of a check, None where they were deleted."""
    for node in check_nodes(check.errors):
        if node.IsA("vtkMRMLSequenceNode") and node is not check.errors and node.GetNumberOfDataNodes():
            return sequence_from_node(node)
    return None


def _evaluation(check: PatientCheck, acquired: Sequence, predicted: Sequence | None, name: str) -> Evaluation:
    """Return the check as the core's evaluation has it."""
    from temporal_interp.data.frame import Frame
    from temporal_interp.evaluation.evaluate import Evaluation, Row
    from temporal_interp.evaluation.presets import NATIVE

    marks = {} if predicted is None else dict(zip(predicted.times, predicted.item_attributes, strict=True))
    volumes = {} if predicted is None else dict(zip(predicted.times, predicted.volumes, strict=True))
    rows, kept, engines = [], {}, {check.engine: "", BLEND_ENGINE: ""}
    for score in check.scores:
        number = _nearest(acquired, score.index_value)
        about = marks.get(score.index_value, {})
        start = float(about.get(FIRST_KEY, acquired.times[0]))
        stop = float(about.get(LAST_KEY, acquired.times[-1]))
        place = (_nearest(acquired, start), _nearest(acquired, stop), number)
        t = (score.index_value - start) / (stop - start)
        scored = {check.engine: score.engine, BLEND_ENGINE: score.blend}
        rows += [
            Row(name, NATIVE.name, engine, *place, t, score.index_value, measures)
            for engine, measures in scored.items()
        ]
        if score.index_value in volumes:
            kept[NATIVE.name, check.engine, number] = Frame(volumes[score.index_value], score.index_value, t)
            details = [about.get(PREFIX + key, "") for key in ("EngineSettings", "Model")]
            engines[check.engine] = ", ".join(part for part in details if part)
    first, last = rows[0].first, rows[0].last
    protocol = f"frames {first} and {last} kept, those between held out"
    return Evaluation(name, protocol, acquired.index_name, acquired.unit, rows, kept, engines)


def _nearest(sequence: Sequence, time: float) -> int:
    """Return the number of the frame whose time is nearest: attributes hold times as text."""
    return min(range(len(sequence)), key=lambda number: abs(sequence.times[number] - time))
