"""Several processes that share the samples: the samplers' part, and two CPU processes through Lightning's DDP."""

import json
import sys

import pytest
import torch
from safetensors.torch import load_file

from temporal_interp.models.model_file import load_model
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.training.data import SampleData
from temporal_interp.training.datasets.random_subject_samples import RandomSubjectSamples
from temporal_interp.training.settings import TrainingSettings

TWO = """
import json, os
from pathlib import Path
from safetensors.torch import save_file
from conftest import Discs, TinyTraining
from temporal_interp.training import logic
from temporal_interp.training.stage import TeacherStage

folder = Path({folder!r})
rank = os.environ.get("LOCAL_RANK", "0")
folder.mkdir(exist_ok=True)

class Watched(TeacherStage):
    def on_train_end(self):
        save_file(dict(self.network.state_dict()), folder / f"weights{{rank}}.safetensors")
        figures = {{name: float(value) for name, value in self.trainer.callback_metrics.items()}}
        (folder / f"figures{{rank}}.json").write_text(json.dumps(figures))

def save_model(path, *rest, **named):
    with (folder / "written.txt").open("a") as file:
        file.write(f"{{rank}}\\n")
    written(path, *rest, **named)

written, logic.save_model = logic.save_model, save_model
logic.TeacherStage = Watched
notes = folder / f"drawn{{rank}}.txt"
model = TinyTraining(folder).teacher(
    source=Discs(5, notes=notes), validation=Discs({validation}, first=5), batch_size=2,
    hardware=logic.Hardware(accelerator="cpu", devices=2, strategy="ddp"),
    progress=lambda fraction, message: print(rank, fraction, flush=True),
)
assert model.is_file()  # in every process
"""


@pytest.mark.skipif(sys.platform == "win32", reason="gloo needs a network name on Windows")
def test_two_processes_share_the_samples_and_end_with_the_same_weights(training, training_in, run_script, discs):
    done = run_script(TWO.format(folder=str(training.folder), validation=3))
    assert done.returncode == 0, done.stderr
    folder = training.folder
    drawn = [(folder / f"drawn{rank}.txt").read_text().split() for rank in (0, 1)]
    assert [len(own) for own in drawn] == [4, 4]  # two samples an epoch each; one of five is left out
    for epoch in (slice(0, 2), slice(2, 4)):
        assert len({*drawn[0][epoch], *drawn[1][epoch]}) == 4
    weights = [load_file(folder / f"weights{rank}.safetensors") for rank in (0, 1)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert (folder / "written.txt").read_text() == "0\n"
    assert {line.split()[0] for line in done.stdout.splitlines() if line[:1].isdigit()} == {"0"}
    model = load_model(folder / "teacher" / "teacher.safetensors")
    assert model.training["steps"] in (2, 4)  # the best of two epochs of two steps
    figures = [json.loads((folder / f"figures{rank}.json").read_text()) for rank in (0, 1)]
    assert figures[0]["validation/gain"] == figures[1]["validation/gain"]
    # a batch of two is shared and gradients are averaged, so two samples side by side in one process teach the same;
    # the three samples that are validated on do not divide by two
    alone = training_in("alone")
    alone.teacher(source=discs(5), validation=discs(3, first=5), batch_size=2)
    for name in ("gain", "psnr", "epe_voxels"):
        expected = float(alone.losses("teacher")[1, f"validation/{name}"])
        assert figures[0][f"validation/{name}"] == pytest.approx(expected, abs=1e-3)


@pytest.fixture(scope="module")
def synthetic():
    return RandomSubjectSamples(SyntheticSettings(shape=(1, 16, 16), subjects=4, margin=0))


@pytest.mark.parametrize("workers", [1, 2])
def test_samples_are_the_same_whatever_the_number_of_workers(synthetic, workers):
    def epochs(count):
        data = SampleData(synthetic, synthetic, TrainingSettings(workers=count, batch_size=2, seed=3))
        loader, batches = data.train_dataloader(), []
        for epoch in (0, 1):
            loader.sampler.set_epoch(epoch)
            batches += list(loader)
        return batches + list(data.val_dataloader())

    for one, other in zip(epochs(0), epochs(workers), strict=True):
        assert one.context is other.context is None
        for name, value in vars(one).items():
            assert value is None or torch.equal(value, getattr(other, name))


def test_the_last_few_samples_are_left_out_unless_they_are_all(discs):
    def steps(count, batch_size):
        return [len(b.t) for b in SampleData(
            discs(count), discs(count), TrainingSettings(batch_size=batch_size)).train_dataloader()]  # fmt: skip

    assert steps(5, 2) == [2, 2]
    assert steps(3, 4) == [3]


def test_validation_leaves_out_none(discs):
    data = SampleData(discs(5), discs(5), TrainingSettings(batch_size=2))
    assert [len(batch.t) for batch in data.val_dataloader()] == [2, 2, 1]
