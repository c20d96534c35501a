"""Oblique sequences of noise, by which reading and writing is tested."""

import numpy as np

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume


def rotation(axis: int, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.insert(np.insert([[c, -s], [s, c]], axis, 0, axis=0), axis, np.eye(3)[axis], axis=1)


OBLIQUE = rotation(2, 20) @ rotation(0, -35) @ rotation(1, 10)


def make_noise_sequence(
    shape=(2, 3, 4), dtype="int16", values=(0.0, 33.3, 70.0), direction=OBLIQUE, **changes
) -> Sequence:
    """Return an oblique sequence of noise; every second frame is marked as synthetic."""
    geometry = Geometry(shape, (1.4, 1.5, 8.1), (-31.25, 12.5, 7.1), tuple(map(tuple, direction)))
    random = np.random.default_rng(1)
    noise = random.normal(0, 100, (len(values), *shape))
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        noise = random.integers(limits.min, limits.max, noise.shape, dtype=dtype, endpoint=True)
    attributes = [
        Provenance("linear_blend", 0.0, 70.0, 0.5, "gain=2").as_attributes() if number % 2 else {"Phase": f"{value}"}
        for number, value in enumerate(values)
    ]
    settings = {"item_attributes": attributes, "index_name": "trigger time", "slice_thickness": 6.0} | changes
    return Sequence([Volume(frame.astype(dtype), geometry) for frame in noise], values, **settings)


def assert_same_sequence(got: Sequence, wanted: Sequence) -> None:
    """Assert that a sequence came back: voxels, type, index and attributes exactly."""
    assert len(got) == len(wanted)
    for one, other in zip(got.volumes, wanted.volumes, strict=True):
        assert one.array.dtype == other.array.dtype
        np.testing.assert_array_equal(one.array, other.array)
        assert one.geometry.is_close(other.geometry)
    assert got.times == wanted.times
    assert (got.index_name, got.unit) == (wanted.index_name, wanted.unit)
    assert got.item_attributes == wanted.item_attributes
    assert (got.slice_thickness, got.period) == (wanted.slice_thickness, wanted.period)
    assert got.notes == ()
