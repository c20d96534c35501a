"""Closer slices in one call: at once by motion, or after fitting the networks of the program."""

from dataclasses import replace

import numpy as np
import pytest

from stand_ins import cancel_beyond
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.io import read_volume
from temporal_interp.simulation.random_volume import make_random_volume
from temporal_interp.slices.add_slices import add_slices
from temporal_interp.slices.choices import FACTORS, Quality
from temporal_interp.slices.classical import Classical, interpolate_slices
from temporal_interp.slices.held_out import HeldOut
from temporal_interp.slices.quality import shipped_model, with_closer_slices
from temporal_interp.slices.settings import SliceTrainingSettings
from temporal_interp.tensors.metrics import psnr

FEW_STEPS = SliceTrainingSettings(steps=2, slices=5, side=12, batch=2)


def a_sequence(frames=2, shape=(5, 20, 22)):
    values = np.random.default_rng(0).integers(0, 900, (frames, *shape)).astype(np.int16)
    volumes = [Volume(array, Geometry(shape, (1.0, 1.0, 3.0))) for array in values]
    return Sequence(volumes, [float(n) for n in range(frames)], "time", "ms")


def some_tissues():
    array = make_random_volume(0, 0, (6, 18, 20)).array
    return Sequence([Volume(array, Geometry(array.shape, (1.0, 1.0, 2.0)))], [0.0], "frame", "")


@pytest.mark.parametrize("factor", FACTORS)
def test_the_model_of_the_program_is_for_its_factor(factor):
    model, source = shipped_model(factor)
    assert model.factor == factor
    assert source["SliceModel"] == f"slices-{factor}x"
    assert len(source["SliceModelSHA256"]) == 64


@pytest.mark.parametrize(
    ("quality", "method", "model"),
    [(Quality.QUICK, "motion", None), (Quality.FITTED, "motion and networks", "slices-3x, fitted to these images")],
)
def test_every_frame_gets_slices_and_keeps_its_own(quality, method, model):
    given = a_sequence()
    made = with_closer_slices(given, 3, quality, settings=FEW_STEPS)
    assert made.times == given.times
    for before, after, marks in zip(given.volumes, made.volumes, made.item_attributes, strict=True):
        assert after.geometry.shape == (13, 20, 22)
        assert after.geometry.spacing == (1.0, 1.0, 1.0)
        assert np.array_equal(after.array[::3], before.array)
        assert (marks["TemporalInterp.SliceMethod"], marks.get("TemporalInterp.SliceModel")) == (method, model)
        assert marks["TemporalInterp.SyntheticSlices"] == "all but every 3rd from the first on"


def test_synthetic_slices_are_not_built_upon():
    made = with_closer_slices(a_sequence(), 2, Quality.QUICK)
    with pytest.raises(InvalidInputError, match="synthetic slices already"):
        with_closer_slices(made, 2, Quality.QUICK)


def test_another_factor_is_refused():
    with pytest.raises(InvalidInputError, match="2, 3, 4 times closer, not 5 times"):
        with_closer_slices(a_sequence(), 5, Quality.QUICK)


def test_work_can_be_stopped():
    with pytest.raises(CancelledError):
        with_closer_slices(a_sequence(), 2, Quality.FITTED, settings=FEW_STEPS, progress=cancel_beyond(0.3))


def test_networks_correct_what_was_moved(monkeypatch):
    given = some_tissues()
    monkeypatch.setattr(HeldOut, "judge", lambda held_out, model: (0.5, 1.0))  # so small a volume teaches little
    moved, both = (with_closer_slices(given, 2, q, settings=FEW_STEPS)[0].array for q in Quality)
    np.testing.assert_array_equal(both[::2], given[0].array)
    assert np.abs(both - moved).max() > 1e-3


def test_networks_that_know_nothing_leave_what_was_moved():
    """In noise nothing can be learnt: rows that were hidden tell so."""
    given = a_sequence(frames=1)
    moved, both = (with_closer_slices(given, 2, q, settings=FEW_STEPS)[0].array for q in Quality)
    np.testing.assert_allclose(both, moved, atol=1)


def test_far_apart_slices_are_moved_alone():
    given = a_sequence(frames=1)
    far = replace(given, volumes=[Volume(given[0].array, replace(given.geometry, spacing=(1.0, 1.0, 9.0)))])
    quick, fitted = (with_closer_slices(far, 2, quality, settings=FEW_STEPS) for quality in Quality)
    np.testing.assert_array_equal(quick[0].array, fitted[0].array)
    assert fitted.item_attributes[0]["TemporalInterp.SliceMethod"] == "motion"


def test_only_networks_make_acquired_slices_anew():
    with pytest.raises(InvalidInputError, match="keeps the acquired slices"):
        with_closer_slices(a_sequence(), 2, Quality.QUICK, keep_acquired=False)
    made = with_closer_slices(a_sequence(), 2, Quality.FITTED, settings=FEW_STEPS, keep_acquired=False)
    assert made.item_attributes[0]["TemporalInterp.SyntheticSlices"] == "all"


@pytest.mark.parametrize("factor", FACTORS)
def test_the_model_of_the_program_is_ahead_of_every_classical_interpolation_of_a_real_ct(real_data, factor):
    """A model that has never seen a patient, on slices of a chest that were held out."""
    volume = read_volume(real_data / "ct-chest" / "chest_1mm.nrrd")
    array = IntensityRange(-1024, 2048).normalise(volume.array[:49, 100:196, 100:196])
    thin = Volume(array, Geometry(array.shape))
    thick = Volume(array[::factor].copy(), Geometry(array[::factor].shape, (1.0, 1.0, float(factor))))
    made = add_slices(thick, shipped_model(factor)[0])
    count = len(made.array)
    best = max(psnr(interpolate_slices(thick, factor, method).array, thin.array[:count]) for method in Classical)
    assert psnr(made.array, thin.array[:count]) > best + 0.3
