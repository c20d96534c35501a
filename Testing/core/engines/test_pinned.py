"""The shipped student gives the frames it has always given: what makes it faster must not change them."""

import numpy as np
import pytest

from pairs import prepare
from temporal_interp.data.intensity import IntensityRange
from temporal_interp.engines.student import StudentEngine
from temporal_interp.simulation import BeatingHeart, make_heart_cine, short_axis_stack

T = 0.35
PROBES = [(1, 40, 48), (2, 30, 40), (2, 48, 32), (3, 52, 60), (4, 36, 52)]
"""Voxels (K, J, I) in and around the wall of the heart."""

FRAME = [0.407863, 0.60159, 0.462727, 0.7727, 0.536907]
"""The frame at T there, 1 for the brightest voxel, computed in float32 when the weights were new."""

FIELD = [[-0.4483, -0.3363], [-0.334, -0.6129], [-0.6579, -0.0235], [0.8252, 0.4285], [-0.3922, -1.2227]]
"""Likewise the field from the first volume to T: components (x, y), mm."""


@pytest.fixture(scope="module")
def pair():
    heart = BeatingHeart()
    geometry = short_axis_stack(heart, shape=(6, 96, 96), spacing_mm=(1.9, 1.9, 12.0))
    volumes = make_heart_cine(heart, geometry, [0.0, heart.end_systole]).sequence.volumes
    brightest = max(float(v.array.max()) for v in volumes)
    return [v.with_array((v.array / brightest).astype(np.float32)) for v in volumes]


def frame_at(pair, precision):
    engine = StudentEngine(StudentEngine.from_model().student, precision=precision)
    return prepare(engine, *pair, intensity_range=IntensityRange(0.0, 1.0)).at(T, fields=True)


def test_the_frame_and_the_field_in_float32_are_those_of_before(pair):
    frame = frame_at(pair, "float32")
    where = tuple(np.transpose(PROBES))
    np.testing.assert_allclose(frame.volume.array[where], FRAME, rtol=0, atol=5e-6)
    np.testing.assert_allclose(frame.displacement_first_to_t.array[where][:, :2], FIELD, rtol=0, atol=2e-4)


def test_bfloat16_stays_within_its_rounding_of_float32(pair):
    exact, rounded = (frame_at(pair, precision) for precision in ("float32", "bfloat16"))
    error = rounded.volume.array - exact.volume.array
    assert np.sqrt(np.mean(error**2)) < 2e-4
    motion = rounded.displacement_first_to_t.array - exact.displacement_first_to_t.array
    assert np.abs(motion).max() < 0.02
