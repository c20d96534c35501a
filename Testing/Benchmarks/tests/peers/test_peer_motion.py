"""Every peer that needs no training finds a motion that is known, in both directions, in 3D and in a slice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pairs import prepare
from peers.demons import DemonsSettings, demons
from peers.elastix import ElastixSettings, elastix
from peers.scaled_fields import ScaledFieldsEngine
from peers.settings import frozen_settings
from peers.syn import SynSettings, syn
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, no_progress

UNIT = IntensityRange(0.0, 1.0)


def quick_elastix(name):
    settings = frozen_settings(name, ElastixSettings)
    # the picture has few voxels, too few for control points as close as the tuned ones
    few = {"rigid_iterations": min(settings.rigid_iterations, 20), "iterations": 60, "resolutions": 2}
    few["grid_spacing_mm"] = 16
    return elastix(name, replace(settings, **few))


def quick_syn(name):
    settings = frozen_settings(name, SynSettings)
    iterations = settings.reg_iterations and (40, 20, 5)
    return syn(name, replace(settings, reg_iterations=iterations))


PEERS = {
    "demons": lambda name: demons(name, frozen_settings(name, DemonsSettings)),
    "syn_default": quick_syn,
    "syn": quick_syn,
    "elastix_slicer": quick_elastix,
    "elastix": quick_elastix,
}
"""Every peer with its frozen settings, but what makes it quick."""


def mean_error(field, truth, where):
    return np.linalg.norm(field - truth, axis=-1)[where].mean()


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("case", ["volume", "slice"])
def test_both_directions_are_found_on_a_turned_grid(name, case, known_pair, known_slice, or_skip):
    pair = known_pair if case == "volume" else known_slice
    found = or_skip(PEERS[name], name)(pair.first, pair.last, independent=case == "slice", progress=no_progress)
    for field, truth in ((found.first_to_last, pair.first_to_last), (found.last_to_first, pair.last_to_first)):
        assert field.shape == truth.shape
        assert field.dtype == np.float32
        assert mean_error(field, truth, pair.moving) < 0.5 * mean_error(0 * truth, truth, pair.moving)


@pytest.mark.parametrize("name", ["demons", "syn", "elastix"])
def test_the_middle_frame_is_nearer_to_the_truth_than_the_blend(name, known_pair, or_skip):
    engine = ScaledFieldsEngine(or_skip(PEERS[name], name))
    frame = prepare(engine, known_pair.first, known_pair.last, intensity_range=UNIT).at(0.5).volume.array
    blend = 0.5 * known_pair.first.array + 0.5 * known_pair.last.array
    error, blended = (np.mean((image - known_pair.middle)[known_pair.moving] ** 2) for image in (frame, blend))
    assert error < 0.5 * blended


@pytest.mark.parametrize("name", ["demons", "syn", "elastix"])
def test_two_runs_give_the_same_fields(name, known_slice, or_skip, monkeypatch):
    monkeypatch.setenv("ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", "1")  # ANTs promises it for one thread only
    register = or_skip(PEERS[name], name)
    one, other = (
        register(known_slice.first, known_slice.last, independent=True, progress=no_progress) for _ in range(2)
    )
    np.testing.assert_array_equal(one.first_to_last, other.first_to_last)
    np.testing.assert_array_equal(one.last_to_first, other.last_to_first)


@pytest.mark.parametrize("name", ["syn", "elastix"])
def test_nothing_is_written_and_the_working_folder_stays(name, known_slice, or_skip, tmp_path, monkeypatch):
    register = or_skip(PEERS[name], name)
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir(), temporary.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    register(known_slice.first, known_slice.last, independent=True, progress=no_progress)
    assert Path.cwd() == here
    assert [*here.iterdir(), *temporary.iterdir()] == []


def test_images_that_elastix_cannot_register_are_an_expected_error(or_skip):
    register = or_skip(quick_elastix, "elastix")
    first, last = (
        Volume(np.random.default_rng(n).random((1, 2, 2), dtype=np.float32), Geometry((1, 2, 2))) for n in range(2)
    )
    with pytest.raises(InvalidInputError, match=r"elastix could not register two frames \(ITK ERROR: .*\); omit"):
        register(first, last, independent=True, progress=no_progress)


def test_the_frozen_settings_reach_the_demons(known_slice):
    settings = frozen_settings("demons", DemonsSettings)
    one, other = (
        demons("demons", s)(known_slice.first, known_slice.last, independent=True, progress=no_progress).first_to_last
        for s in (settings, replace(settings, smoothing=settings.smoothing + 1))
    )
    assert not np.array_equal(one, other)
