"""What an image shows, and what it has where there is nothing."""

import numpy as np
import pytest

from temporal_interp.data import field_of_view as module
from temporal_interp.data.field_of_view import (
    Filling,
    background,
    field_of_view,
    filled_from_each_other,
    is_constant,
    outside_as_nan,
    require_seen,
    seen_in_either,
    shows_something,
)
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError

GENERATOR = np.random.default_rng(1)


def volume_of(array, spacing=(1.0, 1.0, 1.0)):
    return Volume(np.asarray(array), Geometry(np.shape(array), spacing))


def holed(*holes, shape=(2, 4, 5), value=np.nan):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    for hole in holes:
        array[hole] = value
    return volume_of(array)


def test_finite_images_are_passed_on_as_they_are():
    for array in (np.ones((1, 2, 3)), np.ones((1, 2, 3), np.int16)):
        assert field_of_view(array) is None
        assert Filling()(volume_of(array)) is array
        assert outside_as_nan(array, None) is array
        assert filled_from_each_other(array, array, (None, None)) == (array, array)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_not_seen_is_filled_with_the_nearest_in_mm(value):
    volume = holed((0, 1, 2), value=value)
    wide = Volume(volume.array, Geometry((2, 4, 5), (3.0, 2.0, 9.0)))
    near_along_k = Volume(volume.array, Geometry((2, 4, 5), (3.0, 2.0, 1.0)))
    assert Filling()(wide)[0, 1, 2] in (2, 12)  # along J
    assert Filling()(near_along_k)[0, 1, 2] == 27
    assert Filling((9.0, 9.0, 1.0))(near_along_k)[0, 1, 2] in (6, 8)
    assert not np.isfinite(volume.array[0, 1, 2])


def test_what_is_nearest_is_worked_out_once_for_frames_of_one_field_of_view(monkeypatch):
    calls, nearest = [], module._nearest
    monkeypatch.setattr(module, "_nearest", lambda *a: calls.append(a) or nearest(*a))
    fill = Filling()
    for volume in (holed((0, 0, 0)), holed((0, 0, 0)), holed((1, 3, 4))):
        assert np.isfinite(fill(volume)).all()
    assert len(calls) == 2


@pytest.mark.parametrize("shown", [0, 1, 3])
def test_a_volume_that_shows_next_to_nothing_is_refused_by_name(shown):
    array = np.full((4, 30, 30), np.nan, np.float32)
    array.ravel()[:shown] = 5
    words = "is NaN or infinite throughout" if shown == 0 else "shows next to nothing"
    with pytest.raises(InvalidInputError, match=f"^Frame 3 {words}"):
        require_seen(volume_of(array), "Frame 3")
    assert not shows_something(volume_of(array))
    array.ravel()[:4] = 5
    assert shows_something(volume_of(array))
    if shown == 0:
        with pytest.raises(InvalidInputError, match="shows nothing"):
            Filling()(volume_of(np.full((1, 2, 2), np.nan)))


def test_what_either_shows_is_seen():
    first, last = holed((0, 0, 0), (1, 1, 1)).array, holed((0, 0, 0), (1, 2, 2)).array
    either = seen_in_either(first, last)
    assert np.argwhere(~either).tolist() == [[0, 0, 0]]
    assert seen_in_either(first, np.ones_like(first)) is None
    assert seen_in_either(first, holed((0, 3, 3)).array) is None


def test_constant_is_what_all_numbers_are():
    assert is_constant(np.array([3.0, np.nan, 3.0]))
    assert is_constant(np.array([np.nan]))
    assert not is_constant(np.array([3.0, np.nan, 4.0]))
    assert is_constant(np.zeros(4, np.int16))


# --- background


def body_in(around, noise=0.0, tissue=40.0, shape=(6, 40, 40)):
    disc = np.hypot(*(np.mgrid[: shape[1], : shape[2]] - 20)) < 15
    return np.where(disc, tissue, around) + noise * GENERATOR.normal(size=shape)


@pytest.mark.parametrize(
    ("image", "expected", "tolerance"),
    [
        pytest.param(body_in(-1000, noise=12).astype(np.int16), -1000, 5, id="CT"),
        pytest.param(body_in(-1024).astype(np.int16), -1024, 0, id="CT without noise"),
        pytest.param(np.abs(body_in(0, noise=4, tissue=300)), 3, 3, id="MR with noise"),
        pytest.param(body_in(0, tissue=5e4).astype(np.float32), 0, 0, id="PET"),
        pytest.param(body_in(-0.8, noise=0.02, tissue=2.0), -0.8, 0.06, id="normalised to a deviation of 1"),
        pytest.param(body_in(0.0, tissue=0.9), 0, 0, id="from 0 to 1"),
        pytest.param(body_in(0, tissue=200).astype(np.uint8), 0, 0, id="ultrasound"),
        pytest.param(body_in(7, tissue=200)[:1], 7, 0, id="one slice"),
    ],
)
def test_background_is_what_surrounds_the_body(image, expected, tolerance):
    assert background(volume_of(image)) == pytest.approx(expected, abs=tolerance)


def test_an_image_with_tissue_at_its_edges_has_the_darkest_it_shows():
    cut = body_in(-1000)[:, 10:30, 10:30]
    cut[2, 8:12, 8:12] = -1000  # gas within
    assert background(volume_of(cut)) == -1000
    assert background(volume_of(np.full((1, 4, 4), 40.0))) == 40


def test_padding_of_nan_goes_on_and_a_dead_pixel_does_not():
    padded = body_in(-1000)
    padded[:, :, :3] = padded[:, :, -3:] = padded[:, :3] = padded[:, -3:] = np.nan
    assert np.isnan(background(volume_of(padded)))
    dead = body_in(-1000)
    dead[0, 0, 0], dead[2, 20, 20] = np.nan, -np.inf
    assert background(volume_of(dead)) == -1000
    with pytest.raises(InvalidInputError, match="shows nothing"):
        background(volume_of(np.full((1, 3, 3), np.nan)))
