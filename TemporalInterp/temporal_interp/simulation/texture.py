"""A smooth random texture from a formula, which can be read at any point, without a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WAVES = 16
"""Number of plane waves: enough that no repetition is visible."""


@dataclass(frozen=True, eq=False)
class Texture:
    """A sum of plane waves of random direction, wavelength and shift: mean 0, standard deviation 1.

    Attributes:
        wave_vectors: (3, WAVES) float32, radians per mm.
        shifts: (WAVES,) float32, radians.
    """

    wave_vectors: np.ndarray
    shifts: np.ndarray

    @classmethod
    def random(cls, seed: int, wavelengths_mm: tuple[float, float], *, flatness: float = 1.0) -> Texture:
        """Return a random texture.

        >>> Texture.random(0, (5.0, 10.0)).at(np.zeros((4, 3))).shape
        (4,)

        Args:
            seed: seed of the random numbers.
            wavelengths_mm: shortest and longest wavelength.
            flatness: factor that stretches the texture along z, so that a thick slice does not average it away.
        """
        rng = np.random.default_rng(seed)
        direction = rng.normal(size=(3, WAVES))
        direction /= np.linalg.norm(direction, axis=0)
        vectors = direction * (2 * np.pi / rng.uniform(*wavelengths_mm, WAVES))
        vectors[2] /= flatness
        return cls(vectors.astype(np.float32), rng.uniform(0, 2 * np.pi, WAVES).astype(np.float32))

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return the texture at points (..., 3) in mm, (...) float32."""
        waves = points.astype(np.float32) @ self.wave_vectors
        waves += self.shifts
        return np.cos(waves, out=waves).sum(-1) * np.float32(np.sqrt(2 / WAVES))
