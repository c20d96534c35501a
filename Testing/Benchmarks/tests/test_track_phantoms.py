"""The table of tracking on simulated hearts: exact fields have no error, and each method has its row."""

import pytest

from exact_motion import exact_motion
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.track import Tracking
from temporal_interp.tracking.trajectories import displacement_from
from track_phantoms import heart_cine, rows, scores


def test_hearts_are_loops_of_their_dimensions():
    assert heart_cine("2d-5").sequence.volumes[0].geometry.shape == (1, 128, 128)
    volume = heart_cine("3d-5").sequence
    assert volume.volumes[0].geometry.shape[0] > 1
    assert not volume.slices_are_independent
    assert volume.period is not None


def test_exact_fields_have_next_to_no_error():
    cine = heart_cine("2d-5")
    motion = exact_motion(cine, closed=True)
    found = scores(cine, Tracking(motion, 0, displacement_from(motion), None))
    assert found["mean_mm"] < 0.05
    assert max(found["radial"], found["circumferential"], found["closing_mm"]) < 0.05


def test_each_method_has_a_row_with_its_time():
    quick = {
        name: TrackingSettings(method=name, scales=(8,), passes=(1,), least_steps=1, refinement=())
        for name in ("velocity", "nmsr")
    }
    velocity, nmsr = rows(("2d-5",), quick)
    assert (velocity["method"], nmsr["method"]) == ("velocity", "nmsr")
    assert velocity["mean_mm"] != pytest.approx(nmsr["mean_mm"])
    assert min(velocity["seconds"], nmsr["seconds"]) > 0
