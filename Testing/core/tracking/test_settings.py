"""Settings of tracking refuse what makes no sense, and say which."""

from dataclasses import replace

import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.tracking.settings import TrackingSettings

WRONG = {
    "method": ["demons", None],
    "scales": [(), (1, 2), (2, 2), (0,), (1.5,)],
    "passes": [(), (1,), (0, 1, 1, 1), (1.5, 1, 1, 1)],
    "widths": [(), (0,)],
    "refinement": [(1, 2), (0,)],
    "learning_rate": [0, -1],
    "batch": [0, 1.5],
    "least_steps": [0, 1.5],
    "radius": [0],
    "noise_variance_floor": [0],
    "stride": [0],
    "smoothness": [-1],
    "blur": [-0.1],
    "decay": [-0.1, 1.1],
    "patience": [-1],
    "max_voxels": [0],
    "seed": [-1, 0.5],
    "refinement_passes": [0],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_value_is_refused_by_name(name, value):
    with pytest.raises(InvalidInputError, match=name):
        replace(TrackingSettings(), **{name: value})


def test_one_scale_does_as_much_work():
    settings = replace(TrackingSettings(), scales=(8, 4, 2, 1), passes=(64, 32, 16, 8))
    assert settings.one_scale().scales == (1,)
    assert settings.one_scale().passes == (15,)  # 64/64 + 32/16 + 16/4 + 8
    assert settings.one_scale(3).passes == (11,)  # 64/512 + 32/64 + 16/8 + 8


def test_paper_has_its_scales_rate_and_window():
    paper = TrackingSettings.paper()
    assert (paper.scales, paper.learning_rate, paper.radius) == ((8, 4, 2, 1), 1e-3, 6)
    assert (paper.refinement, paper.antisymmetric, paper.stride) == ((), False, 1)
    assert (paper.smoothness, paper.norm) == (10, "l2")
    assert (paper.least_steps, paper.batch, paper.warm_up, paper.decay, paper.patience) == (3500, 1, 0, 0, 0)
    assert paper.method == TrackingSettings.most_similar().method == "nmsr"


def test_line_tells_what_was_changed():
    assert TrackingSettings().in_one_line() == ""
    assert replace(TrackingSettings(), batch=2, scales=(2, 1), passes=(1, 2)).in_one_line() == (
        "scales=(2,1) passes=(1,2) batch=2"
    )
