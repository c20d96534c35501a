"""The picture of the beating heart at end diastole: balanced steady-state MR (bSSFP), drawn from formulas.

Tissues are painted one over the other, from the lungs to the blood, each with a soft edge `EDGE_MM` wide, so that the
picture can be sampled without jagged borders. Shapes and brightnesses follow a short-axis cine at 1.5 T (our choice):
bright blood and fat, dark grey muscle, dark lung.

The picture lies in the heart frame, mm: seen from the apex, x points left, to the right ventricle, and y points down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from temporal_interp.simulation.heart_shape import RIGHT_VENTRICLE_DEGREES, RIGHT_VENTRICLE_LENGTH, HeartShape
from temporal_interp.simulation.texture import Texture

EDGE_MM = 1.5

AIR, LUNG, CORTEX, MUSCLE, MYOCARDIUM, LIVER, STOMACH = 8.0, 30.0, 60.0, 130.0, 165.0, 215.0, 120.0
LEFT_BLOOD, RIGHT_BLOOD, VESSEL, FAT, SUBCUTANEOUS = 820.0, 660.0, 640.0, 700.0, 900.0

BLOOD_SIGNAL = LEFT_BLOOD
"""Mean brightness of the blood in the left ventricle, to which a signal-to-noise ratio refers."""

CHEST_CENTRE = (25.0, 64.0)
CHEST_RADIUS = 130.0
CHEST_CAP_START, CHEST_CAP_SLOPE = 0.42, 1.5
"""The inside of the chest wall is a circle in x and y, mm, which closes this steeply past this share of the heart."""

RIGHT_WALL_MM = 3.5
PAPILLARY_DEGREES = (125.0, 245.0)


class _Canvas:
    """Brightness and share of blood of a set of points, painted layer by layer."""

    def __init__(self, shape: tuple[int, ...], value: np.ndarray) -> None:
        self.value = np.broadcast_to(value, shape).astype(np.float32)
        self.blood = np.zeros(shape, np.float32)

    def paint(self, cover: np.ndarray, value: np.ndarray | float, *, blood: bool = False) -> None:
        """Paint a tissue over the others; it hides everything where `cover` is 1, and nothing where it is 0."""
        self.value += cover * (value - self.value)
        self.blood += cover * (float(blood) - self.blood)


@dataclass(frozen=True, eq=False)
class _Points:
    """The points that are painted, with the quantities that the painters need; all (...) float32, lengths in mm.

    Attributes:
        x: towards the right ventricle.
        y: down, as seen on the usual picture.
        z: from base (0) to apex.
        radius: distance from the axis.
        endocardium: radius of the endocardium at the height of each point.
        epicardium: radius of the epicardium there.
        free_wall: radius of the free wall of the right ventricle there, at the angle of the point.
        coarse: the coarse texture.
        fine: the fine texture.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    radius: np.ndarray
    endocardium: np.ndarray
    epicardium: np.ndarray
    free_wall: np.ndarray
    coarse: np.ndarray
    fine: np.ndarray


def draw_heart(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, shape: HeartShape, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return brightness and share of blood (0 to 1) at material points of the heart frame, both (...) float32.

    Args:
        x: (...), mm, towards the right ventricle.
        y: (...), mm, down as seen on the usual picture.
        z: (...), mm, from base (0) to apex.
        shape: sizes of the heart.
        seed: seed of the fine texture.
    """
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    coarse, fine = (texture.at(points) for texture in _textures(seed))
    x, y, z = np.moveaxis(points, -1, 0)
    endocardium, epicardium, free_wall = (np.sqrt(r2) for r2 in shape.squared_radii(x, y, z))
    at = _Points(x, y, z, np.hypot(x, y), endocardium, epicardium, free_wall, coarse, fine)
    canvas = _Canvas(points.shape[:-1], LUNG + 8 * coarse + 260 * np.clip(fine - 1.9, 0, 1))
    _paint_abdomen(canvas, at, shape)
    _paint_atria(canvas, at, shape)
    _paint_right_heart(canvas, at, shape)
    _paint_left_ventricle(canvas, at, shape)
    _paint_valves(canvas, at, shape)
    _paint_chest_wall(canvas, at, shape)
    return np.maximum(canvas.value, 0), canvas.blood


@lru_cache(maxsize=8)
def _textures(seed: int) -> tuple[Texture, Texture]:
    coarse = Texture.random(2 * seed, (14.0, 30.0), flatness=2.0)
    return coarse, Texture.random(2 * seed + 1, (5.0, 10.0), flatness=3.0)


def _within(depth_mm: np.ndarray) -> np.ndarray:
    """Return how far points are inside a border, 0 to 1, from their depth below it in mm."""
    return np.clip(depth_mm / EDGE_MM + 0.5, 0, 1)


def _ellipsoid(*axes: tuple[np.ndarray, float | np.ndarray, float]) -> np.ndarray:
    """Return the approximate depth of points in an ellipsoid, mm; each axis is (coordinate, centre, semi-axis)."""
    level = sum(np.square((coordinate - centre) / semi) for coordinate, centre, semi in axes)
    return (1 - np.sqrt(level)) * min(semi for _, _, semi in axes)


def _lobe(at: _Points, degrees: float, width_degrees: float) -> np.ndarray:
    """Return a bump of height 1 in the angle around the axis."""
    direction = math.radians(degrees)
    cosine = (at.x * math.cos(direction) + at.y * math.sin(direction)) / np.maximum(at.radius, 1e-3)
    return np.exp((cosine - 1) / (1 - math.cos(math.radians(width_degrees))))


def _paint_chest_wall(canvas: _Canvas, at: _Points, shape: HeartShape) -> None:
    apexwards = CHEST_CAP_SLOPE * np.clip(at.z - CHEST_CAP_START * shape.length_mm, 0, None)
    from_centre = np.hypot(np.hypot(at.x - CHEST_CENTRE[0], at.y - CHEST_CENTRE[1]), apexwards)
    outwards = from_centre - CHEST_RADIUS + at.coarse
    angle = np.arctan2(at.y - CHEST_CENTRE[1], at.x - CHEST_CENTRE[0])
    rib = _within(4.0 - np.abs(outwards - 6.0)) * _within(12 * np.sin(9 * angle + 1.0) - 4)
    canvas.paint(_within(outwards), MUSCLE * (0.85 + 0.12 * at.fine))
    canvas.paint(rib, CORTEX + 160 * _within(2.0 - np.abs(outwards - 6.0)))
    canvas.paint(_within(outwards - 13.0), SUBCUTANEOUS * (1 + 0.05 * at.coarse) - 90 * np.clip(at.fine - 1.2, 0, 1))
    canvas.paint(_within(outwards - 34.0), 200.0)
    canvas.paint(_within(outwards - 36.0), AIR)


def _paint_abdomen(canvas: _Canvas, at: _Points, shape: HeartShape) -> None:
    """Liver and stomach below the heart, spine and great vessels behind it: more abdomen towards the apex."""
    tilt = 0.25 * (at.z - shape.length_mm / 2)
    fat_rim = _ellipsoid((at.x, -48, 38), (at.y, 84 - tilt, 27))
    canvas.paint(_within(fat_rim), FAT * (1 + 0.08 * at.fine))
    canvas.paint(_within(fat_rim - 4.5 - at.coarse), STOMACH * (1 + 0.3 * at.fine + 0.15 * at.coarse))
    liver = _ellipsoid((at.x, 80, 108), (at.y, 66 - tilt, 48)) + at.coarse
    canvas.paint(_within(liver), LIVER * (1 + 0.04 * at.fine + 0.03 * at.coarse))
    vessels = np.clip(1.3 - 5 * np.abs(at.coarse - 0.9), 0, 1) * np.clip(at.fine + 0.5, 0, 1)
    canvas.paint(_within(liver - 6) * vessels, 380.0)
    canvas.paint(_within(_ellipsoid((at.x, 22, 20), (at.y, 104, 19))), MUSCLE * (0.8 + 0.25 * at.fine))
    for centre_x, centre_y, size in ((-6, 82, 11.5), (48, 72, 10.0)):
        depth = _ellipsoid((at.x, centre_x, size), (at.y, centre_y, size))
        canvas.paint(_within(depth + 2), CORTEX)
        canvas.paint(_within(depth), VESSEL * (1 + 0.03 * at.coarse), blood=True)


def _paint_atria(canvas: _Canvas, at: _Points, shape: HeartShape) -> None:
    """Atria, aortic root, and the fat in the groove between atria and ventricles: all above the base."""
    scale = shape.epicardial_radius_mm / 35.0
    groove = _ellipsoid((np.hypot(at.x - 18 * scale, at.y), 0, 58 * scale), (at.z, -6, 16))
    canvas.paint(_within(groove), FAT * (0.9 + 0.1 * at.coarse))
    for centre, semi_axes, blood in (
        ((48, -4, -26), (28, 30, 28), RIGHT_BLOOD),
        ((-6, 10, -30), (27, 27, 30), LEFT_BLOOD * 0.95),
        ((6, -24, -50), (14, 14, 52), LEFT_BLOOD * 0.9),
    ):
        axes = zip((at.x, at.y, at.z), centre, semi_axes, strict=True)
        depth = _ellipsoid(*((coordinate, c * scale, s * scale) for coordinate, c, s in axes))
        canvas.paint(_within(depth + 2.5), MYOCARDIUM)
        canvas.paint(_within(depth), blood * (1 + 0.03 * at.coarse), blood=True)


def _paint_right_heart(canvas: _Canvas, at: _Points, shape: HeartShape) -> None:
    """Fat around the heart, thickest at the side and where the ventricles meet; then the right ventricle."""
    below_base = _within(at.z)
    beside = _within(at.free_wall - at.epicardium - 1)  # 0 where there is no right ventricle
    outwards = at.radius - at.free_wall - RIGHT_WALL_MM * beside
    fat = 1.5 + 6 * _lobe(at, 175, 32) + 10 * _lobe(at, -95, 24) + 14 * _lobe(at, -50, 22)
    fat += 5 * _lobe(at, 60, 22) + at.coarse
    fat *= np.sqrt(np.clip(1 - at.z / shape.length_mm, 0, 1))
    canvas.paint(_within(fat - outwards) * below_base * (fat > 0), FAT * (1 + 0.06 * at.fine + 0.05 * at.coarse))
    wall = _within(-outwards) * below_base * beside
    canvas.paint(wall, MYOCARDIUM * (1 + 0.08 * at.fine))
    inside = _within(at.free_wall - at.radius) * below_base * beside
    trabeculae = _within(4 * (at.fine - 0.9)) * np.clip(1.2 - (at.free_wall - at.radius) / 14, 0, 1)
    blood = RIGHT_BLOOD * (1 + 0.05 * at.coarse + 0.03 * at.fine)
    canvas.paint(inside, blood, blood=True)
    canvas.paint(inside * trabeculae * 0.8, MYOCARDIUM)
    canvas.paint(inside * _moderator_band(at, shape) * 0.85, MYOCARDIUM)


def _moderator_band(at: _Points, shape: HeartShape) -> np.ndarray:
    """Return the cover of the strand of muscle that runs down from the septum across the right ventricle."""
    angle = math.radians(RIGHT_VENTRICLE_DEGREES)
    across = -at.x * math.sin(angle) + at.y * math.cos(angle)
    height = 0.75 * RIGHT_VENTRICLE_LENGTH * shape.length_mm
    return _within(2.2 - np.hypot(across - 0.25 * (at.radius - 45), at.z - height + 0.4 * (at.radius - 45)))


def _paint_left_ventricle(canvas: _Canvas, at: _Points, shape: HeartShape) -> None:
    below_base = _within(at.z)
    muscle = MYOCARDIUM * (1 + 0.12 * at.fine + 0.08 * at.coarse)
    canvas.paint(_within(at.epicardium - at.radius) * below_base * (at.epicardium > 0), muscle)
    depth = at.endocardium - at.radius
    inside = _within(depth) * below_base * (at.endocardium > 0)
    canvas.paint(inside, LEFT_BLOOD * (1 + 0.05 * at.fine + 0.05 * at.coarse), blood=True)
    towards_apex = 0.7 + 0.8 * at.z / shape.cavity_length_mm
    trabeculae = _within(5 * (at.fine - 0.55)) * np.clip(towards_apex - depth / 5, 0, 1)
    canvas.paint(inside * trabeculae, muscle)
    for degrees in PAPILLARY_DEGREES:
        canvas.paint(inside * _papillary(at, degrees, shape), muscle)


def _papillary(at: _Points, degrees: float, shape: HeartShape) -> np.ndarray:
    """Return the cover of a papillary muscle: a finger that leaves the wall near the apex and stands in the cavity."""
    share = at.z / shape.cavity_length_mm
    distance = shape.endocardial_radius_mm * (0.62 + 0.10 * share)
    thickness = 5.2 * np.sqrt(np.clip((share - 0.28) / 0.3, 0, 1))
    angle = math.radians(degrees)
    across = np.hypot(at.x - distance * math.cos(angle), at.y - distance * math.sin(angle))
    return _within(thickness - across) * (thickness > 0) * _within((0.82 - share) * shape.cavity_length_mm)


def _paint_valves(canvas: _Canvas, at: _Points, shape: HeartShape) -> None:
    """The closed mitral leaflets, a roof whose ridge hangs into the cavity, and the tricuspid plane."""
    across = np.abs(at.x - at.y) * math.sqrt(0.5) / shape.endocardial_radius_mm
    leaflet = np.abs(at.z - 10 * (1 - across))
    canvas.paint(_within(0.8 - leaflet) * _within(at.endocardium - at.radius) * 0.7, MYOCARDIUM)
    tricuspid = _within(0.9 - np.abs(at.z)) * _within(at.free_wall - at.radius) * _within(at.radius - at.epicardium)
    canvas.paint(tricuspid * 0.8, MYOCARDIUM)
