"""Scores of networks on fixed samples: what they are, and that they are those of the training's own validation."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from random_networks import perturbed
from stand_ins import cancel
from temporal_interp.data.training_sample import Neighbour, TrainingSample
from temporal_interp.errors import CancelledError, InvalidInputError, MissingFileError
from temporal_interp.networks import NetworkSettings, Student, Synthesis
from temporal_interp.networks.load import load_network
from temporal_interp.tensors import metrics
from temporal_interp.training.datasets.batch import Batch, DrawnSamples, ValidationSampler
from temporal_interp.training.logic import Hardware
from temporal_interp.training.scores import linear_blend, score, synthesise_with

SEED = 3


@dataclass(frozen=True)
class Changed:
    """A source whose samples are changed by a function of number and sample."""

    source: object
    change: object

    def __len__(self):
        return len(self.source)

    def draw(self, index, rng):
        return self.change(index, self.source.draw(index, rng))


def samples_of(source, seed=SEED) -> list[TrainingSample]:
    drawn = DrawnSamples(source, seed)
    return [drawn[key] for key in ValidationSampler(len(source))]


def answer(volume, displacements, batch) -> Synthesis:
    return Synthesis(volume, [displacements], [displacements[:, :1]], torch.zeros(1, 4), torch.zeros(1))


def perfect(batch):
    return answer(batch.target, torch.cat([batch.displacements[:, 0], batch.displacements[:, 1]]), batch)


def test_a_perfect_answer(discs):
    source = discs(2, depth=3)
    scores = score(perfect, source, seed=SEED)
    samples = samples_of(source)
    assert scores["psnr"] == 100  # what the validation counts equal frames as
    assert scores["nmse_x100"] == 0
    assert scores["ssim"] == pytest.approx(1, abs=1e-12)
    assert scores["ncc"] == pytest.approx(np.mean([metrics.ncc_ceiling(sample.target[0]) for sample in samples]))
    assert scores["fold_rate"] == 0
    assert scores["epe_voxels"] == pytest.approx(1e-3, rel=1e-3)  # the constant that keeps its slope finite
    blends = [metrics.psnr(_blend(sample), sample.target[0]) for sample in samples]
    assert scores["gain"] == pytest.approx(100 - np.mean(blends), abs=1e-4)


def _blend(sample):
    return ((1 - sample.t) * sample.first + sample.t * sample.last)[0]


@pytest.mark.parametrize(("depth", "ssim"), [(1, metrics.ssim_2d), (3, metrics.ssim_3d)])
def test_the_linear_blend(discs, depth, ssim):
    source = discs(3, depth=depth)
    scores = score(linear_blend, source, seed=SEED)
    samples = samples_of(source)

    def mean(measure):
        return pytest.approx(np.mean([measure(_blend(sample), sample.target[0]) for sample in samples]), rel=1e-5)

    assert scores["gain"] == 0
    assert scores["fold_rate"] == 0
    assert scores["psnr"] == mean(metrics.psnr)
    assert scores["ncc"] == mean(metrics.local_ncc)
    assert scores["ssim"] == mean(ssim)
    assert scores["nmse_x100"] == mean(lambda image, truth: 100 * metrics.nmse(image, truth))
    lengths = [sample.displacements.norm(dim=1).mean() for sample in samples]
    assert scores["epe_voxels"] == pytest.approx(np.mean(lengths), rel=1e-4)


def test_a_field_that_folds(discs):
    def folding(batch):
        field = torch.zeros(2, 2, 32, 32)
        field[0, 1] = -2 * torch.arange(32.0)  # the first end's field mirrors its image
        return answer(batch.target.squeeze(2), field, batch)

    assert score(folding, discs(1), seed=SEED)["fold_rate"] == 0.5


@pytest.mark.parametrize("kind", ["teacher", "student"])
def test_a_model_scores_what_its_validation_found(training, discs, kind):
    validation = discs(2, first=3)
    model = getattr(training, kind)(validation=validation, epochs=1, seed=SEED)
    scores = training.logic(seed=SEED).evaluate(model, validation)
    log = training.losses(kind)
    for name in ("psnr", "gain", "epe_voxels"):
        assert scores[name] == pytest.approx(float(log[0, f"validation/{name}"]), rel=1e-5)
    assert set(scores) == {"psnr", "gain", "ncc", "ssim", "nmse_x100", "fold_rate", "epe_voxels"}
    assert all(isinstance(value, float) and np.isfinite(value) for value in scores.values())


def test_other_measures_of_a_student(training, discs):
    source = discs(3, depth=2)
    model = training.student(epochs=1)
    scores = training.logic(seed=SEED).evaluate(model, source)
    network, images = load_network(model, "student"), []
    for sample in samples_of(source):
        batch = Batch.of([sample])
        with torch.inference_mode():
            images.append((network(batch.first, batch.last, batch.t).volume[0, 0], sample.target[0]))
    assert scores["ncc"] == pytest.approx(np.mean([metrics.local_ncc(*pair) for pair in images]))
    assert scores["ssim"] == pytest.approx(np.mean([metrics.ssim_3d(*pair) for pair in images]))
    assert scores["nmse_x100"] == pytest.approx(100 * np.mean([metrics.nmse(*pair) for pair in images]))


def test_the_seed_chooses_the_samples(discs):
    same, again, other = (score(linear_blend, discs(2), seed=seed) for seed in (0, 0, 1))
    assert same == again
    assert same["psnr"] != other["psnr"]


def test_motion_is_scored_where_it_is_known(discs):
    def known_for_the_first(index, sample):
        return sample if index == 0 else replace(sample, displacements=None)

    some = score(linear_blend, Changed(discs(2), known_for_the_first), seed=SEED)
    first = samples_of(discs(2))[0].displacements.norm(dim=1).mean()
    assert some["epe_voxels"] == pytest.approx(float(first), rel=1e-4)
    none = score(linear_blend, Changed(discs(2), lambda _, it: replace(it, displacements=None)), seed=SEED)
    assert "epe_voxels" not in none
    assert none["psnr"] == some["psnr"]


def test_a_black_frame_has_no_nmse_and_does_not_hide_that_of_others(discs):
    def first_black(index, sample):
        return replace(sample, target=torch.zeros_like(sample.target)) if index == 0 else sample

    sample = samples_of(discs(2))[1]
    scores = score(linear_blend, Changed(discs(2), first_black), seed=SEED)
    assert scores["nmse_x100"] == pytest.approx(100 * metrics.nmse(_blend(sample), sample.target[0]), rel=1e-5)


def test_nonsense_is_not_left_out_of_the_mean(discs):
    def sometimes_nan(batch):
        made = linear_blend(batch)
        return replace(made, volume=made.volume * (float("nan") if batch.t > 0.3 else 1.0))

    scores = score(sometimes_nan, discs(8), seed=SEED)
    assert all(np.isnan(scores[name]) for name in ("psnr", "gain", "ncc", "ssim", "nmse_x100"))


def test_samples_may_differ_in_shape(training, discs):
    source = Changed(discs(2), lambda n, it: it if n else replace(discs(1, depth=2).draw(0, np.random.default_rng(0))))
    assert np.isfinite(training.logic(batch_size=2).evaluate(training.student(epochs=1), source)["psnr"])


def test_progress_is_reported_and_may_cancel(training, discs):
    model, told = training.student(epochs=1), []
    training.logic(progress=lambda *report: told.append(report)).evaluate(model, discs(2))
    assert told == [(0.5, "scored 1 of 2 samples"), (1.0, "scored 2 of 2 samples")]

    with pytest.raises(CancelledError):
        training.logic(progress=cancel).evaluate(model, discs(2))


def test_what_cannot_be_scored_is_refused(training, discs, tiny_teacher, tmp_path):
    with pytest.raises(InvalidInputError, match="no samples to score on"):
        training.logic().evaluate(tiny_teacher, discs(0))
    with pytest.raises((InvalidInputError, MissingFileError), match=r"absent\.safetensors"):
        training.logic().evaluate(tmp_path / "absent.safetensors", discs(1))
    with pytest.raises(InvalidInputError, match="abacus"):
        training.logic(hardware=Hardware("abacus", 1)).evaluate(tiny_teacher, discs(1))


def test_the_gain_is_also_told_for_short_and_for_long_gaps(discs):
    gaps = [2, 4, 6, None]
    told = Changed(discs(4), lambda index, it: replace(it, gap=gaps[index]))
    scores = score(perfect, told, seed=SEED)
    gains = [100 - metrics.psnr(_blend(sample), sample.target[0]) for sample in samples_of(told)]
    assert scores["gain_short_gaps"] == pytest.approx(np.mean(gains[:2]), abs=1e-4)
    assert scores["gain_long_gaps"] == pytest.approx(gains[2], abs=1e-4)
    assert "gain_long_gaps" not in score(perfect, discs(2), seed=SEED)


def test_a_student_is_shown_the_frames_around_unless_told_otherwise(discs):
    def beside(index, sample):
        return replace(sample, before=Neighbour(sample.target, 0.5), after=Neighbour(sample.target, 1.0))

    torch.manual_seed(0)
    student = perturbed(Student(NetworkSettings(widths=(4, 8), context=True)))
    with_context, alone = Changed(discs(2), beside), discs(2)
    seen = score(synthesise_with(student), with_context, seed=SEED)
    unseen = score(synthesise_with(student, context=False), with_context, seed=SEED)
    assert unseen == score(synthesise_with(student), alone, seed=SEED)
    assert seen != unseen
