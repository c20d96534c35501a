"""Tracking on real images: an echo whose screen text must not matter, and a two-chamber cine."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from temporal_interp.evaluation.tracking_scores import scale_to_unit, score_pair
from temporal_interp.io import read_sequence
from temporal_interp.tracking.sector import scan_sector, without_surround
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.tracking.track import track
from temporal_interp.tracking.trajectories import drift_of

QUICK = replace(TrackingSettings(), refinement=())


def frames_of(sequence, numbers):
    return replace(
        sequence,
        volumes=[sequence.volumes[n] for n in numbers],
        times=[sequence.times[n] for n in numbers],
        item_attributes=(),
        period=None,
    )


def errors(sequence, fields, mask):
    """Mean squared error of the last frame against the one before it brought onto it."""
    scaled = scale_to_unit(sequence)
    earlier, later = (volume.array for volume in scaled.volumes[-2:])
    geometry = scaled.volumes[0].geometry
    return [score_pair(earlier, later, field, geometry, mask=mask, in_plane=True).mse for field in fields]


@pytest.fixture
def echo():
    """Two frames in which the mitral valve moves, without what surrounds the sector, and the sector."""
    whole = read_sequence(get_testdata_file("examples_ybr_color.dcm"))
    sector = scan_sector(whole)
    return frames_of(without_surround(whole, sector), (5, 6)), sector


def test_frames_of_an_echo_come_closer_and_its_text_is_left_out(echo):
    sequence, sector = echo
    assert not any(volume.array[~sector].any() for volume in sequence.volumes)
    ventricle = np.zeros_like(sector)
    ventricle[:, 90:170, 130:220] = True
    field = track(sequence, QUICK, mask=ventricle).motion.backward[-1]
    before, after = errors(sequence, (0 * field, field), ventricle)
    assert after < 0.7 * before


def test_frames_of_a_real_cine_come_closer(real_data):
    sequence = frames_of(read_sequence(real_data / "cine-2ch-dicom"), (4, 5))
    heart = np.zeros(sequence.volumes[0].geometry.shape, bool)
    heart[:, 80:170, 60:150] = True
    motion = track(sequence, QUICK, mask=heart).motion
    field = motion.backward[-1]
    before, after = errors(sequence, (0 * field, field), heart)
    assert after < 0.6 * before
    assert max(drift_of(motion).forward_backward_mean_mm) < 0.5
    across = np.asarray(sequence.volumes[0].geometry.direction)[:, 2]
    assert np.abs(field @ across).max() < 1e-4
