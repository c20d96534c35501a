"""Any folder of sequences: what is found in it, endpoints, and splits."""

import numpy as np
import pytest

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError
from temporal_interp.io import write_sequence, write_volume
from temporal_interp.training.datasets import sequence_folder


def names(folder):
    return [subject.name for subject in sequence_folder.find(folder)]


def test_files_and_frame_folders_are_found_and_all_else_is_passed_over(make_sequence, tmp_path):
    sequence = make_sequence()
    write_sequence(sequence, tmp_path / "b.seq.nrrd")
    write_sequence(sequence, tmp_path / "a.nii.gz")
    (tmp_path / "more" / "deep").mkdir(parents=True)
    write_sequence(sequence, tmp_path / "more" / "deep" / "c.nii")
    write_sequence(sequence, tmp_path / "frames")
    write_sequence(sequence, tmp_path / ".hidden.nii.gz")
    write_volume(sequence.volumes[0], tmp_path / "one.nii.gz")
    write_volume(sequence.volumes[0], tmp_path / "mask.nrrd")
    (tmp_path / "README.md").write_text("Hello.")
    assert names(tmp_path) == ["a.nii.gz", "b.seq.nrrd", "frames", "more/deep/c.nii"]
    for subject in sequence_folder.find(tmp_path):
        assert len(subject.load().sequence) == 6


def test_a_subfolder_with_dicom_is_one_cine(lung_scan, tmp_path):
    lung_scan()
    (subject,) = sequence_folder.find(tmp_path)
    assert subject.name == "manifest-1"
    case = subject.load()
    assert len(case.sequence) == 10
    assert case.last == 9


def test_dicom_without_its_mark_is_recognised_by_its_name(lung_scan, tmp_path):
    for path in lung_scan().rglob("*.dcm"):
        path.write_bytes(path.read_bytes()[132:])
    assert names(tmp_path) == ["manifest-1"]


def test_the_last_endpoint_is_the_frame_most_unlike_the_first():
    brightness = [0, 5, 2, 3, 4, 1]  # frame 1 is farthest, but leaves no frame between
    geometry = Geometry((1, 4, 4))
    frames = [Volume(np.full((1, 4, 4), 100 * value, np.int16), geometry) for value in brightness]
    assert sequence_folder.least_like_first(Sequence(frames, range(6))) == 4


def test_a_single_bright_voxel_does_not_make_a_frame_unlike():
    """Differences count on the robust range: what is above it does not."""
    rng = np.random.default_rng(0)
    arrays = rng.integers(0, 50, (4, 2, 30, 30)).astype(np.float32)
    arrays[2] += 20
    arrays[3, 0, 0, 0] = 1e6
    frames = [Volume(array, Geometry(array.shape)) for array in arrays]
    assert sequence_folder.least_like_first(Sequence(frames, range(4))) == 2


def test_sequences_that_cannot_be_learnt_from_are_refused_by_name(make_sequence, tmp_path):
    synthetic = Provenance("linear_blend", 0.0, 2.0, 0.5).as_attributes()
    write_sequence(make_sequence(2), tmp_path / "short.seq.nrrd")
    write_sequence(make_sequence(3, item_attributes=[{}, synthetic, {}]), tmp_path / "synthetic.seq.nrrd")
    flat = [Volume(np.full((1, 4, 4), 7, np.uint8), Geometry((1, 4, 4))) for _ in range(4)]
    write_sequence(Sequence(flat, range(4)), tmp_path / "flat.seq.nrrd")
    flat, short, marked = sequence_folder.find(tmp_path)
    with pytest.raises(InvalidInputError, match=r"^flat.seq.nrrd: Every voxel is 7"):
        flat.load()
    with pytest.raises(InvalidInputError, match=r"^short.seq.nrrd: the sequence has 2 frames"):
        short.load()
    with pytest.raises(InvalidInputError, match=r"^synthetic.seq.nrrd: frame 1 is synthetic"):
        marked.load()


def test_a_damaged_nifti_file_is_reported(tmp_path):
    (tmp_path / "bad.nii.gz").write_bytes(b"nothing")
    with pytest.raises(UnreadableFileError, match=r"bad.nii.gz is not a NIfTI image"):
        sequence_folder.find(tmp_path)


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_folders_without_sequences_are_refused(name, tmp_path):
    with pytest.raises((MissingFileError, UnreadableFileError), match=r"there is no (sequence|such folder)"):
        sequence_folder.find(tmp_path / name)


def test_a_split_depends_on_the_seed():
    subjects = [sequence_folder.SequenceSubject(f"{n}", None) for n in range(20)]
    one, other = (sequence_folder.split(subjects, seed=seed) for seed in (0, 1))
    assert (len(one.train), len(one.validation), len(one.test)) == (14, 3, 3)
    assert one == sequence_folder.split(subjects, seed=0)
    assert one != other


def test_real_images_are_found_and_their_endpoints_are_the_heart_at_rest_and_contracted(real_data):
    subjects = {subject.name: subject for subject in sequence_folder.find(real_data)}
    assert {"cine-2ch-dicom", "cine-sax-dicom", "echo-3dt/img4d_11f.nii.gz"} <= set(subjects)
    assert not any("ct-chest" in name for name in subjects)
    case = subjects["cine-sax-dicom"].load()
    assert len(case.sequence) == 25
    assert (case.first, case.last) == (0, 8)


def test_a_case_depends_on_its_file_and_on_the_sidecars_up_to_the_folder(tmp_path):
    root, deep = tmp_path / "data", tmp_path / "data" / "sub-1" / "func"
    deep.mkdir(parents=True)
    kept = [
        "sub-1/func/cine.nii.gz",
        "sub-1/func/cine.json",
        "sub-1/func/other.nii.gz",
        "sub-1/shared.json",
        "all.json",
    ]
    for name in [*kept, "sub-1/func/notes.txt", "../beyond.json"]:
        (root / name).touch()
    subject = sequence_folder.SequenceSubject("sub-1/func/cine.nii.gz", deep / "cine.nii.gz")
    wanted = {"sub-1/func/cine.nii.gz", "sub-1/func/cine.json", "sub-1/shared.json", "all.json"}
    assert {path.relative_to(root).as_posix() for path in subject.files()} == wanted
    folder = sequence_folder.SequenceSubject("sub-1", root / "sub-1")
    assert len(folder.files()) == 5
