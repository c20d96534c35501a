"""Sizes of a heart that cannot be."""

import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation import (
    HeartShape,
)


@pytest.mark.parametrize(
    "sizes",
    [{"endocardial_radius_mm": 40.0}, {"endocardial_radius_mm": -1.0}, {"cavity_length_mm": 100.0}],
)
def test_impossible_shape_is_refused(sizes):
    with pytest.raises(InvalidInputError, match="must be positive"):
        HeartShape(**sizes)
