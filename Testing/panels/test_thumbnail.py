"""Small pictures of sequences."""

import numpy as np
import pytest

from TemporalInterpLib.thumbnail import SIDE, thumbnail


def pixels(data: bytes) -> np.ndarray:
    kind, size, depth, *lines = data.decode().splitlines()
    assert (kind, depth) == ("P2", "255")
    across, down = map(int, size.split())
    array = np.array([[int(value) for value in line.split()] for line in lines])
    assert array.shape == (down, across)
    return array


@pytest.mark.parametrize(
    ("shape", "pixel_size", "size"),
    [
        ((10, 20), (1, 1), (36, 72)),
        ((200, 100), (1, 1), (72, 36)),
        ((10, 10), (4, 1), (72, 18)),
        ((1, 900), (1, 1), (1, 72)),
    ],
)
def test_it_has_the_proportions_of_the_patient(shape, pixel_size, size):
    assert pixels(thumbnail(np.random.default_rng(1).random(shape), pixel_size)).shape == size
    assert max(size) == SIDE


def test_it_shows_the_picture_upright():
    array = pixels(thumbnail(np.array([[0.0, 1.0], [2.0, 3.0]])))
    assert (array[0, 0], array[0, -1], array[-1, 0], array[-1, -1]) == (0, 85, 170, 255)


def test_the_window_of_the_files_is_used():
    array = pixels(thumbnail(np.array([[0.0, 100.0], [200.0, 400.0]]), window=(100.0, 200.0)))
    assert (array[0, 0], array[0, -1], array[-1, 0], array[-1, -1]) == (0, 128, 255, 255)


@pytest.mark.parametrize(
    "picture", [np.full((3, 3), 7), np.full((3, 3), np.nan), np.array([[np.inf, -np.inf], [0, np.nan]])]
)
def test_pictures_without_contrast_are_drawn(picture):
    assert set(np.unique(pixels(thumbnail(picture)))) <= set(range(256))
