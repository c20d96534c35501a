"""Times in messages."""

import pytest

from temporal_interp.data.time_text import time_text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "0"),
        (0.04, "0.04"),
        (33.2, "33.2"),
        (100 / 3, "33.3333"),
        (120, "120"),
        (-120.5, "-120.5"),
        (1000000, "1000000"),
        (36000123.4, "36000123.4"),
        (1.7e9 + 0.001, "1700000000.001"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_times_are_plain_numbers(time, text):
    assert time_text(time) == text
    assert time_text(time, "ms") == f"{text} ms"


@pytest.mark.parametrize("start", [0, 99.9995, 1e3, 36e6, 1.7e9])
def test_neighbours_differ(start):
    texts = [time_text(start + 0.002 * step) for step in range(5)]
    assert len(set(texts)) == 5
    assert [float(text) for text in texts] == sorted(float(text) for text in texts)
