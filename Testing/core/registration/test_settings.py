"""Settings of a registration: what makes no sense, and what the one line of them says."""

from dataclasses import fields, replace

import pytest

from quick_registrations import FAST, FAST_NETWORK
from temporal_interp.errors import InvalidInputError
from temporal_interp.registration.grids import fitted_shape
from temporal_interp.registration.settings import GridField, NetworkField, VelocitySettings


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("field", "spline"),
        *[(name, 0) for name in ("width", "frequency", "extent", "reach", "max_voxels", "learning_rate")],
        *[(name, -1) for name in ("width", "frequency", "extent", "reach", "max_voxels", "learning_rate")],
        *[(name, -1) for name in ("spread", "noise_variance_floor", "smoothness", "bending", "folding")],
        *[(name, -1) for name in ("patience", "tolerance")],
        *[(name, float("nan")) for name in ("frequency", "reach", "learning_rate", "smoothness", "stride")],
        ("squaring_steps", 0),
        ("window_stride", 0),
        ("layers", 1),
        ("stride", 0.5),
        ("window", 8),
        ("window", 1),
        ("window", -3),
        ("starts", 0),
        ("search", -1),
        ("levels", ()),
        ("levels", (2, 0)),
        ("iterations", ()),
        ("iterations", (10,)),
        ("iterations", (10, 10, 10)),
        ("iterations", (10, 0)),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(name, bad):
    owners = [
        settings for settings in (FAST, FAST.field, FAST_NETWORK.field) if name in {f.name for f in fields(settings)}
    ]
    assert owners
    for settings in owners:
        with pytest.raises(InvalidInputError, match=f"'{name}'"):
            replace(settings, **{name: bad})


def test_zero_turns_the_optional_parts_off():
    replace(FAST, smoothness=0.0, bending=0.0, folding=0.0, patience=0, tolerance=0.0)


def test_paper_settings_are_the_papers():
    paper = VelocitySettings.paper()
    assert paper.field == NetworkField(stride=3.0, width=256, layers=5, frequency=30.0, extent=1.0, reach=1.0)
    assert (paper.squaring_steps, paper.levels) == (7, (1,))
    assert (paper.window, paper.folding, paper.smoothness) == (9, 100.0, 0.1)
    assert (paper.learning_rate, paper.iterations) == (1e-4, (300,))
    assert not paper.symmetric
    assert paper.window_stride == 1
    assert fitted_shape((300, 400, 500), (1.0, 1.0, 1.0), 1, paper.max_voxels) == (300, 400, 500)


def test_one_line_tells_every_setting_that_differs_and_no_other():
    default = VelocitySettings()
    assert default.in_one_line() == ""
    assert replace(default, window=5, levels=(5, 3), iterations=(1, 2)).in_one_line() == (
        "levels=(5,3) iterations=(1,2) window=5"
    )
    assert replace(default, field=GridField(stride=3.0)).in_one_line() == "stride=3.0"
    assert VelocitySettings.neural().in_one_line().startswith("field=network iterations=")
    paper = VelocitySettings.paper()
    names = [part.split("=")[0] for part in paper.in_one_line().split()]
    assert names[:3] == ["field", "stride", "width"]
    assert set(names) <= {f.name for settings in (paper, paper.field) for f in fields(settings)}
