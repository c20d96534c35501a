"""Images with labels are found in the layouts of the data sets."""

import pytest

from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.labelled_images import atlas_pairs, find_labelled_images, read_pairs


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


LAYOUTS = {
    "neurite": (
        "oasis",
        ["OASIS_OAS1_0002_MR1/aligned_norm.nii.gz", "OASIS_OAS1_0002_MR1/aligned_seg35.nii.gz"],
        "OASIS_OAS1_0002_MR1",
    ),
    "learn2reg": ("oasis", ["imagesTr/OASIS_0001_0000.nii.gz", "labelsTr/OASIS_0001_0000.nii.gz"], "OASIS_0001"),
    "mindboggle": (
        "mindboggle",
        ["MMRR-21_volumes/MMRR-21-1/t1weighted_brain.nii.gz", "MMRR-21_volumes/MMRR-21-1/labels.DKT31.manual.nii.gz"],
        "MMRR-21-1",
    ),
    "two folders": ("plain", ["images/a.nrrd", "labels/a.nii.gz"], "a"),
    "decathlon": ("plain", ["imagesTr/heart_1_0000.nii.gz", "labelsTr/heart_1.nii.gz"], "heart_1"),
    "beside": ("plain", ["patient.nii.gz", "patient_seg.nii.gz"], "patient"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised(tmp_path, name):
    layout, files, subject = LAYOUTS[name]
    found_layout, images = find_labelled_images(touch(tmp_path, *files))
    assert found_layout == layout
    assert [(i.name, i.image, i.labels) for i in images] == [(subject, tmp_path / files[0], tmp_path / files[1])]


def test_images_without_labels_are_left_out(tmp_path):
    touch(tmp_path, "images/a.nii.gz", "images/b.nii.gz", "labels/b.nii.gz", "images/notes.txt")
    assert [image.name for image in find_labelled_images(tmp_path)[1]] == ["b"]


@pytest.mark.parametrize(
    ("files", "words"),
    [(["a.nii.gz", "b.nii.gz"], "no images with labels"), ([], "no images with labels")],
    ids=["no labels", "empty"],
)
def test_a_folder_without_labels_is_refused(tmp_path, files, words):
    with pytest.raises(InvalidInputError, match=words):
        find_labelled_images(touch(tmp_path, *files))


def test_a_missing_folder_and_one_name_twice_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="no such folder"):
        find_labelled_images(tmp_path / "none")
    for study in ("one", "two"):
        touch(tmp_path / study, "s/aligned_norm.nii.gz", "s/aligned_seg35.nii.gz")
    with pytest.raises(InvalidInputError, match="named 's'"):
        find_labelled_images(tmp_path)


def test_all_others_are_registered_to_the_atlases(tmp_path):
    _, images = find_labelled_images(
        touch(tmp_path, *(f"{side}/{n}.nrrd" for n in "abcd" for side in ("images", "labels")))
    )
    names = lambda pairs: [(pair.fixed.name, pair.moving.name) for pair in pairs]  # noqa: E731
    assert names(atlas_pairs(images, [])) == [("a", "b"), ("a", "c"), ("a", "d")]
    assert names(atlas_pairs(images, ["d", "b"], 1)) == [("d", "a"), ("b", "a")]
    with pytest.raises(InvalidInputError, match="no image 'x'"):
        atlas_pairs(images, ["x"])
    with pytest.raises(InvalidInputError, match="at least two"):
        atlas_pairs(images[:1], [])


HEAD = "fixed,fixed_labels,moving,moving_labels\n"


def test_a_table_names_pairs(tmp_path):
    touch(tmp_path, "f.nii.gz", "fl.nii.gz", "m.nii.gz", "ml.nii.gz")
    (tmp_path / "pairs.csv").write_text(HEAD + "f.nii.gz,fl.nii.gz,m.nii.gz, ml.nii.gz\n")
    (pair,) = read_pairs(tmp_path / "pairs.csv")
    assert (pair.fixed.name, pair.moving.labels) == ("f", tmp_path / "ml.nii.gz")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD, "no pairs"),
        (HEAD + "f,l,m,n\n", "line 2: the column 'fixed'"),
        ("a,b\n1,2\n", "column 'fixed'"),
        ("\0", "pairs"),
    ],
    ids=["empty", "missing file", "other columns", "binary"],
)
def test_a_table_that_is_none_is_refused(tmp_path, text, words):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(InvalidInputError, match=words):
        read_pairs(tmp_path / "pairs.csv")
