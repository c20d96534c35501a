"""Which files are taken from *Add data* and drag and drop, and which are left to Slicer."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import slicer
from mrml_helpers import item_arrays

from temporal_interp.data.sequence import Sequence
from temporal_interp.io import read_sequence, write_sequence, write_volume
from TemporalInterpLib.file_reader import FileReader

VOLUMES_READER = 0.5 + 0.01 * len("*.nii.gz")
"""Confidence of Slicer's reader of volumes: 0.5 and 0.01 for every character of the ending."""


class Messages:
    def __init__(self):
        self.said = []

    def AddMessage(self, event, text):  # noqa: N802 - as in Slicer
        self.said.append(text)


class Parent:
    """The half of a file reader that is written in C++."""

    def __init__(self):
        self.loadedNodes, self._messages = [], Messages()

    def userMessages(self):  # noqa: N802 - as in Slicer
        return self._messages


@pytest.fixture
def reader():
    return FileReader(Parent())


@pytest.fixture
def cine():
    frames = np.random.default_rng(1).integers(0, 100, (3, 2, 5, 6)).astype("int16")
    return Sequence.from_numpy(frames, times=[0, 10, 20])


@pytest.mark.parametrize(
    "case",
    ["n4_nifti2.nii.gz", "n12_bigendian.nii", "n14_UPPER.NII.GZ", "n5b_5d_xyzt1.nii.gz", "n15_plain_named_gz.nii.gz",
     "n9b_xy1t.nii.gz", "m1_4d.mha", "m1b_4d.mhd"],
)  # fmt: skip
def test_files_of_several_frames_are_taken(reader, cases, case):
    assert reader.canLoadFileConfidence(str(cases / case)) > VOLUMES_READER


@pytest.mark.parametrize(
    "case",
    ["g1_fixed_ct.nii.gz", "g3_ants1Warp.nii.gz", "n9_xyt3d.nii.gz", "n11_rgb.nii.gz", "r0_slicer510.seq.nrrd",
     "r1_sitk4d.nrrd", "e1_plain.dcm", "v7.MP4", "n18_pet_bids.json", "n6_pair.hdr", "d12_flat", "not there.nii.gz"],
)  # fmt: skip
def test_everything_else_is_left_to_slicer(reader, cases, case):
    assert reader.canLoadFileConfidence(str(cases / case)) == 0.0


def test_a_single_volume_and_a_segmentation_are_left_to_slicer(reader, cine, tmp_path):
    for name in ("t1.nii.gz", "t1.nii", "heart.seg.nii.gz", "t1.mha"):
        write_volume(cine.volumes[0], tmp_path / name)
        assert reader.canLoadFileConfidence(str(tmp_path / name)) == 0.0


@pytest.mark.parametrize("name", ["heart.seg.nii.gz", "heart_labels.nii", "case-3 mask.nii.gz"])
def test_labels_over_time_are_left_to_slicer(reader, cine, tmp_path, name):
    write_sequence(cine, tmp_path / name)
    assert reader.canLoadFileConfidence(str(tmp_path / name)) == 0.0


def test_diffusion_images_are_left_to_slicer(reader, cine, tmp_path):
    path = tmp_path / "dwi.nii.gz"
    write_sequence(cine, path)
    assert reader.canLoadFileConfidence(str(path)) > VOLUMES_READER
    (tmp_path / "dwi.bval").write_text("0 1000 1000")
    assert reader.canLoadFileConfidence(str(path)) == 0.0


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"x", id="one-byte"),
        pytest.param(b"\x1f\x8b damaged", id="not-gzip"),
        pytest.param(gzip.compress(b"short"), id="short"),
        pytest.param(b"NDims = 4\nDimSize = a b c d", id="sizes-are-letters"),
    ],
)
@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.mha"])
def test_a_damaged_file_is_left_to_slicer(reader, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert reader.canLoadFileConfidence(str(tmp_path / name)) == 0.0


def test_the_answer_is_a_real_number(reader, tmp_path):
    assert isinstance(reader.canLoadFileConfidence(str(tmp_path)), float)


def test_without_the_readers_packages_files_are_left_to_slicer(reader, cases, monkeypatch):
    monkeypatch.setattr("TemporalInterpLib.file_reader.files_can_be_read", lambda: False)
    assert reader.canLoadFileConfidence(str(cases / "m1_4d.mha")) == 0.0


def test_it_loads_a_sequence_with_what_shows_it(reader, scene, slicer_session, cine, tmp_path):
    path = tmp_path / "cine.nii.gz"
    write_sequence(cine, path)
    assert reader.load({"fileName": str(path), "name": "my cine"}) is True
    proxy, sequence, browser = map(scene.GetNodeByID, reader.parent.loadedNodes)
    assert sequence.GetName() == "my cine"
    np.testing.assert_array_equal(np.stack(item_arrays(sequence)), read_sequence(path).to_numpy())
    assert browser.GetProxyNode(sequence) is proxy
    assert slicer_session.in_toolbar == [browser]


def test_what_cannot_be_read_is_said_and_adds_nothing(reader, scene, cine, tmp_path):
    path = tmp_path / "cine.nii.gz"
    write_sequence(cine, path)
    path.write_bytes(path.read_bytes()[:400])
    assert reader.load({"fileName": str(path)}) is False
    assert "cine.nii.gz" in reader.parent.userMessages().said[0]
    assert scene.GetNumberOfNodes() == 0


def test_slicer_finds_it_by_its_name(slicer_session):
    import sys

    slicer_session.load_module(Path(__file__).parents[2] / "TemporalInterp" / "TemporalInterp.py")
    reader = sys.modules["TemporalInterp"].TemporalInterpFileReader(Parent())
    assert reader.fileType()
    assert all("*.nii.gz" in entry for entry in reader.extensions())
    assert isinstance(reader.extensions(), list)
    assert slicer.mrmlScene is not None
