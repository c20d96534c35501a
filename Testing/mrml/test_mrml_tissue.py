"""Where an image shows tissue, and what is measured of the motion there."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.io import read_sequence
from TemporalInterpLib.deformation_facts import DeformationFacts, measure
from TemporalInterpLib.tissue import spacing_across, tissue_level, tissue_of

SPACING = (1.5, 1.5, 8.0)


def volume(array) -> Volume:
    return Volume(np.asarray(array), Geometry(array.shape, SPACING, (0.0, 0.0, 0.0), np.eye(3)))


def body(background=0.0, muscle=100.0, blood=400.0, noise=5.0) -> tuple[np.ndarray, np.ndarray]:
    """A ring of muscle around blood, in a dark background; the image and where the ring is."""
    _k, j, i = np.indices((3, 64, 64))
    radius = np.hypot(j - 32, i - 32)
    image = np.where(radius < 14, blood, np.where(radius < 22, muscle, background))
    image = image + np.random.default_rng(0).normal(0, noise, image.shape)
    return image.astype("float32"), (radius >= 15) & (radius < 21)


@pytest.mark.parametrize("offset", [0.0, -1024.0])
def test_muscle_is_tissue_although_it_is_darker_than_blood(offset):
    image, ring = body()
    image = image + np.float32(offset)
    tissue = tissue_of(image, tissue_level(volume(image)))
    assert tissue[ring].mean() > 0.99
    assert tissue[:, :6].mean() < 0.01


def test_in_a_real_cine_the_air_is_none_and_the_heart_is(real_data):
    cine = read_sequence(real_data / "cine-sax-dicom")
    frame = cine.volumes[0]
    tissue = tissue_of(frame.array, tissue_level(frame))
    assert tissue[:, :20].mean() < 0.05, "air in front of the chest"
    assert tissue[3, 60:110, 90:140].mean() > 0.9, "both ventricles"
    assert 0.3 < tissue.mean() < 0.6


def test_an_image_of_one_intensity_is_all_tissue():
    image = np.full((2, 8, 8), 7.0, "float32")
    assert tissue_of(image, tissue_level(volume(image))).all()


def test_voxels_without_a_number_are_no_tissue():
    image, _ring = body()
    image[:, 30:34] = np.nan
    tissue = tissue_of(image, tissue_level(volume(image)))
    assert not tissue[:, 31:33].any()
    assert tissue[1, 40, 40]


def test_spacing_puts_about_fourteen_arrows_across_the_region():
    region = np.zeros((2, 100, 100), bool)
    region[:, 30:70, 20:60] = True
    assert spacing_across(region, SPACING) == pytest.approx(40 * 1.5 / 14, abs=0.5)
    assert spacing_across(np.zeros((1, 100, 100), bool), SPACING) == pytest.approx(150 / 14, abs=0.5)
    assert spacing_across(region[:, 40:44, 40:44], (0.3, 0.3, 1.0)) == 1.0


def test_the_longest_displacement_of_tissue_and_the_folds_in_it():
    image, ring = body()
    lengths = [np.zeros(image.shape, "float32") for _ in range(3)]
    lengths[1][ring], lengths[2][ring] = 6.0, 4.0
    lengths[0][:, :3] = 50.0  # of the background
    jacobians = [np.ones(image.shape, "float32") for _ in range(3)]
    jacobians[2][1, 32, 30:36] = -0.5
    jacobians[0][:, 0] = -1.0  # of the background
    facts = measure([image] * 3, tissue_level(volume(image)), lengths, jacobians, SPACING)
    assert (facts.longest_mm, facts.item) == (6.0, 1)
    assert facts.spacing_mm == pytest.approx(42 * 1.5 / 14, abs=0.5)
    assert (facts.smallest, facts.folded_item) == (-0.5, 2)
    assert 0 < facts.folded < 0.01


def test_facts_are_kept_in_attributes():
    class Node(dict):
        GetAttribute = dict.get

    facts = DeformationFacts(8.25, 3, 4.5, 0.5, 0.0, 0)
    assert DeformationFacts.of(Node(facts.as_attributes())) == facts
    assert DeformationFacts.of(Node()) is None
