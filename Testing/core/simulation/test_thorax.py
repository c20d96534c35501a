"""The drawn chest: what it is made of, and that its lungs keep their mass."""

import numpy as np

from phantom_regions import in_parenchyma, mass_and_volume
from temporal_interp.data.geometry import Geometry
from temporal_interp.simulation import BreathingLung, chest_volume, make_lung_cine
from temporal_interp.simulation.motion import slab_points
from temporal_interp.simulation.thorax import draw_thorax


def test_drawn_chest_has_lung_tissue_bone_and_air():
    lung, geometry = BreathingLung(), chest_volume()
    cine = make_lung_cine(lung, geometry, [0.5])
    hu = cine.sequence.volumes[0].array
    assert hu.dtype == np.int16
    inside = in_parenchyma(slab_points(geometry, slice(0, geometry.shape[0])), lung)
    assert -860 < np.median(hu[inside]) < -800
    assert hu.min() == -1000
    assert (hu > 400).mean() > 0.003
    assert (np.abs(hu - 60) < 60).mean() > 0.2
    assert 2.5 < inside.sum() * np.prod(geometry.spacing) / 1e6 < 7  # litres


def test_drawn_lungs_keep_their_mass():
    lung = BreathingLung(amplitude_z_mm=30, amplitude_y_mm=10)
    geometry = Geometry((40, 42, 60), (5.5, 5.5, 6.0), (-162.0, -113.0, -120.0))
    cine = make_lung_cine(lung, geometry, [0.0, 0.2, 0.5])

    def is_lung(material):
        return in_parenchyma(material, lung) & (draw_thorax(material, lung) < -500)

    masses, volumes = zip(
        *(
            mass_and_volume(lung, volume, phase, is_lung)
            for phase, volume in zip(cine.phases, cine.sequence.volumes, strict=True)
        ),
        strict=True,
    )
    np.testing.assert_allclose(masses, masses[-1], rtol=0.02)
    assert volumes[0] > 1.1 * volumes[-1]  # though they have grown
