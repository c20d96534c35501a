"""What the beating heart looks like at end diastole: a balanced steady-state (bSSFP) picture drawn from formulas.

Tissues are painted one over the other, from the lungs to the blood, each with a soft edge `EDGE_MM` wide, so that the
picture may be sampled without jagged borders. Shapes and brightnesses follow what a short-axis cine at 1.5 T shows
(our choice): bright blood and fat, dark grey muscle, dark lung.

The picture lies in the heart frame, mm: seen from the apex x points left, to the right ventricle, and y points down.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from temporal_interp.simulation.heart_shape import RIGHT_VENTRICLE_DEGREES, RIGHT_VENTRICLE_LENGTH, HeartShape
from temporal_interp.simulation.texture import Texture

EDGE_MM = 1.5

AIR, LUNG, CORTEX, MUSCLE, MYOCARDIUM, LIVER, STOMACH = 8.0, 30.0, 60.0, 130.0, 165.0, 215.0, 120.0
LEFT_BLOOD, RIGHT_BLOOD, VESSEL, FAT, SUBCUTANEOUS = 820.0, 660.0, 640.0, 700.0, 900.0

BLOOD_SIGNAL = LEFT_BLOOD
"""Mean brightness of the left ventricle's blood: what a signal-to-noise ratio refers to."""

CHEST_CENTRE = (25.0, 64.0)
CHEST_RADIUS = 130.0
CHEST_CAP_START, CHEST_CAP_SLOPE = 0.42, 1.5
"""Inside of the chest wall: a circle in x and y, mm, closing this steeply past this share of the heart's length."""

RIGHT_WALL_MM = 3.5
PAPILLARY_DEGREES = (125.0, 245.0)


class _Canvas:
    """Brightness and share of blood of a set of points, painted layer by layer."""

    def __init__(self, shape: tuple[int, ...], value: np.ndarray) -> None:
        self.value = np.broadcast_to(value, shape).astype(np.float32)
        self.blood = np.zeros(shape, np.float32)

    def paint(self, cover: np.ndarray, value: np.ndarray | float, *, blood: bool = False) -> None:
        """Lay a tissue over what is there; `cover` is 1 where it hides it all."""
        self.value += cover * (value - self.value)
        self.blood += cover * (float(blood) - self.blood)


def draw_heart(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, shape: HeartShape, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return brightness and share of blood (0 to 1) at material points of the heart frame, both (...) float32.

    Args:
        x: (...), mm, towards the right ventricle.
        y: (...), mm, down as seen on the usual picture.
        z: (...), mm, from base (0) to apex.
        shape: sizes of the heart.
        seed: of the fine texture.
    """
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    coarse, fine = (texture.at(points) for texture in _textures(seed))
    surfaces = shape.squared_radii(*np.moveaxis(points, -1, 0))
    radii = tuple(np.sqrt(r2) for r2 in surfaces)
    canvas = _Canvas(points.shape[:-1], LUNG + 8 * coarse + 260 * np.clip(fine - 1.9, 0, 1))
    x, y, z = np.moveaxis(points, -1, 0)
    radius = np.hypot(x, y)
    _paint_abdomen(canvas, x, y, z, coarse, fine, shape)
    _paint_atria(canvas, x, y, z, coarse, shape)
    _paint_right_heart(canvas, x, y, z, radius, radii, coarse, fine, shape)
    _paint_left_ventricle(canvas, x, y, z, radius, radii, coarse, fine, shape)
    _paint_valves(canvas, x, y, z, radius, radii, shape)
    _paint_chest_wall(canvas, x, y, z, coarse, fine, shape)
    return np.maximum(canvas.value, 0), canvas.blood


@lru_cache(maxsize=8)
def _textures(seed: int) -> tuple[Texture, Texture]:
    coarse = Texture.random(2 * seed, (14.0, 30.0), flatness=2.0)
    return coarse, Texture.random(2 * seed + 1, (5.0, 10.0), flatness=3.0)


def _within(depth_mm: np.ndarray) -> np.ndarray:
    """Return how far points are inside a border, 0 to 1, from their depth below it in mm."""
    return np.clip(depth_mm / EDGE_MM + 0.5, 0, 1)


def _ellipsoid(*axes: tuple[np.ndarray, float, float]) -> np.ndarray:
    """Return about how deep points are inside an ellipsoid, mm; each axis is (coordinate, centre, semi-axis)."""
    level = sum(np.square((coordinate - centre) / semi) for coordinate, centre, semi in axes)
    return (1 - np.sqrt(level)) * min(semi for _, _, semi in axes)


def _lobe(x: np.ndarray, y: np.ndarray, degrees: float, width_degrees: float) -> np.ndarray:
    """Return a bump of height 1 in the angle around the axis."""
    direction = math.radians(degrees)
    cosine = (x * math.cos(direction) + y * math.sin(direction)) / np.maximum(np.hypot(x, y), 1e-3)
    return np.exp((cosine - 1) / (1 - math.cos(math.radians(width_degrees))))


def _paint_chest_wall(
    canvas: _Canvas,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    coarse: np.ndarray,
    fine: np.ndarray,
    shape: HeartShape,
) -> None:
    apexwards = CHEST_CAP_SLOPE * np.clip(z - CHEST_CAP_START * shape.length_mm, 0, None)
    from_centre = np.hypot(np.hypot(x - CHEST_CENTRE[0], y - CHEST_CENTRE[1]), apexwards)
    outwards = from_centre - CHEST_RADIUS + coarse
    angle = np.arctan2(y - CHEST_CENTRE[1], x - CHEST_CENTRE[0])
    rib = _within(4.0 - np.abs(outwards - 6.0)) * _within(12 * np.sin(9 * angle + 1.0) - 4)
    canvas.paint(_within(outwards), MUSCLE * (0.85 + 0.12 * fine))
    canvas.paint(rib, CORTEX + 160 * _within(2.0 - np.abs(outwards - 6.0)))
    canvas.paint(_within(outwards - 13.0), SUBCUTANEOUS * (1 + 0.05 * coarse) - 90 * np.clip(fine - 1.2, 0, 1))
    canvas.paint(_within(outwards - 34.0), 200.0)
    canvas.paint(_within(outwards - 36.0), AIR)


def _paint_abdomen(
    canvas: _Canvas,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    coarse: np.ndarray,
    fine: np.ndarray,
    shape: HeartShape,
) -> None:
    """Liver and stomach under the heart, spine and great vessels behind: more abdomen towards the apex."""
    tilt = 0.25 * (z - shape.length_mm / 2)
    fat_rim = _ellipsoid((x, -48, 38), (y, 84 - tilt, 27))
    canvas.paint(_within(fat_rim), FAT * (1 + 0.08 * fine))
    canvas.paint(_within(fat_rim - 4.5 - coarse), STOMACH * (1 + 0.3 * fine + 0.15 * coarse))
    liver = _ellipsoid((x, 80, 108), (y, 66 - tilt, 48)) + coarse
    canvas.paint(_within(liver), LIVER * (1 + 0.04 * fine + 0.03 * coarse))
    vessels = np.clip(1.3 - 5 * np.abs(coarse - 0.9), 0, 1) * np.clip(fine + 0.5, 0, 1)
    canvas.paint(_within(liver - 6) * vessels, 380.0)
    canvas.paint(_within(_ellipsoid((x, 22, 20), (y, 104, 19))), MUSCLE * (0.8 + 0.25 * fine))
    for centre_x, centre_y, size in ((-6, 82, 11.5), (48, 72, 10.0)):
        depth = _ellipsoid((x, centre_x, size), (y, centre_y, size))
        canvas.paint(_within(depth + 2), CORTEX)
        canvas.paint(_within(depth), VESSEL * (1 + 0.03 * coarse), blood=True)


def _paint_atria(
    canvas: _Canvas, x: np.ndarray, y: np.ndarray, z: np.ndarray, coarse: np.ndarray, shape: HeartShape
) -> None:
    """Atria, aortic root and the fat of the groove between atria and ventricles, all above the base."""
    scale = shape.epicardial_radius_mm / 35.0
    groove = _ellipsoid((np.hypot(x - 18 * scale, y), 0, 58 * scale), (z, -6, 16))
    canvas.paint(_within(groove), FAT * (0.9 + 0.1 * coarse))
    for centre, semi, blood in (
        ((48, -4, -26), (28, 30, 28), RIGHT_BLOOD),
        ((-6, 10, -30), (27, 27, 30), LEFT_BLOOD * 0.95),
        ((6, -24, -50), (14, 14, 52), LEFT_BLOOD * 0.9),
    ):
        centre, semi = [c * scale for c in centre], [s * scale for s in semi]
        depth = _ellipsoid(*zip((x, y, z), centre, semi, strict=True))
        canvas.paint(_within(depth + 2.5), MYOCARDIUM)
        canvas.paint(_within(depth), blood * (1 + 0.03 * coarse), blood=True)


def _paint_right_heart(
    canvas: _Canvas,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    radius: np.ndarray,
    radii: tuple[np.ndarray, ...],
    coarse: np.ndarray,
    fine: np.ndarray,
    shape: HeartShape,
) -> None:
    """Fat around the heart, thickest at the side and where the ventricles meet; then the right ventricle."""
    _, epicardium, free_wall = radii
    below_base = _within(z)
    beside = _within(free_wall - epicardium - 1)  # 0 where there is no right ventricle
    outwards = radius - free_wall - RIGHT_WALL_MM * beside
    fat = 1.5 + 6 * _lobe(x, y, 175, 32) + 10 * _lobe(x, y, -95, 24) + 14 * _lobe(x, y, -50, 22)
    fat += 5 * _lobe(x, y, 60, 22) + coarse
    fat *= np.sqrt(np.clip(1 - z / shape.length_mm, 0, 1))
    canvas.paint(_within(fat - outwards) * below_base * (fat > 0), FAT * (1 + 0.06 * fine + 0.05 * coarse))
    wall = _within(-outwards) * below_base * beside
    canvas.paint(wall, MYOCARDIUM * (1 + 0.08 * fine))
    inside = _within(free_wall - radius) * below_base * beside
    trabeculae = _within(4 * (fine - 0.9)) * np.clip(1.2 - (free_wall - radius) / 14, 0, 1)
    blood = RIGHT_BLOOD * (1 + 0.05 * coarse + 0.03 * fine)
    canvas.paint(inside, blood, blood=True)
    canvas.paint(inside * trabeculae * 0.8, MYOCARDIUM)
    canvas.paint(inside * _moderator_band(x, y, z, radius, shape) * 0.85, MYOCARDIUM)


def _moderator_band(x: np.ndarray, y: np.ndarray, z: np.ndarray, radius: np.ndarray, shape: HeartShape) -> np.ndarray:
    """A muscle strand across the right ventricle, running down from the septum."""
    angle = math.radians(RIGHT_VENTRICLE_DEGREES)
    across = -x * math.sin(angle) + y * math.cos(angle)
    height = 0.75 * RIGHT_VENTRICLE_LENGTH * shape.length_mm
    return _within(2.2 - np.hypot(across - 0.25 * (radius - 45), z - height + 0.4 * (radius - 45)))


def _paint_left_ventricle(
    canvas: _Canvas,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    radius: np.ndarray,
    radii: tuple[np.ndarray, ...],
    coarse: np.ndarray,
    fine: np.ndarray,
    shape: HeartShape,
) -> None:
    endocardium, epicardium, _ = radii
    below_base = _within(z)
    muscle = MYOCARDIUM * (1 + 0.12 * fine + 0.08 * coarse)
    canvas.paint(_within(epicardium - radius) * below_base * (epicardium > 0), muscle)
    inside = _within(endocardium - radius) * below_base * (endocardium > 0)
    canvas.paint(inside, LEFT_BLOOD * (1 + 0.05 * fine + 0.05 * coarse), blood=True)
    depth = endocardium - radius
    towards_apex = 0.7 + 0.8 * z / shape.cavity_length_mm
    trabeculae = _within(5 * (fine - 0.55)) * np.clip(towards_apex - depth / 5, 0, 1)
    canvas.paint(inside * trabeculae, muscle)
    for degrees in PAPILLARY_DEGREES:
        canvas.paint(inside * _papillary(x, y, z, degrees, shape), muscle)


def _papillary(x: np.ndarray, y: np.ndarray, z: np.ndarray, degrees: float, shape: HeartShape) -> np.ndarray:
    """A papillary muscle: a finger that leaves the wall near the apex and stands free in mid-cavity."""
    share = z / shape.cavity_length_mm
    distance = shape.endocardial_radius_mm * (0.62 + 0.10 * share)
    thickness = 5.2 * np.sqrt(np.clip((share - 0.28) / 0.3, 0, 1))
    angle = math.radians(degrees)
    across = np.hypot(x - distance * math.cos(angle), y - distance * math.sin(angle))
    return _within(thickness - across) * (thickness > 0) * _within((0.82 - share) * shape.cavity_length_mm)


def _paint_valves(
    canvas: _Canvas,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    radius: np.ndarray,
    radii: tuple[np.ndarray, ...],
    shape: HeartShape,
) -> None:
    """Closed mitral leaflets, a roof whose ridge hangs into the cavity, and the tricuspid plane."""
    endocardium, epicardium, free_wall = radii
    across = np.abs(x - y) * math.sqrt(0.5) / shape.endocardial_radius_mm
    leaflet = np.abs(z - 10 * (1 - across))
    canvas.paint(_within(0.8 - leaflet) * _within(endocardium - radius) * 0.7, MYOCARDIUM)
    tricuspid = _within(0.9 - np.abs(z)) * _within(free_wall - radius) * _within(radius - epicardium)
    canvas.paint(tricuspid * 0.8, MYOCARDIUM)
