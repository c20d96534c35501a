"""Commands that are interrupted: what each is given, what it leaves, and a process that starts them quickly."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from stand_ins import growing_disc
from temporal_interp.data.geometry import Geometry
from temporal_interp.io import write_sequence, write_volume
from temporal_interp.models.model_file import save_model
from temporal_interp.networks import NetworkSettings, Student

STATE = (".in-use.lock", ".lock", "events.out.tfevents")
"""How files begin that count for nothing: lock files stay, and hinder nobody; TensorBoard's have the time as a name."""

TRAINING = """
network: {widths: [2, 4], kernels: slices}
data: {dataset: synthetic, subjects: 2, validation_subjects: 1, shape: [1, 16, 16]}
teacher: {epochs: 2, learning_rate: 1.0e-3}
student: {epochs: 2, learning_rate: 1.0e-3}
"""


@dataclass(frozen=True)
class Command:
    """A command to interrupt.

    Attributes:
        line: its arguments; {in} and {out} are the folders of its inputs and outputs.
        before: run once before each, let alone.
        keeps: it says that it keeps what is done, and goes on from there.
        slow: for the campaign alone.
        timed: writes how long it took, so that no two results are the same.
        again: added where it runs after one that was interrupted.
    """

    line: str
    before: tuple[str, ...] = ()
    keeps: bool = False
    slow: bool = False
    timed: bool = False
    again: str = "--force"


COMMANDS = {
    "interpolate": Command(
        "interpolate {in}/cine.seq.nrrd -o {out}/fine.seq.nrrd --factor 2 --fields {out}/fields --engine velocity_field"
    ),
    "blend": Command("interpolate {in}/cine.seq.nrrd -o {out}/fine.nii.gz --engine linear_blend --factor 9"),
    "frames": Command("interpolate {in}/cine.seq.nrrd -o {out}/fine --engine linear_blend --factor 9"),
    "student": Command("interpolate {in}/cine.seq.nrrd -o {out}/a.nii --factor 3 --engine student:{in}/m.safetensors"),
    "register": Command("register {in}/0.nrrd {in}/1.nrrd -o {out}/warped.nrrd --field {out}/field.nrrd"),
    "track": Command("track {in}/cine.seq.nrrd -o {out}/tracked --maps", slow=True),
    "track nmsr": Command(
        "track {in}/cine.seq.nrrd -o {out}/tracked --method nmsr --passes 1 --checkpoint {out}/state",
        keeps=True,
        slow=True,
    ),
    "train teacher": Command(
        "train teacher --config {in}/tiny.yaml -o {out}/run --accelerator cpu --devices 1",
        again="",
        keeps=True,
        slow=True,
    ),
    "train student": Command(
        "train student --config {in}/tiny.yaml -o {out}/run --no-distil --accelerator cpu --devices 1",
        again="",
        keeps=True,
        slow=True,
    ),
    "ablate": Command(
        "ablate --config {in}/tiny.yaml -o {out}/run --rows blend,no-distillation --accelerator cpu",
        again="",
        keeps=True,
        slow=True,
    ),
    "adapt": Command(
        "adapt {in}/nine.seq.nrrd -o {out}/adapted.safetensors --model {in}/m.safetensors --epochs 1 --device cpu",
        slow=True,
    ),
    "slices apply": Command("slices apply {in}/0.nrrd -o {out}/close.nrrd --expected-error {out}/error.nrrd"),
    "slices train": Command(
        "slices train {in}/0.nrrd -o {out}/s.safetensors --steps 3 --checkpoint {out}/state.safetensors",
        keeps=True,
        slow=True,
    ),
    "slices evaluate": Command("slices evaluate {in}/0.nrrd --no-fit -o {out}/scores", slow=True, timed=True),
    "evaluate": Command(
        "evaluate {in}/cine.seq.nrrd --every 2 --engines linear_blend,velocity_field -o {out}/scores",
        slow=True,
        timed=True,
    ),
    "evaluate-tracking": Command(
        "evaluate-tracking {in}/cine.seq.nrrd --method identity --method demons -o {out}/scores", slow=True, timed=True
    ),
    "demo": Command("demo -o {out}/demo --device cpu", slow=True, timed=True),
    "phantom": Command("phantom heart -o {out}/phantom --phases 5 --truth {out}/truth"),
    "info": Command("info {in}/cine.seq.nrrd", again=""),
    "models add": Command("models add {in}/m.safetensors --name mine", again=""),
    "models remove": Command("models remove mine", before=("models add {in}/m.safetensors --name mine",), again=""),
    "models repair": Command("models repair", before=("models add {in}/m.safetensors --name mine", "damage"), again=""),
    "models verify": Command("models verify", again=""),
}
"""Every command that works or writes."""


def write_inputs(folder: Path) -> None:
    """Write what the commands read."""
    frames = growing_disc(Geometry((1, 16, 16), (1.5, 1.5, 8.0)), [40.0 * number for number in range(9)], radius=3.0)
    write_sequence(frames, folder / "nine.seq.nrrd")
    frames = growing_disc(Geometry((3, 16, 16), (1.5, 1.5, 8.0)), [0.0, 80.0, 200.0], radius=3.0)
    write_sequence(frames, folder / "cine.seq.nrrd")
    for number in (0, 1):
        write_volume(frames.volumes[number], folder / f"{number}.nrrd")
    student = Student(NetworkSettings(widths=(2, 2), kernels="slices"))
    settings = student.settings.as_dict()
    save_model(folder / "m.safetensors", student.state_dict(), kind="student", settings=settings, training={})
    (folder / "tiny.yaml").write_text(TRAINING, encoding="utf-8")


@dataclass
class Ended:
    """How a command ended.

    Attributes:
        code: its exit status; below 0, the signal that ended it.
        said: all that it wrote.
        seconds: that it took.
    """

    code: int
    said: str
    seconds: float


@dataclass
class Starter:
    """Starts commands in one folder, see `starter`.

    Attributes:
        folder: with `in` and `out`; everything that a command writes goes to `out`.
    """

    folder: Path
    _process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        """Start the process that starts the others."""
        environment = os.environ | {
            "TEMPORAL_INTERP_MODELS": str(self.folder / "out" / "models"),
            "TMPDIR": str(self.folder / "out" / "tmp"),
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "agg",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("starter.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._answer()

    def run(self, line: str, *, number: int = 0, after: float = 0.0) -> Ended:
        """Run a command to its end; send it a signal after some seconds."""
        (child,), started = self._start(line), time.monotonic()
        if number:
            time.sleep(after)
            with suppress(ProcessLookupError):  # it has ended
                os.kill(child, number)
        return self._ended(1, started)[0]

    def run_both(self, one: str, other: str) -> list[Ended]:
        """Run two commands at once, to their ends."""
        self._start(one, other)
        return self._ended(2, time.monotonic())

    def _start(self, *lines: str) -> list[int]:
        places = {"in": self.folder / "in", "out": self.folder / "out"}
        commands = [
            {
                "arguments": [part.format(**places) for part in line.split()],
                "folder": str(self.folder),
                "log": str(self.folder / f"log{number}"),
            }
            for number, line in enumerate(lines)
        ]
        print(json.dumps(commands), file=self._process.stdin, flush=True)
        return json.loads(self._answer())

    def _ended(self, count: int, started: float) -> list[Ended]:
        statuses = json.loads(self._answer())
        seconds = time.monotonic() - started
        logs = [(self.folder / f"log{number}").read_text(encoding="utf-8", errors="replace") for number in range(count)]
        return [
            Ended(os.waitstatus_to_exitcode(status), log, seconds) for status, log in zip(statuses, logs, strict=True)
        ]

    def stop(self) -> None:
        """End the process that starts the others."""
        self._process.communicate("", timeout=60)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def left_in(folder: Path) -> dict[str, str]:
    """Return the files and folders in a folder, with a checksum of every file; lock files count for nothing."""
    found = [path for path in sorted(folder.rglob("*")) if not path.name.startswith(STATE)]
    return {str(path.relative_to(folder)): _checksum(path) if path.is_file() else "" for path in found}


def _checksum(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".gz":  # its header holds the time
        content = gzip.decompress(content)
    return hashlib.sha256(content).hexdigest()


ENDS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL") if hasattr(signal, name))
"""The signals that are sent."""
