"""temporal-interp slices."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.crop_pad import CropPad
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.evaluation.pairwise_syn import is_available
from temporal_interp.evaluation.slice_ablation import Part
from temporal_interp.io import read_sequence, read_volume, write_sequence, write_volume
from temporal_interp.models.model_file import load_model
from temporal_interp.simulation.random_volume import make_random_volume
from temporal_interp.slices.fit_volume import new_model
from temporal_interp.slices.model_file import save_slice_model
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings

SYN = ["syn"] if is_available() else []

GEOMETRY = Geometry((5, 24, 24), (1.0, 1.0, 3.0), (1.0, 2.0, 3.0), ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0)))


def a_volume(seed=0):
    return Volume(np.random.default_rng(seed).integers(-500, 500, GEOMETRY.shape).astype(np.int16), GEOMETRY)


@pytest.fixture
def volume(tmp_path):
    write_volume(a_volume(), tmp_path / "thick.nrrd")
    return tmp_path / "thick.nrrd"


@pytest.fixture
def cine(tmp_path):
    write_sequence(Sequence([a_volume(1), a_volume(2)], (0.0, 40.0)), tmp_path / "cine.seq.nrrd")
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
    assert header.GetMetaData("TemporalInterp.SliceModel") == "slices-2x, fitted to these images"


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


def test_close_slices_are_learnt_from_as_they_are(command, events, volume, tmp_path):
    trained = tmp_path / "fine.safetensors"
    options = ("--steps", "1", "--factor", "4", "--json")
    result = command("slices", "train", volume, "--fine", "--synthetic", "1", "-o", trained, *options)
    assert result.exit_code == 0, result.output
    assert events(result)[-1]["volumes"] == 2
    training = load_model(trained).training
    assert training["trained_on"] == f"{volume.name}, random tissues (1 volumes)"
    assert training["settings"]["in_plane"] == 0.0
    assert training["settings"]["coronal_distillation"] == 0.0


def test_quick_moves_tissue_and_the_model_of_the_program_is_there_by_name(command, events, volume, tmp_path):
    for options, method, model in (
        (("--quality", "quick"), "motion", ""),
        (("--model", "slices-3x"), "networks", "slices-3x"),
    ):
        path = tmp_path / f"{method}.nrrd"
        result = command("slices", "apply", volume, "-o", path, "--factor", "3", "--json", *options)
        assert result.exit_code == 0, result.output
        assert (events(result)[-1]["method"], events(result)[-1]["model"]) == (method, model)
        made = sitk.ReadImage(path)
        assert made.GetMetaData("TemporalInterp.SliceMethod") == method
        assert made.GetSize()[2] == 13
        np.testing.assert_array_equal(sitk.GetArrayFromImage(made)[::3], read_volume(volume).array)


def test_without_a_quality_it_is_quick_unless_an_option_is_for_fitting(command, events, volume, tmp_path):
    made = [tmp_path / "left_out.nrrd", tmp_path / "given.nrrd"]
    for path, options in zip(made, ((), ("--quality", "fitted")), strict=True):
        result = command("slices", "apply", volume, "-o", path, "--steps", "1", "--device", "cpu", "--json", *options)
        assert events(result)[-1]["model"] == "slices-2x, fitted to these images"
    np.testing.assert_array_equal(*(read_volume(path).array for path in made))
    result = command("slices", "apply", volume, "-o", tmp_path / "quick.nrrd", "--json")
    assert events(result)[-1]["method"] == "motion"


def test_the_expected_error_is_written_beside_the_slices(command, cine, tmp_path):
    made, errors = tmp_path / "fine.seq.nrrd", tmp_path / "errors.seq.nrrd"
    assert command("slices", "apply", cine, "-o", made, "--expected-error", errors).exit_code == 0
    fine, wrong = read_sequence(made), read_sequence(errors)
    assert wrong.geometry.is_close(fine.geometry)
    assert wrong.times == fine.times
    assert (wrong[1].array[::2] == 0).all()
    assert (wrong[1].array[1::2] > 0).all()
    result = command("slices", "apply", cine, "-o", made, "--expected-error", made, "--force")
    assert result.exit_code == 3


def test_slices_that_are_shifted_come_with_a_word(command, tmp_path):
    texture = make_random_volume(3, 0, (4, 96, 64)).array
    sheared = np.stack([one[4 * k : 4 * k + 60] for k, one in enumerate(texture)])
    write_volume(Volume(sheared, Geometry(sheared.shape, (0.5, 0.5, 2.0))), tmp_path / "tilted.nrrd")
    result = command("slices", "apply", tmp_path / "tilted.nrrd", "-o", tmp_path / "fine.nrrd")
    assert "shifted by about 2.0 mm" in " ".join(result.output.split())


@pytest.mark.parametrize(("distance", "said"), [(9.0, True), (3.9, False)])
def test_networks_are_not_fitted_where_slices_lie_far_apart(command, tmp_path, distance, said):
    path = tmp_path / "stack.nrrd"
    write_volume(Volume(a_volume().array, replace(GEOMETRY, spacing=(1.0, 1.0, distance))), path)
    result = command("slices", "apply", path, "-o", tmp_path / "fine.nrrd", "--steps", "1")
    assert result.exit_code == 0
    assert ("much further apart than pixels" in " ".join(result.output.split())) is said
    marks = sitk.ReadImage(tmp_path / "fine.nrrd")
    assert marks.GetMetaData("TemporalInterp.SliceMethod") == ("motion" if said else "motion and networks")
    assert marks.HasMetaDataKey("TemporalInterp.SliceModel") is not said


def test_blurred_training_leaves_the_choice_of_acquired_slices_to_the_user(command, volume, tmp_path):
    thick, kept, made = read_volume(volume), tmp_path / "kept.nrrd", tmp_path / "made.nrrd"
    for path, options in ((kept, ()), (made, ("--all-synthetic",))):
        options = ("--blurred", "--steps", "2", "--device", "cpu", *options)
        assert command("slices", "apply", volume, "-o", path, *options).exit_code == 0
    np.testing.assert_array_equal(read_volume(kept).array[::2], thick.array)
    assert np.any(read_volume(made).array[::2] != thick.array)


def test_a_folder_stands_for_the_images_in_it(command, events, model, tmp_path):
    folder = tmp_path / "many"
    (folder / "deeper").mkdir(parents=True)
    write_volume(a_volume(1), folder / "one.nrrd")
    write_volume(a_volume(2), folder / "two.nii.gz")
    write_sequence(Sequence([a_volume(3), a_volume(4)], (0.0, 40.0)), folder / "cine.seq.nrrd")
    write_volume(a_volume(5), folder / "deeper" / "five.nrrd")
    (folder / "notes.txt").write_text("no image")
    result = command("slices", "train", folder, "-o", tmp_path / "trained.safetensors", "--steps", "1", "--json")
    assert result.exit_code == 0, result.output
    assert events(result)[-1]["volumes"] == 4


def test_a_folder_of_frames_is_one_input(command, events, tmp_path):
    write_sequence(Sequence([a_volume(1), a_volume(2)], (0.0, 40.0)), tmp_path / "frames")
    write_volume(a_volume(3), tmp_path / "frames" / "not in the index.nrrd")
    options = ("-o", tmp_path / "trained.safetensors", "--steps", "1", "--json")
    result = command("slices", "train", tmp_path / "frames", *options)
    assert result.exit_code == 0, result.output
    assert events(result)[-1]["volumes"] == 2


def test_what_cannot_be_learnt_from_is_named(command, tmp_path):
    good = a_volume()
    one = Volume(good.array[:1], replace(GEOMETRY, shape=(1, 24, 24)))
    bad = good.with_array(np.full(good.array.shape, np.nan, np.float32))
    cases = (
        ("one.nrrd", one, "only one slice"),
        ("constant.nrrd", good.with_array(np.ones_like(good.array)), "every voxel is the same"),
        ("hollow.nrrd", bad, "NaN or infinite"),
    )
    for name, volume, words in cases:
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        write_volume(good, folder / "good.nrrd")
        write_volume(volume, folder / name)
        result = command("slices", "train", folder, "-o", tmp_path / "trained.safetensors", "--steps", "1")
        assert result.exit_code == 3, result.output
        assert name in result.output.split(folder.name, 1)[1]
        assert words in result.output
        assert not (tmp_path / "trained.safetensors").exists()


def test_held_out_slices_are_scored_beside_classical_interpolation(command, events, volume, model, tmp_path):
    folder = tmp_path / "scores"
    options = ("--steps", "2", "--from-scratch", "--without", "memory", "--views", "-o", folder, "--json")
    result = command("slices", "evaluate", volume, *options)
    assert result.exit_code == 0, result.output
    views = ["axial", "coronal", "sagittal", "axial + coronal", "axial + sagittal", "coronal + sagittal"]
    fitted = ["fitted", "fitted without memory"]
    names = ["nearest", "linear", "cubic", "sinc", "demons", *SYN, "motion", "cross-view"]
    names += ["motion + networks", "motion + fitted"]
    names += [name for one in fitted for name in (one, *(f"{one}, {view}" for view in views))]
    assert [row["method"] for row in events(result)[-1]["rows"]] == names
    with (folder / "scores.csv").open() as file:
        assert [row["method"] for row in csv.DictReader(file)] == names
    assert "held out" in (folder / "table.txt").read_text(encoding="utf-8")  # and a dash where 5 rows are too few
    assert np.isnan(float(events(result)[-1]["rows"][0]["ssim_coronal"]))
    assert sorted(path.name for path in folder.glob("*.png")) == ["slices-2x-coronal.png", "slices-2x-sagittal.png"]


def test_help_names_every_part_that_can_be_left_out(command):
    words = command("slices", "evaluate", "--help").stdout.replace("│", " ").split()
    assert {part for part in Part if part in {word.strip(".,") for word in words}} == set(Part)


def test_a_model_is_scored_without_fitting(command, events, volume, model):
    result = command("slices", "evaluate", volume, "--factor", "3", "--no-fit", "--model", model, "--blurred", "--json")
    assert result.exit_code == 0, result.output
    rows = {row["method"]: row for row in events(result)[-1]["rows"]}
    assert list(rows) == [
        "nearest",
        "linear",
        "cubic",
        "sinc",
        "demons",
        *SYN,
        "motion",
        "cross-view",
        "tiny.safetensors",
        "motion + networks",
    ]
    assert rows["linear"]["psnr"] == pytest.approx(rows["tiny.safetensors"]["psnr"], abs=0.01)
    assert {row["degradation"] for row in rows.values()} == {"blurred"}


@pytest.mark.parametrize(("given", "count"), [("volume", 1), ("cine", 2)])
def test_nifti_says_that_slices_are_synthetic(command, model, tmp_path, request, given, count):
    made = tmp_path / "thin.nii.gz"
    options = ("-o", made, "--factor", "3", "--model", model)
    assert command("slices", "apply", request.getfixturevalue(given), *options).exit_code == 0
    descrip = sitk.ReadImage(str(made)).GetMetaData("descrip")
    assert descrip == f"TemporalInterp: synthetic slices in {count} of {count} frames"
    attributes = read_sequence(made).item_attributes[-1]
    assert attributes["TemporalInterp.SyntheticSlices"] == "all but every 3rd from the first on"
    made.with_name("thin.json").unlink()
    assert any("synthetic slices" in note for note in read_sequence(made).notes)


def test_slices_that_are_synthetic_already_are_refused(command, volume, model, tmp_path):
    options = ("--factor", "3", "--model", model)
    for name in ("thin.nrrd", "thin.seq.nrrd", "thin.nii.gz"):
        made, again = tmp_path / name, tmp_path / "again.nrrd"
        assert command("slices", "apply", volume, "-o", made, *options).exit_code == 0
        for action in (
            ("apply", made, "-o", again, *options),
            ("evaluate", made),
            ("train", made, "-o", f"{model}2.safetensors"),
        ):
            result = command("slices", *action)
            assert result.exit_code == 3
            assert f"{name} has synthetic slices already" in result.output
        assert not again.exists()


class TestRealChest:
    """A corner of a real chest CT, too small for good scores but with real edges."""

    @pytest.fixture
    def chest(self, real_data, tmp_path):
        whole = read_volume(real_data / "ct-chest" / "chest_1mm.nrrd")
        box = (slice(40, 53), slice(140, 188), slice(180, 228))
        cut = CropPad.to_box(whole.array.shape, box).apply(whole)
        write_volume(cut, tmp_path / "chest.nrrd")
        return tmp_path / "chest.nrrd"

    def test_slices_held_out_come_back_better_with_better_interpolation(self, command, events, chest, tmp_path):
        folder = tmp_path / "scores"
        options = ("-r", "2", "-r", "3", "--no-fit", "-o", folder, "--json")
        result = command("slices", "evaluate", chest, *options)
        assert result.exit_code == 0, result.output
        for factor in (2, 3):
            rows = {row["method"]: row for row in events(result)[-1]["rows"] if row["factor"] == factor}
            classical = ["nearest", "linear", "cubic", "sinc", "demons", *SYN]
            assert list(rows) == [*classical, "motion", "cross-view", "motion + networks"]
            for measure in ("psnr", "psnr_held_out", "ssim_axial", "ssim_coronal", "ssim_sagittal"):
                assert rows["nearest"][measure] < rows["linear"][measure]
            # slices that are given are exact, so the others alone score lower
            assert all(row["psnr_held_out"] < row["psnr"] for row in rows.values())
        names = [f"slices-{factor}x-{view}.png" for factor in (2, 3) for view in ("coronal", "sagittal")]
        assert sorted(path.name for path in folder.iterdir()) == ["scores.csv", *names, "table.txt"]

    def test_synthetic_slices_lie_between_the_acquired_ones(self, command, chest, tmp_path):
        made = tmp_path / "thin.nrrd"
        result = command("slices", "apply", chest, "-o", made, "--steps", "3", "--device", "cpu")
        assert result.exit_code == 0, result.output
        thin, thick = read_volume(made), read_volume(chest)
        assert thin.geometry.shape == (25, 48, 48)
        assert thin.geometry.spacing == pytest.approx((0.78125, 0.78125, 0.5), rel=1e-12)
        assert thin.geometry.direction == thick.geometry.direction
        for k in (0, 12):
            np.testing.assert_allclose(
                thin.geometry.physical_point((2 * k, 5, 7)), thick.geometry.physical_point((k, 5, 7)), atol=1e-9
            )
        assert thin.array.dtype == thick.array.dtype == np.int16
        np.testing.assert_array_equal(thin.array[::2], thick.array)
        between = np.clip(thin.array[1::2], *np.percentile(thick.array, (0, 100)))
        assert np.abs(between - (thick.array[:-1] / 2 + thick.array[1:] / 2)).mean() < 100  # HU
        marks = sitk.ReadImage(made)
        assert marks.GetMetaData("TemporalInterp.SyntheticSlices") == "all but every 2nd from the first on"
        assert marks.GetMetaData("TemporalInterp.SliceFactor") == "2"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--model", "{model}"), 3, "give --factor 3"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--model", "{model}", "--steps", "2"), 2, "are for fitting"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--factor", "7"), 3, "not 7 times"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--quality", "best"), 2, "takes quick, fitted, got 'best'"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--all-synthetic"), 2, "needs networks"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--quality", "quick", "--blurred"), 2, "are for fitting"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--quality", "quick", "--model", "{model}"), 2, "not both"),
        (("apply", "{flat}", "-o", "{folder}/thin.nrrd"), 3, "flat.nrrd has only one slice"),
        (("apply", "{flat}", "-o", "{folder}/thin.nrrd"), 3, "Nothing was done"),
        (("train", "{volume}", "{empty}", "-o", "{folder}/model.safetensors"), 3, "empty is empty"),
        (("evaluate", "{volume}", "--without", "luck"), 2, "--without takes distillation, coronal-distillation,"),
        (("evaluate", "{volume}", "--without", "memory", "--no-fit"), 2, "are for fitting"),
        (("evaluate", "{volume}", "--without", "memory"), 2, "needs --from-scratch"),
        (("evaluate", "{volume}", "--views", "--no-fit"), 2, "are for fitting"),
        (("evaluate", "{volume}", "--model", "{model}", "--model", "{model}"), 2, "a name of its own"),
        (("apply", "{volume}", "-o", "{volume}"), 3, "--force"),
        (("apply", "{volume}", "-o", "{folder}/thin.png"), 3, "must end in"),
        (("apply", "{cine}", "-o", "{folder}/thin.nrrd"), 3, "2 frames need"),
        (("apply", "{folder}/none.nrrd", "-o", "{folder}/thin.nrrd"), 3, "none.nrrd"),
        (("train", "{volume}", "-o", "{folder}/model.pt"), 3, ".safetensors"),
        (("train", "-o", "{folder}/model.safetensors"), 2, "or --synthetic N"),
        (("train", "{volume}", "--synthetic", "1", "-o", "{folder}/model.safetensors"), 2, "with them need --fine"),
        (("train", "--synthetic", "1", "--paper", "-o", "{folder}/model.safetensors"), 2, "--paper learns from thick"),
        (("evaluate", "{cine}"), 3, "2 frames"),
        (("evaluate", "{volume}", "--factor", "5", "--no-fit"), 3, "not 5 times"),
        (("apply", "{volume}", "-o", "{folder}/thin.nrrd", "--factor", "0"), 3, "not 0 times"),
        (("train", "{volume}", "-o", "{folder}/model.safetensors", "--factor=-1"), 3, "not -1 times"),
        (("evaluate", "{volume}", "--factor", "0", "--no-fit"), 3, "not 0 times"),
        (("evaluate", "{few}", "--factor", "4", "--no-fit"), 3, "fewer than two"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(command, volume, cine, model, tmp_path, arguments, code, words):
    flat, empty = tmp_path / "flat.nrrd", tmp_path / "empty"
    write_volume(Volume(a_volume().array[:1], replace(GEOMETRY, shape=(1, 24, 24))), flat)
    few = tmp_path / "few.nrrd"
    write_volume(Volume(a_volume().array[:4], replace(GEOMETRY, shape=(4, 24, 24))), few)
    empty.mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    places = {"volume": volume, "cine": cine, "model": model, "folder": tmp_path}
    places |= {"flat": flat, "few": few, "empty": empty}
    result = command("slices", *(argument.format(**places) for argument in arguments))
    assert result.exit_code == code, result.output
    assert words in " ".join(result.output.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == before
