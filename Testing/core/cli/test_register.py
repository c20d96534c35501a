"""temporal-interp register."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.io import read_displacement, read_volume, write_displacement, write_volume
from temporal_interp.registration import register as registration

QUICK = ("--iterations", 15)


def blob(x, y, geometry):
    rows, columns = np.mgrid[: geometry.shape[1], : geometry.shape[2]]
    picture = 1000 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 40)
    return Volume(np.round(picture)[None].astype(np.int16), geometry)


@pytest.fixture
def pair(tmp_path):
    """Two blobs, the moving one 3 mm (2 voxels) further along x, in files."""
    geometry = Geometry((1, 32, 32), (1.5, 1.5, 8.0), (5.0, 6.0, 7.0))
    write_volume(blob(15, 16, geometry), tmp_path / "fixed.nrrd")
    write_volume(blob(17, 16, geometry), tmp_path / "moving.nrrd")
    return tmp_path / "fixed.nrrd", tmp_path / "moving.nrrd"


@pytest.fixture
def called(monkeypatch):
    """What the command asked of the registration, in place of the slow work."""
    asked = {}

    def pretend(fixed, moving, **how):
        asked.update(how, fixed=fixed, moving=moving)
        raise KeyboardInterrupt

    monkeypatch.setattr(registration, "register", pretend)
    return asked


def test_the_moving_volume_comes_onto_the_fixed_one(command, events, pair, tmp_path):
    warped, field = tmp_path / "new" / "warped.nii.gz", tmp_path / "new" / "field.nrrd"
    *_, last = events(command("register", *pair, "-o", warped, "--field", field, "--iterations", 60, "--json"))
    assert last["event"] == "result"
    assert last["correlation_after"] > 0.99 > last["correlation_before"]
    result, fixed = read_volume(warped), read_volume(pair[0])
    assert result.array.dtype == np.int16
    correlation = np.corrcoef(result.array.ravel(), fixed.array.ravel())[0, 1]
    assert correlation == pytest.approx(last["correlation_after"], abs=1e-4)  # that leaves out what comes from outside
    array, geometry = read_displacement(field)
    assert geometry.is_close(fixed.geometry)
    assert array[0, 16, 15, 0] == pytest.approx(3.0, abs=0.5)
    assert np.linalg.norm(array, axis=-1).mean() == pytest.approx(last["mean_mm"], rel=1e-5)


def test_a_person_reads_similarity_and_displacement(command, pair, tmp_path):
    result = command("register", *pair, "-o", tmp_path / "warped.nrrd", *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "correlation with fixed.nrrd" in result.stdout
    assert "Displacement: mean" in result.stdout


def test_options_reach_the_settings(command, called, pair, tmp_path):
    options = ("--iterations", 7, "--stride", 2, "--window", 5, "--smoothness", 0.25, "--max-voxels", 900)
    command("register", *pair, "-o", tmp_path / "w.nrrd", *options, "--slice-thickness", 6, "--device", "cpu")
    settings = called["settings"]
    assert set(settings.iterations) == {7}
    assert (settings.field.stride, settings.window, settings.smoothness, settings.max_voxels) == (2, 5, 0.25, 900)
    assert (called["slice_thickness"], called["device"], called["initial"]) == (6, "cpu", None)


def test_the_settings_of_the_paper_can_be_changed_too(command, called, pair, tmp_path):
    command("register", *pair, "-o", tmp_path / "w.nrrd", "--paper", "--window", 5)
    assert called["settings"] == replace(type(called["settings"]).paper(), window=5)


@pytest.mark.parametrize(("option", "field"), [((), "grid"), (("--neural",), "network"), (("--paper",), "network")])
def test_a_network_is_fitted_only_where_requested(command, called, pair, tmp_path, option, field):
    command("register", *pair, "-o", tmp_path / "out.nrrd", *option)
    assert called["settings"].field.kind == field


def test_another_grid_is_resampled_and_reported(command, called, pair, tmp_path):
    coarse = Geometry((1, 16, 16), (3.0, 3.0, 8.0), (5.0, 6.0, 7.0))
    write_volume(blob(8, 8, coarse), tmp_path / "coarse.nrrd")
    result = command("register", pair[0], tmp_path / "coarse.nrrd", "-o", tmp_path / "w.nrrd")
    assert "resampled onto FIXED's" in result.stderr
    assert called["moving"].geometry.is_close(coarse)


def test_an_initial_field_is_passed_on(command, called, pair, tmp_path):
    geometry = read_volume(pair[0]).geometry
    field = np.random.default_rng(0).normal(size=(*geometry.shape, 3)).astype(np.float32)
    write_displacement(field, geometry, tmp_path / "start.nrrd")
    command("register", *pair, "-o", tmp_path / "w.nrrd", "--initial", tmp_path / "start.nrrd")
    np.testing.assert_array_equal(called["initial"], field)


def test_an_initial_field_that_moves_points_is_inverted_and_that_is_said(command, called, pair, tmp_path):
    geometry = read_volume(pair[0]).geometry
    shift = sitk.GetImageFromArray(np.broadcast_to(np.float32([3, 0, 0]), (*geometry.shape, 3)).copy(), isVector=True)
    shift.SetSpacing(geometry.spacing)
    shift.SetOrigin(geometry.origin)
    shift.SetMetaData("displacement field type", "modeling")
    sitk.WriteImage(shift, str(tmp_path / "start.nrrd"))
    result = command("register", *pair, "-o", tmp_path / "w.nrrd", "--initial", tmp_path / "start.nrrd")
    assert "start.nrrd moves points (modeling), so it was inverted" in result.stderr
    np.testing.assert_allclose(called["initial"][0, 5, 5], (-3, 0, 0), atol=1e-5)


def test_an_initial_transform_is_evaluated_on_the_fixed_grid(command, called, pair, tmp_path):
    sitk.WriteTransform(sitk.TranslationTransform(3, (3.0, 0.0, 0.0)), str(tmp_path / "start.tfm"))
    command("register", *pair, "-o", tmp_path / "w.nrrd", "--initial", tmp_path / "start.tfm")
    assert called["initial"].shape == (*read_volume(pair[0]).geometry.shape, 3)
    np.testing.assert_allclose(called["initial"][0, 5, 5], (3, 0, 0))


def test_an_initial_field_on_another_grid_is_refused(command, pair, tmp_path):
    geometry = replace(read_volume(pair[0]).geometry, origin=(0.0, 0.0, 0.0))
    write_displacement(np.zeros((*geometry.shape, 3), np.float32), geometry, tmp_path / "start.nrrd")
    result = command("register", *pair, "-o", tmp_path / "w.nrrd", "--initial", tmp_path / "start.nrrd")
    assert result.exit_code == 3
    assert "start.nrrd: the field does not lie on FIXED's voxel grid" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "w.png"), "must end in"),
        (("-o", "w.nrrd", "--field", "f.nii.gz"), "must end in .nrrd or .mha"),
        (("-o", "fixed.nrrd"), "--force"),
        (("-o", "w.nrrd", "--window", 4), "'window' must be odd"),
        (("-o", "w.nrrd", "--iterations", 0), "'iterations' must be"),
    ],
)
def test_what_cannot_be_done_writes_nothing(command, pair, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    result = command("register", *pair, *options)
    assert result.exit_code == 3
    assert words in result.stderr
    assert sorted(tmp_path.iterdir()) == sorted(pair)


def test_ctrl_c_leaves_with_130_and_nothing_written(command, called, pair, tmp_path):
    result = command("register", *pair, "-o", tmp_path / "w.nrrd", "--field", tmp_path / "f.nrrd")
    assert result.exit_code == 130
    assert sorted(tmp_path.iterdir()) == sorted(pair)


def test_what_moving_does_not_cover_is_air_and_counts_in_no_correlation(command, events, cases, tmp_path):
    paths = [cases / f"g1_{name}.nii.gz" for name in ("fixed_ct", "moving_ct_smaller")]
    result = command("register", *paths, "-o", tmp_path / "warped.nrrd", "--json")
    *_, last = events(result)
    assert last["correlation_after"] > 0.985 > last["correlation_before"]
    fixed, moving, warped = map(read_volume, [*paths, tmp_path / "warped.nrrd"])
    low = [round(x) for x in fixed.geometry.physical_point((0, 0, 0))]
    assert low == [0, 0, 0]
    outside = np.ones(fixed.array.shape, bool)
    outside[5:, 7:] = False  # the part of FIXED that MOVING covers, and what moves out of it
    assert (np.abs(warped.array[outside] + 1000) < 15).all()
    assert moving.array.shape == (18, 40, 48)
    assert "It covers 62% of FIXED" in command("register", *paths, "-o", tmp_path / "again.nrrd", *QUICK).stderr
