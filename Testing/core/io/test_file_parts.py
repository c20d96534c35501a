"""Files that belong together."""

import pytest

from temporal_interp.io.file_parts import files_of


def names(path):
    return [file.name for file in files_of(path)]


def test_a_file_a_folder_and_what_is_not_there_are_themselves_alone(tmp_path):
    (tmp_path / "cine.seq.nrrd").write_bytes(b"NRRD0005\ntype: short\n\ndata file: voxels.raw\n")
    (tmp_path / "voxels.raw").touch()
    assert names(tmp_path / "cine.seq.nrrd") == ["cine.seq.nrrd"]  # the header has ended
    assert names(tmp_path) == [tmp_path.name]
    assert names(tmp_path / "absent.nii.gz") == ["absent.nii.gz"]


@pytest.mark.parametrize("name", ["Cine.nii.gz", "Cine.NII", "Cine.nii"])
def test_a_nifti_has_a_sidecar(name, tmp_path):
    for file in (name, "Cine.json", "Cine2.json"):
        (tmp_path / file).touch()
    assert names(tmp_path / name) == [name, "Cine.json"]
    (tmp_path / "Cine.json").unlink()
    assert names(tmp_path / name) == [name, "Cine.json"]


@pytest.mark.parametrize(("name", "other"), [("a.img", "a.hdr"), ("a.hdr", "a.img"), ("a.hdr", "a.img.gz")])
def test_an_analyze_image_has_two_files(name, other, tmp_path):
    for file in (name, other):
        (tmp_path / file).touch()
    assert names(tmp_path / name) == [name, other]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.nhdr", "NRRD0004\ntype: short\ndata file: v 1.raw\nencoding: raw\n\n"),
        ("a.nhdr", "NRRD0004\r\ndatafile: ./v 1.raw\r\n\r\n"),
        ("a.mhd", "ObjectType = Image\nNDims = 3\nElementDataFile = v 1.raw\n"),
        ("a.mhd", "NDims = 3\nElementDataFile=v 1.raw\n"),
    ],
)
def test_a_header_names_the_file_of_its_voxels(name, header, tmp_path):
    (tmp_path / name).write_bytes(header.encode())
    (tmp_path / "v 1.raw").touch()
    assert names(tmp_path / name) == [name, "v 1.raw"]


@pytest.mark.parametrize("entry", ["data file: LIST\ns_1.raw\ns_2.raw\n", "data file: s_%d.raw 1 2 1\n\n"])
def test_a_header_may_name_many_files(entry, tmp_path):
    (tmp_path / "a.nhdr").write_text(f"NRRD0004\ntype: short\n{entry}")
    for file in ("s_1.raw", "s_2.raw", "other.raw"):
        (tmp_path / file).touch()
    assert names(tmp_path / "a.nhdr") == ["a.nhdr", "s_1.raw", "s_2.raw"]
