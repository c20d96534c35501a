"""The velocity field as an engine: its settings."""

import numpy as np
import pytest

from temporal_interp.data.sequence import Sequence
from temporal_interp.engines.pairs import course
from temporal_interp.engines.pairs.fusion import Fusion
from temporal_interp.engines.registry import create_engine
from temporal_interp.engines.velocity_field import VelocityFieldEngine
from temporal_interp.errors import FitDivergedError, InvalidInputError
from temporal_interp.registration.settings import GridField, VelocitySettings


class TestEase:
    def test_it_is_reported_with_the_settings(self):
        assert VelocityFieldEngine(context=False, ease=0.25).settings == "ease=0.25"
        assert VelocityFieldEngine(context=False).settings == "pair"
        assert VelocityFieldEngine().settings == ""

    def test_it_is_refused_where_the_frames_around_tell_the_pace(self):
        with pytest.raises(InvalidInputError, match="two frames alone"):
            VelocityFieldEngine(ease=0.25)

    @pytest.mark.parametrize("ease", [-0.1, 1.1, np.nan])
    def test_what_makes_no_sense_is_refused(self, ease):
        with pytest.raises(InvalidInputError, match=r"from 0 \(even motion\) to 1"):
            VelocityFieldEngine(ease=ease)


def test_settings_in_one_line_name_what_differs_from_the_defaults():
    engine = VelocityFieldEngine(
        registration=VelocitySettings(window=11, levels=(4, 1), iterations=(3, 5)),
        fusion=Fusion(radius_mm=11.5, noise=0.125),
    )
    line = engine.settings
    assert "\n" not in line
    for part in ("window=11", "levels=(4,1)", "iterations=(3,5)", "radius_mm=11.5", "noise=0.125"):
        assert part in line.split(" ")
    assert "learning_rate" not in line
    assert VelocityFieldEngine().settings == ""


class TestSearch:
    def test_it_is_reported_with_the_settings_and_looks_around(self):
        engine = create_engine("velocity_field:search")
        assert engine.settings == "search=6"
        assert engine.context

    def test_fits_of_slices_begin_from_it_and_those_of_volumes_do_not(self, monkeypatch):
        used = []

        def noted(fixed, moving, geometry, settings, **others):
            used.append(settings)
            raise FitDivergedError("enough")

        monkeypatch.setattr(course, "fit_volumes", noted)
        for thickness, spacing in ((8.0, (1.0, 1.0, 16.0)), (1.0, (1.0, 1.0, 1.0))):
            frames = np.random.default_rng(0).random((3, 8, 16, 16))
            cine = Sequence.from_numpy(frames, spacing=spacing, slice_thickness=thickness)
            with pytest.raises(FitDivergedError):
                create_engine("velocity_field:search").prepare(cine).at(0.5)
        assert used == [VelocitySettings(field=GridField(search=6)), VelocitySettings.volume()]
