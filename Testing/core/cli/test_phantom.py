"""temporal-interp phantom."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.io import read_displacement, read_sequence, write_volume


@pytest.mark.parametrize("body", ["heart", "lung"])
def test_a_sequence_says_that_it_is_a_phantom(command, tmp_path, body):
    out = tmp_path / "out.seq.nrrd"
    result = command("phantom", body, "-o", out, "--phases", 3)
    assert result.exit_code == 0, result.stderr
    sequence = read_sequence(out)
    assert len(sequence) == 3
    assert sequence.volumes[0].geometry.shape[0] == 1
    assert all("phantom" in attributes["TemporalInterp.Phantom"] for attributes in sequence.item_attributes)


def test_noise_follows_the_seed(command, tmp_path):
    def frame(name, *options):
        command("phantom", "heart", "-o", tmp_path / name, "--phases", 1, *options)
        return read_sequence(tmp_path / name).volumes[0].array

    clean = frame("clean.seq.nrrd")
    noisy = frame("noisy.seq.nrrd", "--noise", 5, "--seed", 1)
    assert (noisy != clean).mean() > 0.5
    np.testing.assert_array_equal(noisy, frame("again.seq.nrrd", "--noise", 5, "--seed", 1))
    assert (noisy != frame("other.seq.nrrd", "--noise", 5, "--seed", 2)).mean() > 0.5


def test_a_clinical_heart_in_3d_is_a_stack_of_thick_slices(command, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    assert command("phantom", "heart", "-o", out, "--phases", 1, "--dimensions", 3, "--clinical").exit_code == 0
    sequence = read_sequence(out)
    assert sequence.volumes[0].geometry.shape[0] > 5
    assert sequence.slice_thickness == 8.0


def test_the_truth_is_the_motion_from_frame_0(command, tmp_path):
    out, truth = tmp_path / "out.seq.nrrd", tmp_path / "truth"
    command("phantom", "heart", "-o", out, "--phases", 3, "--truth", truth)
    assert sorted(path.name for path in truth.iterdir()) == [
        "displacement_frame_0_to_1.nrrd",
        "displacement_frame_0_to_2.nrrd",
        "jacobian_frame_0_to_1.nrrd",
        "jacobian_frame_0_to_2.nrrd",
    ]
    array, geometry = read_displacement(truth / "displacement_frame_0_to_1.nrrd")
    assert geometry.is_close(read_sequence(out).volumes[0].geometry)
    assert 3 < np.linalg.norm(array, axis=-1).max() < 30


def test_a_real_ct_breathes_on_its_own_grid(command, tmp_path):
    geometry = Geometry((20, 16, 16), (8.0, 8.0, 10.0))
    ct = Volume(np.random.default_rng(0).integers(-900, 100, geometry.shape).astype(np.int16), geometry)
    write_volume(ct, tmp_path / "ct.nrrd")
    out = tmp_path / "out.seq.nrrd"
    result = command("phantom", "lung", "-o", out, "--phases", 2, "--ct", tmp_path / "ct.nrrd")
    assert result.exit_code == 0, result.stderr
    sequence = read_sequence(out)
    assert sequence.volumes[0].geometry.is_close(geometry)
    np.testing.assert_array_equal(sequence.volumes[1].array, ct.array)  # phase 0.5, at which the CT is taken


@pytest.mark.parametrize(
    "options",
    [
        ("heart", "--ct", "x.nrrd"),
        ("lung", "--clinical"),
        ("lung", "--ct", "x.nrrd", "--dimensions", 2),
        ("heart", "--dimensions", 4),
        ("heart", "--phases", 0),
        ("kidney",),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(command, tmp_path, options):
    assert command("phantom", *options, "-o", tmp_path / "out.seq.nrrd").exit_code == 2


def test_nothing_is_written_when_the_ct_cannot_be_read(command, tmp_path):
    result = command(
        "phantom", "lung", "-o", tmp_path / "o.nii.gz", "--ct", tmp_path / "no.nrrd", "--truth", tmp_path / "truth"
    )
    assert result.exit_code == 3
    assert list(tmp_path.iterdir()) == []
