"""Scalar types: integers are rounded and clipped, real types are not rounded."""

import numpy as np
import pytest

from temporal_interp.data.scalar_type import to_scalar_type

INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


@pytest.mark.parametrize("real", ["float32", "float64"])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_rounded_and_clipped_never_wrapped(dtype, real):
    limits = np.iinfo(dtype)
    made = to_scalar_type(np.array([-1e30, 1.49, 1.51, 2.5, 3.5, 100.2, 1e30], real), np.dtype(dtype))
    assert made.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(made[1:-1], np.array([1, 2, 2, 4, 100], dtype))
    assert made[0] == limits.min
    # the highest real number that is not above the highest integer: they differ for wide integers
    assert limits.max - int(made[-1]) <= np.spacing(np.asarray(limits.max, real))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_real_scalar_types_are_not_rounded(dtype):
    made = to_scalar_type(np.array([-0.25, 1.5]), np.dtype(dtype))
    assert made.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(made, [-0.25, 1.5])
