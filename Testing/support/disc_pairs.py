"""A disc that moves by a known way, seen on an oblique grid by the student."""

import numpy as np
from scipy.spatial.transform import Rotation

from pairs import prepare
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.engines.student import StudentEngine
from temporal_interp.registration.settings import GridField, VelocitySettings

OBLIQUE = Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix()
GRID = Geometry((1, 64, 80), (1.5, 1.25, 8.0), (10.0, -5.0, 3.0), OBLIQUE)
WAY = (2.0, 4.0)
"""Voxels, (J, I), that the disc moves."""
QUICK = VelocitySettings(field=GridField(stride=1.5), levels=(2, 1), iterations=(40, 40))


def disc(t, geometry=GRID, *, way=WAY, dtype="float32", level=80.0):
    """A textured disc on a flat ground that moves steadily by `way` voxels through the centre of the plane."""
    j, i = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in geometry.shape[1:]], indexing="ij")
    j, i = j - (t - 0.5) * way[0], i - (t - 0.5) * way[1]
    plane = 1 / (1 + np.exp((np.hypot(j, i) - 9) / 1.5)) * (1 + 0.3 * np.cos(j / 3) * np.cos(i / 3))
    values = level + 100 * np.broadcast_to(plane, geometry.shape)
    return Volume(values.astype(dtype), geometry)


def difference(volume, truth):
    return float(np.sqrt(((volume.array.astype(float) - truth.array) ** 2).mean()))


def prepare_student(student, first=None, last=None, **options):
    engine = StudentEngine(student, precision="float32", **options.pop("engine", {}))
    return prepare(engine, first or disc(0.0), last or disc(1.0), **options)
