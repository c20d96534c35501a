"""The methods of the registration table by name, with their options."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, MissingPackageError, no_progress
from temporal_interp.evaluation import pairwise_syn, registration_methods
from temporal_interp.evaluation.registration_methods import registration_method
from temporal_interp.evaluation.registration_table import evaluate_registration
from temporal_interp.registration.settings import GridField, VelocitySettings


@pytest.fixture
def settings_of(monkeypatch):
    """Function that returns the settings with which a method registers."""

    def settings(name):
        asked = {}

        def pretend(fixed, moving, **how):
            asked.update(how)
            raise KeyboardInterrupt

        monkeypatch.setattr(registration_methods, "register", pretend)
        volume = Volume(np.zeros((2, 2, 2), np.float32), Geometry((2, 2, 2)))
        with pytest.raises(KeyboardInterrupt):
            registration_method(name)(volume, volume, no_progress)
        return asked["settings"]

    return settings


def test_names_mean_the_settings_of_register_and_of_the_paper(settings_of):
    assert settings_of("velocity_grid") == VelocitySettings.volume()
    assert settings_of("neural") == VelocitySettings.neural()
    assert settings_of("nevf") == VelocitySettings.paper()
    voxels = settings_of("nevf_voxels")
    assert voxels.field == GridField(stride=1.0, spread=0.0, starts=1)
    assert (voxels.smoothness, voxels.folding, voxels.iterations) == (0.1, 100.0, (300,))


def test_options_change_what_table_3_and_section_3_5_change(settings_of):
    changed = settings_of("nevf:stride=4:iterations=80:order=integrate-first")
    assert (changed.field.stride, changed.iterations, changed.field.upsampled) == (4.0, (80,), False)
    assert VelocitySettings.paper().field.upsampled


def test_syn_needs_its_package(monkeypatch):
    monkeypatch.setattr(pairwise_syn, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="antspyx"):
        registration_method("syn_nevf")


def test_demons_bring_a_ball_onto_another():
    grid = Geometry((16, 16, 16))
    k, j, i = np.indices(grid.shape)

    def ball(at):
        return Volume((100 * np.exp(-((k - 8) ** 2 + (j - 8) ** 2 + (i - at) ** 2) / 18)).astype(np.float32), grid)

    field = registration_method("demons")(ball(7), ball(8.5), no_progress)
    assert field.shape == (16, 16, 16, 3)
    assert field[8, 8, 8, 0] == pytest.approx(1.5, abs=0.6)


def test_nothing_to_evaluate_is_refused():
    with pytest.raises(InvalidInputError, match="at least one pair"):
        evaluate_registration([], {"start": registration_method("start")})
