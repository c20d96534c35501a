"""The sector of ultrasound pictures is found, text stays outside, and other pictures have none."""

from collections import abc

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from scipy import ndimage

from phantom_grids import long_axis_slice
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_sequence
from temporal_interp.simulation import (
    CLINICAL,
    BeatingHeart,
    BreathingLung,
    coronal_slice,
    even_phases,
    make_heart_cine,
    make_lung_cine,
    short_axis_slice,
)
from temporal_interp.tracking.sector import scan_sector, without_surround

SHAPE = (120, 160)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]
FROM_PROBE = np.hypot(ROWS - 8, COLUMNS - 80)
FAN = (FROM_PROBE < 95) & (np.abs(COLUMNS - 80) <= ROWS - 8)
SHADOW = FAN & (np.abs(np.arctan2(COLUMNS - 80, ROWS - 8) - 0.3) < 0.1) & (FROM_PROBE > 40)
FRAMES = 8


def sequence_of(frames: abc.Sequence[np.ndarray]) -> Sequence:
    """Frames (K, J, I)."""
    return Sequence([Volume(frame, Geometry(frame.shape)) for frame in frames], range(len(frames)))


def speckle(shape, seed=0, count=FRAMES):
    noise = np.random.default_rng(seed).gamma(2, 30, (count, *shape))
    return np.clip(ndimage.gaussian_filter(noise, (0, *[1] * len(shape))), 0, 255)


def clip(dtype="uint8", count=FRAMES) -> np.ndarray:
    """(frame, K, J, I) with a fan, a shadow in it, text of which the timer changes, a bar of buttons, and a trace."""
    frames = np.where(FAN & ~SHADOW, speckle(SHAPE, count=count), 0.0)
    frames[:, 4:10, 4:30:2] = 255  # text
    frames[:, 20:100:10, 154:157] = 180  # scale
    frames[:, 112:118, 20:140] = 70  # buttons
    for number, frame in enumerate(frames):
        frame[4:10, 140 + number % 2] = 255  # timer
        frame[108 + number % 3, 20 : 30 + 10 * number] = 200  # trace, close to the fan
    return frames[:, None].astype(dtype)


def overlap(mask, truth):
    """Dice."""
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum())


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_fan_is_found_with_its_shadow_and_without_text(dtype):
    sector = scan_sector(sequence_of(clip(dtype)))
    assert sector.shape == (1, *SHAPE)
    assert sector.dtype == bool
    assert overlap(sector[0], FAN) > 0.97
    assert sector[0][SHADOW].mean() > 0.97  # all but a little at the rim
    away = ~ndimage.binary_dilation(FAN, iterations=2)
    assert not (sector[0] & away).any()


def test_weak_noise_of_compression_does_not_matter():
    noisy = clip() + np.random.default_rng(5).integers(0, 2, (FRAMES, 1, *SHAPE), dtype=np.uint8) * (clip() < 255)
    assert overlap(scan_sector(sequence_of(noisy))[0], FAN) > 0.97


def test_specks_that_change_do_not_matter():
    frames = clip()
    frames[:, :, 30:100:7, 5:40:7] = np.arange(FRAMES).reshape(-1, 1, 1, 1) * 20
    assert overlap(scan_sector(sequence_of(frames))[0], FAN) > 0.97


def test_sector_in_3d_is_a_cone():
    k, j, i = np.mgrid[:20, :30, :30]
    cone = np.hypot(j - 15, i - 15) <= 0.6 * k + 2
    frames = np.where(cone, speckle(cone.shape), 0).astype(np.uint8)
    assert overlap(scan_sector(sequence_of(frames)), cone) > 0.97


@pytest.mark.parametrize(
    "frames",
    [
        clip(count=1),
        np.zeros((4, 1, 20, 30), np.uint8),
        np.stack([clip()[0]] * 4),  # does not change
        clip() + np.uint8(40) * ~FAN,  # the surround is grey
        speckle((1, *SHAPE)).astype(np.uint8),  # nothing but scan
        np.where(ROWS < 3, 0, speckle((1, *SHAPE))).astype(np.uint8),  # next to nothing but scan
        np.where(FAN, speckle((1, *SHAPE)) * 10, speckle((1, *SHAPE)) / 30).astype(np.int16),  # black, but noisy
    ],
)
def test_other_pictures_have_no_sector(frames):
    assert scan_sector(sequence_of(frames)) is None


@pytest.mark.parametrize("view", [short_axis_slice, long_axis_slice])
@pytest.mark.parametrize("acquisition", [None, CLINICAL])
def test_heart_phantom_has_no_sector(view, acquisition):
    heart = BeatingHeart()
    cine = make_heart_cine(heart, view(heart), even_phases(4), acquisition=acquisition)
    assert scan_sector(cine.sequence) is None


@pytest.mark.parametrize("noise_hu", [0.0, 20.0])
def test_lung_phantom_has_no_sector(noise_hu):
    cine = make_lung_cine(BreathingLung(), coronal_slice(), even_phases(4), noise_hu=noise_hu)
    assert scan_sector(cine.sequence) is None


@pytest.mark.parametrize("name", ["cine-2ch-dicom", "cine-sax-dicom"])
def test_real_cine_mr_has_no_sector(name, real_data):
    assert scan_sector(read_sequence(real_data / name)) is None


def test_real_echo():
    """Places read off the picture with the eye: (row, column)."""
    sector = scan_sector(read_sequence(get_testdata_file("examples_ybr_color.dcm")))[0]
    inside = [(22, 170), (60, 130), (146, 45), (150, 290), (196, 170), (120, 80), (110, 240), (100, 160)]
    text = [(7, 10), (18, 20), (27, 5), (18, 310), (28, 310), (48, 310), (66, 310), (122, 300), (203, 291), (234, 160)]
    dot, scale = (20, 190), [(46, 299), (70, 299), (168, 299)]
    assert all(sector[place] for place in inside)
    assert not any(sector[place] for place in [*text, dot, *scale])
    assert 0.33 < sector.mean() < 0.40


def test_real_3d_echo(real_data):
    """The picture is a pyramid in a black box: everything that is ever bright is in its sector, and little else."""
    sequence = read_sequence(real_data / "echo-3dt" / "img4d_11f.nii.gz")
    sector = scan_sector(sequence)
    bright = np.max([volume.array for volume in sequence.volumes], axis=0) > 20
    assert (sector & bright).sum() > 0.995 * bright.sum()
    assert bright.sum() > 0.7 * sector.sum()


def test_a_frame_that_shows_nothing_is_refused():
    frames = clip("float32")
    frames[2] = np.nan
    with pytest.raises(InvalidInputError, match="Frame 2 is NaN or infinite throughout"):
        scan_sector(sequence_of(frames))


@pytest.mark.filterwarnings("error")
def test_dead_pixels_change_no_sector_and_stay():
    whole, frames = clip("float32"), clip("float32")
    frames[2, 0, 5, 5] = np.nan
    frames[:, 0, 7, 9] = np.inf
    sector = scan_sector(sequence_of(frames))
    np.testing.assert_array_equal(sector, scan_sector(sequence_of(whole)))
    cleaned = without_surround(sequence_of(frames), sector)
    assert np.isnan(cleaned[2].array[0, 5, 5])
    assert np.isinf(cleaned[0].array[0, 7, 9])


def test_a_surround_of_nan_is_painted_by_no_machine():
    frames = clip("float32")
    frames[..., ~FAN] = np.nan
    assert scan_sector(sequence_of(frames)) is None


def test_surround_is_painted_black_and_the_scan_left_alone():
    frames = clip("int16") - np.int16(30)
    sequence = sequence_of(frames)
    cleaned = without_surround(sequence, FAN[None])
    for before, after in zip(frames, cleaned.volumes, strict=True):
        assert after.array.dtype == np.int16
        np.testing.assert_array_equal(after.array[0][FAN], before[0][FAN])
        assert (after.array[0][~FAN] == -30).all()
    assert "painted black" in cleaned.notes[-1]
    assert frames[0, 0, 5, 4] == 225  # what came in is untouched


def test_sector_of_another_shape_is_refused():
    with pytest.raises(InvalidInputError, match=r"\(1, 3, 3\).*\(1, 120, 160\)"):
        without_surround(sequence_of(clip()), np.ones((1, 3, 3), bool))
