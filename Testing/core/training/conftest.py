"""A source of samples drawn in memory, and trainings so small that they take a second."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from temporal_interp.data.training_sample import TrainingSample
from temporal_interp.networks import NetworkSettings
from temporal_interp.training.logic import CHECKPOINT_SUFFIX, Hardware, TrainingLogic
from temporal_interp.training.settings import TrainingSettings

CENTRE = 15.5
CPU = Hardware(accelerator="cpu", devices=1)


@dataclass(frozen=True)
class Discs:
    """Discs that grow with the square of time, one radius for every subject; noise and time are drawn.

    Attributes:
        count: number of subjects.
        first: number of the first one; other numbers are other discs.
        depth: slices of a sample, all alike.
        notes: file that gets the number of the subject at every draw, one a line.
        killed_at: draw at which the process kills itself as kill -9 would; 0 never.
    """

    count: int
    first: int = 0
    depth: int = 1
    notes: Path | None = None
    killed_at: int = 0

    def __len__(self) -> int:
        return self.count

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        if self.killed_at:
            _count_draw(self.killed_at)
        if self.notes is not None:
            with self.notes.open("a") as file:
                file.write(f"{index}\n")
        t = float(rng.choice([0.25, 0.5, 0.75]))
        axis = torch.arange(32.0) - CENTRE
        j, i = torch.meshgrid(axis, axis, indexing="ij")

        def radius(time: float) -> float:
            return 6 + self.first + index + 3 * time**2

        def image(time: float) -> torch.Tensor:
            noise = torch.from_numpy(rng.normal(0, 0.01, j.shape).astype(np.float32))
            disc = torch.sigmoid(6 * (1 - torch.hypot(j, i) / radius(time))) + noise
            return disc.clamp(0, 1).expand(1, self.depth, 32, 32).contiguous()

        def field(end: float) -> torch.Tensor:
            """From a point of the disc at t to the same point at one end."""
            longer = radius(end) / radius(t) - 1
            return torch.stack([0 * j, longer * j, longer * i])[:, None].expand(3, self.depth, 32, 32)

        apart = float("inf") if self.depth == 1 else 4.0
        return TrainingSample(image(0), image(1), image(t), t, (apart, 1.5, 1.5), torch.stack([field(0), field(1)]))


_draws = 0


def _count_draw(killed_at: int) -> None:
    global _draws
    _draws += 1
    if _draws == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class TinyTraining:
    """Trains tiny networks on discs, in a folder of its own.

    Attributes:
        folder: where everything is written.
    """

    folder: Path

    network = NetworkSettings(widths=(4, 8))

    def logic(self, *, progress=lambda fraction, message: None, hardware: Hardware = CPU, **settings) -> TrainingLogic:
        given = TrainingSettings(**{"epochs": 2, "learning_rate": 1e-3, **settings})
        return TrainingLogic(self.folder, given, hardware=hardware, progress=progress)

    def teacher(
        self, *, source=None, network=None, about=None, start=None, validation=None, validated=True, **settings
    ) -> Path:
        sources = source or Discs(3), (validation or Discs(2, first=3)) if validated else None
        return self.logic(**settings).train_teacher(network or self.network, *sources, start=start, about=about)

    def student(
        self,
        *,
        source=None,
        network=None,
        teacher=None,
        start=None,
        validation=None,
        validated=True,
        about=None,
        **settings,
    ) -> Path:
        sources = source or Discs(3), (validation or Discs(2, first=3)) if validated else None
        return self.logic(**settings).train_student(
            network or self.network, *sources, teacher=teacher, start=start, about=about
        )

    def checkpoint(self, stage: str, name: str) -> Path:
        return self.folder / stage / f"{name}{CHECKPOINT_SUFFIX}"

    def losses(self, stage: str) -> dict[tuple[int, str], str]:
        """What the log says of every finished epoch, by the number of epochs before it and by name."""
        return {
            (int(row["epoch"]) - 1, name): value
            for row in self.log(stage)
            for name, value in row.items()
            if value and "/" in name
        }

    def log(self, stage: str) -> list[dict[str, str]]:
        """The lines of the log."""
        with (self.folder / stage / "log.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Sums in the same order here, in child processes, and in what tests of a module share."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def discs() -> type[Discs]:
    return Discs


@pytest.fixture
def training_in(tmp_path) -> Callable[[str], TinyTraining]:
    """Function that gives a tiny training in a folder of that name."""
    return lambda name: TinyTraining(tmp_path / name)


@pytest.fixture
def training(training_in) -> TinyTraining:
    return training_in("training")


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory) -> Path:
    """Model file of a teacher that has seen a few samples."""
    return TinyTraining(tmp_path_factory.mktemp("taught")).teacher(epochs=1)


@pytest.fixture(scope="session")
def paper_teacher(tmp_path_factory) -> Path:
    """Model file of a tiny teacher of the paper that has seen a few stacks."""
    training = TinyTraining(tmp_path_factory.mktemp("paper"))
    network = replace(NetworkSettings.paper(), widths=(4, 8))
    return training.teacher(epochs=1, source=Discs(2, depth=4), network=network, validated=False)


@pytest.fixture
def run_script(tmp_path) -> Callable[..., subprocess.CompletedProcess]:
    """Function that runs lines of Python in a process of their own, in which `conftest` is this file."""

    def run(lines: str, **environment: str) -> subprocess.CompletedProcess:
        script = tmp_path / "script.py"
        start = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nimport torch\n"
        script.write_text(f"{start}torch.set_num_threads(1)\n{lines}\n")
        return subprocess.run(
            [sys.executable, "-W", "ignore", script],
            env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
