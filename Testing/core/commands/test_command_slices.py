"""temporal-interp slices."""

import csv

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.files import read_sequence, read_volume, write_sequence, write_volume
from temporal_interp.sequences import VolumeSequence
from temporal_interp.slices.fit_volume import new_model
from temporal_interp.slices.model_file import save_slice_model
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings
from temporal_interp.volumes import Geometry, Volume

GEOMETRY = Geometry((5, 24, 24), (1.0, 1.0, 3.0), (1.0, 2.0, 3.0), ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0)))


def a_volume(seed=0):
    return Volume(np.random.default_rng(seed).integers(-500, 500, GEOMETRY.shape).astype(np.int16), GEOMETRY)


@pytest.fixture
def volume(tmp_path):
    write_volume(a_volume(), tmp_path / "thick.nrrd")
    return tmp_path / "thick.nrrd"


@pytest.fixture
def cine(tmp_path):
    write_sequence(VolumeSequence([a_volume(1), a_volume(2)], (0.0, 40.0)), tmp_path / "cine.seq.nrrd")
    return tmp_path / "cine.seq.nrrd"


@pytest.fixture
def model(tmp_path):
    """The model file of tiny networks that have learnt nothing, for factor 3."""
    networks = new_model(
        3, SliceNetworkSettings(features=1, blocks=1), PixelNetworkSettings(width=4, groups=1, blocks=1)
    )
    save_slice_model(networks, tmp_path / "tiny.safetensors", {})
    return tmp_path / "tiny.safetensors"


def test_a_volume_gets_slices_fitted_to_itself(command, events, volume, tmp_path):
    made = tmp_path / "thin.nrrd"
    result = command("slices", "apply", volume, "-o", made, "--steps", "2", "--device", "cpu", "--json")
    assert result.exit_code == 0, result.output
    last = events(result)[-1]
    assert (last["slices"], last["spacing_mm"]) == (9, 1.5)
    thin, thick = read_volume(made), read_volume(volume)
    assert thin.array.dtype == np.int16
    np.testing.assert_array_equal(thin.array[::2], thick.array)
    np.testing.assert_allclose(thin.geometry.physical_point((8, 3, 4)), thick.geometry.physical_point((4, 3, 4)))
    header = sitk.ReadImage(made)
    assert header.GetMetaData("TemporalInterp.SyntheticSlices") == "all but every 2nd from the first on"
    assert header.GetMetaData("TemporalInterp.SliceModel") == "fitted to these images"


def test_a_trained_model_is_applied_to_every_frame(command, cine, model, tmp_path):
    made = tmp_path / "fine.seq.nrrd"
    result = command("slices", "apply", cine, "-o", made, "--factor", "3", "--model", model)
    assert result.exit_code == 0, result.output
    assert "13 slices every 1 mm instead of 5 every 3 mm" in result.stdout
    fine = read_sequence(made)
    assert len(fine) == 2
    assert fine.volumes[1].geometry.shape == (13, 24, 24)
    assert fine.item_attributes[1]["TemporalInterp.SliceModel"] == "tiny.safetensors"
    assert len(fine.item_attributes[1]["TemporalInterp.SliceModelSHA256"]) == 64


def test_all_slices_can_be_synthesised(command, volume, model, tmp_path):
    made = tmp_path / "thin.nrrd"
    options = ("--factor", "3", "--model", model, "--all-synthetic")
    assert command("slices", "apply", volume, "-o", made, *options).exit_code == 0
    assert sitk.ReadImage(made).GetMetaData("TemporalInterp.SyntheticSlices") == "all"


def test_a_model_is_trained_resumed_and_used(command, events, volume, cine, tmp_path):
    trained, state = tmp_path / "slices.safetensors", tmp_path / "state.safetensors"
    options = ("--steps", "2", "--checkpoint", state, "--json")
    result = command("slices", "train", volume, cine, "-o", trained, *options)
    assert result.exit_code == 0, result.output
    assert events(result)[-1]["volumes"] == 3
    assert state.exists()
    result = command("slices", "train", volume, cine, "-o", trained, *options, "--force")
    assert result.exit_code == 0, result.output
    result = command("slices", "train", volume, "-o", trained, *options, "--force")
    assert result.exit_code == 3
    assert "other images" in events(result)[-1]["message"]
    assert command("slices", "apply", volume, "-o", tmp_path / "thin.nrrd", "--model", trained).exit_code == 0


def test_held_out_slices_are_scored_beside_classical_interpolation(command, events, volume, model, tmp_path):
    folder = tmp_path / "scores"
    options = ("--steps", "2", "--views", "-o", folder, "--json")
    result = command("slices", "evaluate", volume, *options)
    assert result.exit_code == 0, result.output
    names = ["nearest", "linear", "cubic", "sinc", "fitted", "fitted, axial", "fitted, coronal", "fitted, sagittal"]
    assert [row["method"] for row in events(result)[-1]["rows"]] == names
    with (folder / "scores.csv").open() as file:
        assert [row["method"] for row in csv.DictReader(file)] == names
    assert "held out" in (folder / "table.txt").read_text(encoding="utf-8")  # and a dash where 5 rows are too few
    assert np.isnan(float(events(result)[-1]["rows"][0]["ssim_coronal"]))


def test_a_model_is_scored_without_fitting(command, events, volume, model):
    result = command("slices", "evaluate", volume, "--factor", "3", "--no-fit", "--model", model, "--blurred", "--json")
    assert result.exit_code == 0, result.output
    rows = {row["method"]: row for row in events(result)[-1]["rows"]}
    assert list(rows) == ["nearest", "linear", "cubic", "sinc", "tiny.safetensors"]
    assert rows["linear"]["psnr"] == pytest.approx(rows["tiny.safetensors"]["psnr"], abs=0.01)
    assert {row["degradation"] for row in rows.values()} == {"blurred"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--model", "{model}"), 3, "give --factor 3"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--model", "{model}", "--steps", "2"), 2, "are for fitting"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--factor", "7"), 3, "not 7 times"),
        (("apply", "{volume}", "-o", "{volume}"), 3, "--force"),
        (("apply", "{volume}", "-o", "{folder}/thin.png"), 3, "must end in"),
        (("apply", "{cine}", "-o", "{folder}/thin.nrrd"), 3, "2 frames need"),
        (("apply", "{folder}/none.nrrd", "-o", "{folder}/thin.nrrd"), 3, "none.nrrd"),
        (("train", "{volume}", "-o", "{folder}/model.pt"), 3, ".safetensors"),
        (("evaluate", "{cine}"), 3, "2 frames"),
        (("evaluate", "{volume}", "--factor", "5", "--no-fit"), 3, "fewer than two"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(command, volume, cine, model, tmp_path, arguments, code, words):
    before = sorted(path.name for path in tmp_path.iterdir())
    places = {"volume": volume, "cine": cine, "model": model, "folder": tmp_path}
    result = command("slices", *(argument.format(**places) for argument in arguments))
    assert result.exit_code == code, result.output
    assert words in " ".join(result.output.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == before
