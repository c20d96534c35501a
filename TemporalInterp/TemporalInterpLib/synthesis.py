"""Runs the synthesis: by an engine in a thread of this process, or by the command line in a child process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from temporal_interp.data.frame import Frame
from temporal_interp.data.provenance import T_KEY, is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.protocol import Engine
from temporal_interp.errors import Progress
from temporal_interp.workflows.interpolation import OnFrame, run
from temporal_interp.workflows.request import Request, kept_volumes
from TemporalInterpLib.background import Steps, in_background, share_of, with_reports
from TemporalInterpLib.child_process import command_line, read_from_child, write_for_child
from TemporalInterpLib.sequence_conversion import format_index_value


@dataclass(eq=False)
class Extras:
    """What is told beside the frames.

    Attributes:
        wants_errors: whether the error to expect is wanted.
        errors: float32 images of it, at the times of the result; None where it was not wanted.
        error_words: its mean, in words.
        choice_words: which engine a measurement chose, and why; "" where nothing was measured.
    """

    wants_errors: bool = False
    errors: Sequence | None = None
    error_words: str = ""
    choice_words: str = ""


class Synthesiser(Protocol):
    """Fills a sequence according to a request."""

    @property
    def name(self) -> str:
        """Name of the engine."""
        ...

    def fill(
        self, acquired: Sequence, request: Request, on_frame: OnFrame | None, extras: Extras | None = None
    ) -> Steps[Sequence]:
        """Return the steps to a sequence of the acquired volumes themselves and synthetic ones.

        Args:
            acquired: the frames to start from, `request.source`.
            request: what to synthesise.
            on_frame: called between steps, see `workflows.interpolation.OnFrame`; if given, there are displacement
                fields.
            extras: what else is wanted, and takes it.
        """
        ...


@dataclass(frozen=True, eq=False)
class InThisProcess:
    """Synthesises with an engine, in a thread: for engines that take seconds.

    Attributes:
        name: of the engine.
        create: creates it; called in the thread, since PyTorch and a model take seconds to load.
    """

    name: str
    create: Callable[[], Engine]

    def fill(
        self, acquired: Sequence, request: Request, on_frame: OnFrame | None, extras: Extras | None = None
    ) -> Steps[Sequence]:
        """See `Synthesiser.fill`."""
        extras = extras or Extras()
        frames: SimpleQueue[Frame] = SimpleQueue()

        def work(progress: Progress) -> Sequence:
            keep = None if on_frame is None else frames.put
            if not extras.wants_errors:
                return run(request, acquired, self.create(), on_frame=keep, progress=progress)
            from temporal_interp.workflows.uncertainty import run_with_errors  # imports SciPy

            result, errors = run_with_errors(request, acquired, self.create(), on_frame=keep, progress=progress)
            extras.errors, extras.error_words = errors.sequence, errors.in_words
            return result

        def hand_over(fraction: float, message: str) -> tuple[float, str]:
            if not frames.empty():  # one a step: keeping the fields of a frame takes its time
                on_frame(frames.get())
            return fraction, message

        result = yield from with_reports(in_background(work), hand_over)
        while not frames.empty():
            yield hand_over(1.0, "keeping the fields")
        return result


@dataclass(frozen=True)
class InChildProcess:
    """Synthesises with the command line, in a child process: for engines that fit every gap.

    Attributes:
        name: of the engine, as `create_engine` takes it.
        device: as `choose_device` takes it.
    """

    name: str
    device: str = "auto"

    def fill(
        self, acquired: Sequence, request: Request, on_frame: OnFrame | None, extras: Extras | None = None
    ) -> Steps[Sequence]:
        """See `Synthesiser.fill`."""
        extras = extras or Extras()
        with tempfile.TemporaryDirectory(prefix="TemporalInterp-") as folder:
            source, target, fields = (Path(folder) / name for name in ("acquired.seq.nrrd", "full.seq.nrrd", "fields"))
            errors = Path(folder) / "errors.seq.nrrd"
            yield from share_of(write_for_child(acquired, source), 0.0, 0.02)
            arguments = ["interpolate", str(source), "-o", str(target), *request.arguments(acquired)]
            arguments += ["--engine", self.name, "--device", self.device]
            if on_frame is not None:
                arguments += ["--fields", str(fields)]
            if extras.wants_errors:
                arguments += ["--uncertainty", str(errors)]
            told = yield from share_of(command_line(arguments), 0.02, 0.96)
            extras.choice_words = str(told.get("choice", ""))
            if extras.wants_errors:
                extras.error_words = str(told.get("expected_error_in_words", ""))
                extras.errors = yield from share_of(read_from_child(errors), 0.96, 0.96)
            result = yield from share_of(read_from_child(target), 0.96, 0.98)
            result = _with_the_acquired(result, acquired, request)
            if on_frame is not None:
                frames = yield from share_of(in_background(lambda progress: list(_frames(result, fields))), 0.98, 0.99)
                for frame in frames:
                    on_frame(frame)
                    yield 0.99, "keeping the fields"
            return result


def _with_the_acquired(result: Sequence, acquired: Sequence, request: Request) -> Sequence:
    """Return the result with the acquired volumes themselves in place of their copies, all on the very same grid."""
    originals = iter(kept_volumes(request, acquired))
    volumes = [
        Volume(volume.array, acquired.volumes[0].geometry) if is_synthetic(attributes) else next(originals)
        for volume, attributes in zip(result.volumes, result.item_attributes, strict=True)
    ]
    return replace(result, volumes=volumes)


def _frames(result: Sequence, folder: Path) -> Iterator[Frame]:
    """Yield every frame that has fields in the folder that `interpolate --fields` wrote."""
    from temporal_interp.workflows.field_files import read_fields

    # the text in files has fewer digits than the times here
    numbers = {format_index_value(time): number for number, time in enumerate(result.times)}
    for time, first, last in read_fields(folder):
        number = numbers[format_index_value(time)]
        marked_t = result.item_attributes[number].get(T_KEY)
        t = float(number == len(result) - 1) if marked_t is None else float(marked_t)
        yield Frame(result.volumes[number], result.times[number], t, first, last)
