"""A chest drawn from formulas, in Hounsfield units, at the reference phase of a breathing lung.

It scales with the levels of the lung and the size of the chest. The axes are LPS: +x is the patient's left, +y the
back, +z the head. Shapes and densities follow an ordinary CT (our choice); a nodule in the right lower lobe moves with
the lung.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from temporal_interp.simulation.breathing_lung import BreathingLung
from temporal_interp.simulation.texture import Texture

EDGE_MM = 2.0
AIR, LUNG, FAT, MUSCLE, BLOOD, LIVER, CORTEX, MARROW = -1000.0, -830.0, -95.0, 50.0, 60.0, 75.0, 550.0, 180.0

RIB_PITCH_MM = 30.0
NODULE_RADIUS_MM = 11.0
BUNCH = 1024
"""Number of points that are measured together against the vessels: few enough to lie close together."""

VESSEL_GENERATIONS = 6
VESSEL_TARGETS = (
    (0.40, 0.00, 0.10),
    (0.45, 0.30, 0.25),
    (0.50, -0.40, 0.40),
    (0.60, 0.20, 0.50),
    (0.55, -0.20, 0.62),
    (0.48, 0.42, 0.80),
    (0.35, 0.10, 0.85),
)
"""Where the first vessels head for from the hilum of a lung, in units of the chest: (sideways, back, level)."""


class _Chest(NamedTuple):
    """Points in units of the chest: x and y in semi-axes, v from 0 at the apex of the lung to 1 at the diaphragm."""

    x: np.ndarray
    y: np.ndarray
    v: np.ndarray
    unit_mm: float  # length of one unit across, for edges


class _Branches(NamedTuple):
    """Straight pieces of vessels: ends (B, 3) in LPS mm and radii (B,) in mm, at the start."""

    start: np.ndarray
    end: np.ndarray
    radius: np.ndarray


def draw_thorax(points_mm: np.ndarray, lung: BreathingLung) -> np.ndarray:
    """Return the density at material points, (...) float32 in HU.

    Args:
        points_mm: (..., 3), LPS.
        lung: the lung, which sets the levels and the size of the chest.
    """
    coarse, fine = (texture.at(points_mm) for texture in _textures())
    chest = _chest_units(points_mm, lung)
    skin = 1.0 - _across(chest)
    hu = np.full(coarse.shape, AIR, np.float32)
    _paint(hu, skin, chest, FAT + 8 * fine)
    _paint(hu, skin - 0.07, chest, MUSCLE + 8 * fine)
    _paint_liver(hu, chest, fine)
    _paint_lungs(hu, points_mm, chest, lung, coarse, fine)
    _paint_mediastinum(hu, chest, fine)
    _paint_bones(hu, points_mm, chest, lung, coarse)
    return hu


@lru_cache(maxsize=4)
def _textures() -> tuple[Texture, Texture]:
    return Texture.random(0, (20.0, 45.0)), Texture.random(1, (5.0, 11.0))


def _paint(hu: np.ndarray, depth: np.ndarray, chest: _Chest, value: np.ndarray | float) -> None:
    """Paint a tissue where the depth, in units of the chest, is positive, with an edge `EDGE_MM` wide."""
    cover = np.clip(depth * (chest.unit_mm / EDGE_MM) + 0.5, 0, 1)
    hu += cover * (value - hu)


def _chest_units(points_mm: np.ndarray, lung: BreathingLung) -> _Chest:
    x, y, z = np.moveaxis(np.asarray(points_mm, dtype=np.float32), -1, 0)
    (centre_x, centre_y), (semi_x, semi_y) = lung.chest_centre_mm, lung.chest_semi_axes_mm
    v = (lung.apex_z_mm - z) / (lung.apex_z_mm - lung.diaphragm_z_mm)
    return _Chest((x - centre_x) / semi_x, (y - centre_y) / semi_y, v, math.sqrt(semi_x * semi_y))


def _across(chest: _Chest) -> np.ndarray:
    """Return 0 on the axis of the body and 1 on the skin: a rounded box that narrows towards the neck."""
    narrowing = 1.0 - 0.55 * np.clip(-chest.v / 0.25, 0, 1) ** 2
    return (np.abs(chest.x) ** 2.4 + np.abs(chest.y * (1 + 0.04 * chest.y)) ** 2.4) ** (1 / 2.4) / narrowing


def _ellipsoid(chest: _Chest, centre: tuple[float, float, float], semi: tuple[float, float, float]) -> np.ndarray:
    """Return the approximate depth of points in an ellipsoid of (x, y, v), in units of the chest."""
    level = sum(np.square((p - c) / s) for p, c, s in zip(chest[:3], centre, semi, strict=True))
    return (1 - np.sqrt(level)) * min(semi[:2])


def _dome(chest: _Chest, side: float) -> np.ndarray:
    """Return the level v of the diaphragm below one lung (side -1 right, +1 left): highest in the middle."""
    top = 0.80 if side < 0 else 0.84
    off_centre = np.square((chest.x - 0.43 * side) / 0.44) + np.square((chest.y + 0.12) / 0.75)
    return top + 0.24 * off_centre


def _lungs(chest: _Chest) -> np.ndarray:
    """Return the approximate depth of points in either lung, in units of the chest; negative outside."""
    width = np.sqrt(np.clip(1 - np.clip(1 - chest.v / 0.55, 0, 1) ** 2.2, 0, 1))
    depths = []
    for side in (-1.0, 1.0):
        centre_x = (0.33 + 0.11 * width) * side
        level = np.square((chest.x - centre_x) / 0.39) + np.square((chest.y - 0.01) / 0.76)
        depths.append(np.minimum((width - np.sqrt(level)) * 0.39, _dome(chest, side) - chest.v))
    return np.where(width > 0, np.maximum(*depths), -1.0)


def _heart(chest: _Chest) -> np.ndarray:
    lean = chest._replace(x=chest.x - 0.45 * (chest.v - 0.62))
    return _ellipsoid(lean, (0.10, -0.26, 0.64), (0.33, 0.42, 0.27))


def _airways(chest: _Chest) -> np.ndarray:
    """Return the approximate depth of points in the windpipe or a main bronchus."""
    fork = 0.36
    aside = 1.3 * np.hypot(np.clip(chest.v - fork, 0, None), 0.03) - 0.039
    width = np.interp(chest.v, [fork - 0.02, fork + 0.06, fork + 0.14, fork + 0.16], [0.060, 0.046, 0.040, -1.0])
    return width.astype(np.float32) - np.hypot(np.abs(chest.x) - aside, 0.8 * (chest.y - 0.14))


def _paint_liver(hu: np.ndarray, chest: _Chest, fine: np.ndarray) -> None:
    """Below the diaphragm: abdominal fat, then liver on the right, stomach with its gas and spleen on the left."""
    inner = 0.80 - _across(chest)
    _paint(hu, np.minimum(inner, chest.v - 0.95), chest, FAT + 10 * fine)
    right = _ellipsoid(chest, (-0.34, -0.04, 1.12), (0.52, 0.74, 0.40))
    _paint(hu, np.minimum(inner, np.minimum(right, 0.25 - chest.x)), chest, LIVER + 8 * fine)
    left = _ellipsoid(chest, (0.42, -0.10, 1.12), (0.36, 0.60, 0.32))
    _paint(hu, np.minimum(inner, left), chest, 35 + 10 * fine)
    _paint(hu, _ellipsoid(chest, (0.42, -0.24, 0.98), (0.20, 0.24, 0.09)), chest, -950.0)


def _paint_lungs(
    hu: np.ndarray,
    points_mm: np.ndarray,
    chest: _Chest,
    lung: BreathingLung,
    coarse: np.ndarray,
    fine: np.ndarray,
) -> None:
    depth = _lungs(chest)
    # the lung is denser at the back
    _paint(hu, depth, chest, LUNG + 45 * chest.y + 12 * coarse + 18 * fine)
    vessels = np.full(depth.shape, -1.0, np.float32)
    inside = depth > -EDGE_MM / chest.unit_mm
    vessels[inside] = _vessel_depth(np.asarray(points_mm)[inside], _vessels(lung))
    _paint(hu, np.minimum(vessels / chest.unit_mm, depth), chest, MUSCLE)
    nodule = np.linalg.norm(points_mm - _nodule_centre(lung), axis=-1).astype(np.float32)
    _paint(hu, (NODULE_RADIUS_MM + 0.6 * coarse + 0.4 * fine - nodule) / chest.unit_mm, chest, 35 + 10 * fine)


def _nodule_centre(lung: BreathingLung) -> np.ndarray:
    return _to_lps(np.array([-0.50, 0.22, 0.66]), lung)


def _to_lps(chest_point: np.ndarray, lung: BreathingLung) -> np.ndarray:
    across = np.asarray(lung.chest_centre_mm) + chest_point[:2] * np.asarray(lung.chest_semi_axes_mm)
    return np.array([*across, lung.apex_z_mm - chest_point[2] * (lung.apex_z_mm - lung.diaphragm_z_mm)])


@lru_cache(maxsize=4)
def _vessels(lung: BreathingLung) -> _Branches:
    """Return a tree of vessels in each lung, from the hilum to the periphery; each branch splits in two."""
    rng = np.random.default_rng(0)
    grown: list[tuple[np.ndarray, np.ndarray, float]] = []
    for side in (-1.0, 1.0):
        hilum = np.array([0.17 * side, 0.08, 0.48])
        for across, back, level in VESSEL_TARGETS:
            aim = np.array([across * side, back, level]) - hilum
            _grow(grown, rng, hilum, 0.42 * aim, radius=4.2, generation=1)
    starts, ends, radii = zip(*grown, strict=True)
    return _Branches(
        np.array([_to_lps(point, lung) for point in starts]),
        np.array([_to_lps(point, lung) for point in ends]),
        np.array(radii),
    )


def _grow(
    grown: list[tuple[np.ndarray, np.ndarray, float]],
    rng: np.random.Generator,
    start: np.ndarray,
    step: np.ndarray,
    *,
    radius: float,
    generation: int,
) -> None:
    """Append a branch (start and end in units of the chest, radius in mm) and all branches that spring from it."""
    end = start + step
    grown.append((start, end, radius))
    if generation == VESSEL_GENERATIONS:
        return
    bend = rng.normal(size=3) * np.linalg.norm(step) * 0.45
    for sign in (-1.0, 1.0):
        turned = step + sign * bend
        turned *= 0.74 * np.linalg.norm(step) / np.linalg.norm(turned)
        _grow(grown, rng, end, turned, radius=0.72 * radius, generation=generation + 1)


def _vessel_depth(points_mm: np.ndarray, branches: _Branches) -> np.ndarray:
    """Return the depth of points (N, 3) in the nearest vessel, mm, (N,) float32; far outside it is -EDGE_MM.

    A bunch of points is measured only against the branches whose bounding box touches that of the bunch.
    """
    margin = branches.radius[:, None] + EDGE_MM
    low = np.minimum(branches.start, branches.end) - margin
    high = np.maximum(branches.start, branches.end) + margin
    depth = np.full(len(points_mm), -EDGE_MM, np.float32)
    for begin in range(0, len(points_mm), BUNCH):
        bunch = points_mm[begin : begin + BUNCH]
        near = (low <= bunch.max(axis=0)).all(axis=1) & (high >= bunch.min(axis=0)).all(axis=1)
        for start, end, radius in zip(*(part[near] for part in branches), strict=True):
            local, axis = bunch - start, end - start
            along = np.clip(local @ axis / (axis @ axis), 0, 1)
            distance = np.linalg.norm(local - along[:, None] * axis, axis=1)
            part = depth[begin : begin + BUNCH]
            np.maximum(part, radius * (1 - 0.25 * along) - distance, out=part, casting="same_kind")
    return depth


def _paint_mediastinum(hu: np.ndarray, chest: _Chest, fine: np.ndarray) -> None:
    """Heart, aorta and windpipe."""
    heart = _heart(chest)
    _paint(hu, heart, chest, FAT)
    _paint(hu, heart - 0.03, chest, BLOOD + 8 * fine)
    behind = np.hypot(chest.x - 0.10, 1.2 * (chest.y - 0.42))
    _paint(hu, np.minimum(0.085 - behind, (chest.v - 0.28) * 1.5), chest, BLOOD + 60)
    airways = _airways(chest)
    _paint(hu, airways + 0.015, chest, MUSCLE)
    _paint(hu, airways, chest, AIR)


def _paint_bones(hu: np.ndarray, points_mm: np.ndarray, chest: _Chest, lung: BreathingLung, coarse: np.ndarray) -> None:
    """Spine with its discs, breastbone, and ribs that slope down to the front."""
    z = np.asarray(points_mm[..., 2], dtype=np.float32)
    vertebra = 0.145 - np.hypot(chest.x, 1.1 * (chest.y - 0.64))
    disc = np.clip(6 * np.cos(2 * np.pi * z / 26.0) - 4.6, 0, 1)
    _paint(hu, vertebra, chest, CORTEX * (1 - disc) + 90 * disc)
    _paint(hu, vertebra - 0.02, chest, (MARROW + 40 * coarse) * (1 - disc) + 90 * disc)
    process = np.minimum(0.035 - np.abs(chest.x), 0.09 - np.abs(chest.y - 0.86))
    _paint(hu, process, chest, CORTEX * (0.7 + 0.1 * coarse))
    sternum = np.minimum(0.13 - np.abs(chest.x), 0.035 - np.abs(chest.y + 0.84))
    _paint(hu, np.minimum(sternum, 0.75 - chest.v), chest, CORTEX - 150)
    ring = 0.030 - np.abs(_across(chest) - 0.875)
    slope = z - 0.35 * lung.chest_semi_axes_mm[1] * chest.y
    between = (np.cos(2 * np.pi * slope / RIB_PITCH_MM) - 0.25) * RIB_PITCH_MM / (2 * np.pi) / chest.unit_mm
    rib = np.minimum(np.minimum(ring, between), np.minimum(chest.v + 0.05, 1.25 - chest.v))
    _paint(hu, rib, chest, CORTEX)
    _paint(hu, rib - 0.018, chest, MARROW)
