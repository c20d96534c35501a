"""The paper's configurations: every setting against the paper, and that such networks learn, resume and interpolate."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from model_weights import same, weights_of
from stand_ins import cancel_beyond, growing_disc
from temporal_interp.data.geometry import Geometry
from temporal_interp.engines.student import StudentEngine
from temporal_interp.errors import CancelledError
from temporal_interp.networks import LARGE, NetworkSettings, Student
from temporal_interp.networks.load import load_network
from temporal_interp.training.configuration import find_configuration
from temporal_interp.training.datasets.catalogue import DataSettings, open_split
from temporal_interp.training.settings import TrainingSettings

NETWORK = {
    "widths": (LARGE, "2.2: 4 convolution units; their widths are not printed"),
    "matching": ("plain", "2.2: only the deformation feature goes on to the next scale"),
    "surrogate": ("images", "2.3: the input I_t is replaced with I_b"),
    "blend": ("literal", "2.3: I_b = t x I_0 + (1 - t) x I_1"),
    "motion": ("modulated", "2.3: surrogate timestamp in DFGen"),
    "modulation": ("literal", "2.3: expanded to the size of the feature, 2 Linear Blocks and 2 3D Conv Blocks"),
    "alpha_from_one": (False, "2.3: F = alpha x F + beta"),
    "time_scale": (1000.0, "2.3: a sinusoidal time encoding; its positions are not printed"),
    "fusion": ("all", "2.2: DFM at different scales; Table 2, MsDFM"),
    "refinement": ("residual", "2.2: the output of the refinement network"),
    "exact_ends": (False, "2.2: the weighted summation is integrated; nothing is multiplied by t"),
    "swap_symmetric": (False, "2.2: F_0, F_t and F_1 are concatenated, both velocities come out at once"),
    "halved_integration": (False, "2.2: scaling and squaring at the scale itself"),
    "shortest_halved": (2, "2.2: every axis is treated alike"),
    "initial_weights": ("usual", "3.1: PyTorch, nothing else is said"),
    "context": (False, "2.1: the two endpoint phases"),
    "kernels": ("volumes", "2.2: 3D convolutions"),
}
DATA = {
    "folder": (None, "given on the command line"),
    "split": ("paper", "3.1: 90 and 10, 68 and 14"),
    "validation": (0.0, "3.1: training and test, no other set"),
    "test": (0.15, "not used with the split of the paper"),
    "seed": (0, "not used with the split of the paper"),
    "policy": ("endpoints", "2.1: the two endpoint phases and an intermediate time"),
    "crop": ("centre", "3.1: preprocessing as in [17]"),
    "scaling": ("frame", "3.1: preprocessing as in [17]"),
    "flip": (False, "3.1: no augmentation is named"),
    "max_gap": (None, "of triplets only"),
    "subjects": (400, "of phantoms only"),
    "validation_subjects": (40, "of phantoms only"),
    "body": ("heart", "of phantoms only"),
    "context": (False, "2.1: the two endpoint phases and an intermediate time"),
    "cache": (None, "of the machine"),
    "cache_gib": (50.0, "of the machine"),
}
TRAINING = {
    "epochs": (200, "3.1"),
    "batch_size": (1, "3.1"),
    "learning_rate": (1e-4, "3.1: Adam"),
    "schedule": ("constant", "3.1: not named"),
    "regularisation": (0.1, "3.1: lambda_r"),
    "regulariser": ("diffusion", "2.4: a diffusion regulariser [1], which is VoxelMorph's"),
    "distillation": (0.1, "3.1: lambda_d"),
    "alignment": (1.0, "2.4, Eq. 1"),
    "motion": (0.0, "2.4: no such term"),
    "averaging": (0.0, "3.1: not named"),
    "precision": ("32", "3.1: not named"),
    "validate_every": (1, "nothing is validated"),
    "patience": (0, "3.1: 200 epochs"),
    "seed": (0, "not printed"),
    "workers": (4, "of the machine: samples are the same"),
    "gradient_clip": (0.0, "3.1: not named"),
}
OF_DATA_SET = {
    "acdc-paper": {"dataset": ("acdc", "3.1"), "shape": ((32, 128, 128), "3.1: preprocessing as in [17]")},
    "lung4d-paper": {"dataset": ("lung4d", "3.1"), "shape": (None, "3.1: preprocessing as in [17], 128 cubed")},
}


def values(settings):
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


@pytest.mark.parametrize("name", OF_DATA_SET)
def test_every_setting_is_the_papers(name):
    given = find_configuration(name)
    for settings, table in (
        (given.network, NETWORK),
        (given.data, {**DATA, **OF_DATA_SET[name]}),
        (given.teacher, TRAINING),
        (given.student, TRAINING),
    ):
        assert values(settings) == {setting: value for setting, (value, _) in table.items()}


def test_the_settings_declare_what_is_the_papers():
    """The configurations add the data set, its shape, and what is of the machine."""
    given = find_configuration("acdc-paper")
    assert given.network == NetworkSettings.paper()
    assert given.data == replace(DataSettings.paper(), dataset="acdc", shape=(32, 128, 128))
    assert replace(given.teacher, workers=0) == TrainingSettings.paper()


def test_the_splits_are_90_and_10_patients(acdc):
    split = open_split(replace(find_configuration("acdc-paper").data, folder=acdc(range(1, 111))))
    assert [subject.number for subject in split.train] == list(range(1, 91))
    assert split.validation == ()
    assert [subject.number for subject in split.test] == list(range(91, 101))


SMALL = replace(NetworkSettings.paper(), widths=(4, 8))
PAPER = {"regulariser": "diffusion", "learning_rate": 1e-3}


@pytest.fixture
def stacks(discs):
    return {"source": discs(3, depth=4), "validated": False, "network": SMALL}


@pytest.mark.parametrize("stage", ["teacher", "student"])
def test_a_network_of_the_paper_learns(training, stacks, paper_teacher, stage):
    more = {"teacher": paper_teacher} if stage == "student" else {}
    model = getattr(training, stage)(epochs=6, **PAPER, **stacks, **more)
    losses = [float(row["training/loss"]) for row in training.log(stage)]
    assert losses[-1] < 0.6 * losses[0]
    assert load_network(model, stage).settings == SMALL
    assert not any(name.startswith("validation/") for name in training.log(stage)[0])
    assert ("training/distillation" in training.log(stage)[0]) == (stage == "student")


def test_without_validation_the_model_is_that_of_the_last_epoch_also_after_a_resumption(training, training_in, stacks):
    with pytest.raises(CancelledError):
        training.teacher(epochs=3, progress=cancel_beyond(0.5), **PAPER, **stacks)
    resumed = training.teacher(epochs=3, **PAPER, **stacks)
    assert not training.checkpoint("teacher", "best").exists()
    at_once = training_in("at once")
    assert same(weights_of(resumed), weights_of(at_once.teacher(epochs=3, **PAPER, **stacks)))
    assert training.losses("teacher") == at_once.losses("teacher")


def test_the_engine_runs_with_a_student_of_the_paper(training, stacks):
    model = training.student(epochs=1, **PAPER, **stacks)
    cine = growing_disc(Geometry((4, 32, 32), (1.5, 1.5, 4.0)), [0, 100, 200], radius=6)
    engine = StudentEngine.from_model(model)
    assert engine.whole_stacks
    prepared = engine.prepare(cine.hiding([1]))
    frame = prepared.at(100.0, fields=True)
    assert np.isfinite(frame.volume.array).all()
    assert np.isfinite(frame.displacement_first_to_t.array).all()
    acquired = prepared.at(0.0).volume.array
    np.testing.assert_array_equal(acquired, cine.volumes[0].array)


def test_a_fresh_student_of_the_paper_computes_in_bfloat16_what_it_computes_in_float32():
    torch.manual_seed(0)
    student = Student(SMALL)
    first, last = torch.rand(2, 1, 1, 4, 32, 32)
    exact = student(first, last, torch.tensor([0.4]))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = student(first, last, torch.tensor([0.4]))
    assert {d.dtype for d in rounded.displacements} == {torch.float32}
    assert (rounded.displacements[-1] - exact.displacements[-1]).abs().max() < 0.1
