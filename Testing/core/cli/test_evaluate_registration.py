"""temporal-interp evaluate-registration, and labels of temporal-interp register."""

import csv

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.io import read_volume, write_volume


def subject(centre, origin):
    """A ball of two shells in a box; the image, and the labels 4 and 9."""
    grid = Geometry((20, 22, 24), (1.0, 1.0, 1.0), origin)
    away = np.sqrt(sum((axis - at) ** 2 for axis, at in zip(np.indices(grid.shape), centre, strict=True)))
    labels = np.select([away < 4, away < 7], [4, 9], 0)
    noise = np.random.default_rng(0).normal(0, 5, grid.shape)
    image = np.select([away < 4, away < 7], [900, 500], 100) + noise
    return Volume(image.astype(np.float32), grid), Volume(labels.astype(np.uint8), grid)


@pytest.fixture
def brains(tmp_path):
    """Three subjects as Neurite gives OASIS; the third lies 30 mm away."""
    for number, (centre, origin) in enumerate([((9, 10, 11), 0), ((10, 11, 12), 0), ((9, 11, 11), 30)], 1):
        image, labels = subject(centre, (float(origin), 0.0, 0.0))
        folder = tmp_path / "oasis" / f"OASIS_OAS1_{number:04d}_MR1"
        folder.mkdir(parents=True)
        write_volume(image, folder / "aligned_norm.nii.gz")
        write_volume(labels, folder / "aligned_seg35.nii.gz")
    return tmp_path / "oasis"


def test_methods_are_compared_by_the_overlap_of_labels(command, events, brains, tmp_path):
    names = (
        "start",
        "velocity_grid:iterations=12",
        "nevf_voxels:iterations=2",
        "nevf:iterations=2:order=integrate-first",
    )
    methods = [part for name in names for part in ("--method", name)]
    result = command(
        "evaluate-registration", brains, *methods, "--no-affine", "--count", 1, "-o", tmp_path / "out", "--json"
    )
    *_, last = events(result)
    by_name = {row["method"]: row for row in last["summary"]}
    assert by_name["start"]["dice"] < 0.8 < by_name["velocity_grid:iterations=12"]["dice"]
    assert by_name["start"]["dice"] == pytest.approx(np.mean([by_name["start"][f"dice_{n}"] for n in (4, 9)]))
    assert last["layout"] == "oasis"
    assert {row["method"] for row in last["published"]} > {"NeVF", "SyN"}
    with (tmp_path / "out" / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["fixed"], row["moving"]) for row in rows] == [("OASIS_OAS1_0001_MR1", "OASIS_OAS1_0002_MR1")] * len(
        names
    )
    assert (tmp_path / "out" / "dice.png").stat().st_size > 5000


def test_an_affine_start_finds_an_image_elsewhere(command, brains):
    (brains / "OASIS_OAS1_0002_MR1" / "aligned_norm.nii.gz").unlink()
    result = command("evaluate-registration", brains, "--method", "start")
    assert result.exit_code == 0, result.stderr
    assert "1 pairs, 2 structures" in result.stdout
    assert "As published, not measured here" in result.stdout
    measured = result.stdout.split("As published")[0]
    assert float(next(line for line in measured.splitlines() if "start" in line).split("│")[3].split("±")[0]) > 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--method", "elastic"), "no registration 'elastic'"),
        (("--method", "demons:stride=2"), "takes no options"),
        (("--method", "nevf:stride=x"), "must be a number"),
        (("--method", "velocity_grid:order=integrate-first"), "has no option"),
        (("--atlas", "nobody"), "no image 'nobody'"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_does_not_exist_is_refused_before_the_work(command, brains, options, words):
    result = command("evaluate-registration", brains, *options)
    assert result.exit_code == 3
    assert words in result.stderr


def test_labels_on_another_grid_are_refused_by_name(command, brains):
    path = brains / "OASIS_OAS1_0002_MR1" / "aligned_seg35.nii.gz"
    labels = read_volume(path)
    write_volume(Volume(labels.array[1:], Geometry(labels.array[1:].shape)), path, overwrite=True)
    result = command("evaluate-registration", brains, "--method", "start", "--no-affine")
    assert result.exit_code == 3
    assert "aligned_seg35.nii.gz: the labels do not lie on the grid" in result.stderr


@pytest.fixture
def labelled(tmp_path):
    for name, centre in (("fixed", (9, 10, 11)), ("moving", (9, 11, 13))):
        image, labels = subject(centre, (0.0, 0.0, 0.0))
        write_volume(image, tmp_path / f"{name}.nrrd")
        write_volume(labels, tmp_path / f"{name}_seg.nrrd")
    return tmp_path


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_register_carries_labels_along(command, events, labelled, interpolation):
    result = command(
        "register", labelled / "fixed.nrrd", labelled / "moving.nrrd", "-o", labelled / "warped.nrrd",
        "--moving-labels", labelled / "moving_seg.nrrd", "--fixed-labels", labelled / "fixed_seg.nrrd",
        "--warped-labels", labelled / "new" / "seg.nii.gz", "--label-interpolation", interpolation, "--json",
    )  # fmt: skip
    *_, last = events(result)
    assert last["dice_before"] < 0.75 < 0.85 < last["dice_after"]
    assert set(last["dice"]) == {"4", "9"}
    warped, fixed = read_volume(labelled / "new" / "seg.nii.gz"), read_volume(labelled / "fixed_seg.nrrd")
    assert set(np.unique(warped.array)) == {0, 4, 9}
    assert (warped.array == fixed.array).mean() > 0.97


def test_labels_without_those_to_warp_are_refused(command, labelled):
    pair = (labelled / "fixed.nrrd", labelled / "moving.nrrd", "-o", labelled / "warped.nrrd")
    result = command("register", *pair, "--fixed-labels", labelled / "fixed_seg.nrrd")
    assert result.exit_code == 3
    assert "--moving-labels" in result.stderr
    image = command("register", *pair, "--moving-labels", labelled / "moving.nrrd")
    assert image.exit_code == 3
    assert "moving.nrrd" in image.stderr
    assert not (labelled / "warped.nrrd").exists()
