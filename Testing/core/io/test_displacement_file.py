"""Displacement fields of this program and of others: which way they point, and along which axes."""

import gzip
import re
import struct

import nrrd
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import to_sitk
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_displacement, read_volume, write_displacement, write_sequence, write_volume
from temporal_interp.io.format_registry import field_extensions
from temporal_interp.simulation import BeatingHeart, make_heart_cine, short_axis_slice

SHAPE = (2, 3, 4)
VECTOR = np.float32([1.5, -2.0, 3.0])
NOWHERE = [np.nan, np.nan, np.nan]
DIRECTIONS = [[1, 0, 0], [0, 2, 0], [0, 0, 3]]
LPS = {
    "space": "left-posterior-superior",
    "space directions": np.array([NOWHERE, *DIRECTIONS], dtype=float),
    "space origin": [5, 6, 7],
    "kinds": ["vector", "domain", "domain", "domain"],
}
RAS_GRID = {
    "space": "right-anterior-superior",
    "space directions": np.array([NOWHERE, [-1, 0, 0], [0, -2, 0], [0, 0, 3]], dtype=float),
    "space origin": [-5, -6, 7],
}
GRID = Geometry(SHAPE, (1, 2, 3), (5, 6, 7))


def constant(vector=VECTOR, shape=SHAPE):
    """A field of one vector in the order of pynrrd: component, I, J, K."""
    return np.ascontiguousarray(np.broadcast_to(vector, (*shape, len(vector))).transpose(3, 2, 1, 0))


def write_nrrd(path, header, vector=VECTOR, shape=SHAPE):
    nrrd.write(str(path), constant(vector, shape), header, index_order="F")
    return path


@pytest.fixture
def field(make_sequence):
    geometry = make_sequence(shape=(3, 4, 5)).volumes[0].geometry
    return np.random.default_rng(2).normal(0, 2, (3, 4, 5, 3)).astype(np.float32), geometry


@pytest.fixture(scope="module")
def heart():
    """Two frames of a heart whose motion is known exactly."""
    body = BeatingHeart().in_plane()
    return make_heart_cine(body, short_axis_slice(body), [0.0, 0.3])


def similarity(first, other):
    return np.corrcoef(first.ravel(), other.ravel())[0, 1]


def resampled(volume, image):
    """The volume under a vector image as ITK's transform."""
    transform = sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))
    moving = sitk.Cast(to_sitk(volume), sitk.sitkFloat32)
    return sitk.GetArrayFromImage(sitk.Resample(moving, moving, transform, sitk.sitkLinear))


@pytest.mark.parametrize("ending", field_extensions())
@pytest.mark.parametrize("slices", [1, 3])
def test_displacement_comes_back(ending, slices, tmp_path, make_sequence):
    geometry = make_sequence(shape=(slices, 4, 5)).volumes[0].geometry
    array = np.random.default_rng(2).normal(0, 2, (slices, 4, 5, 3)).astype(np.float32)
    write_displacement(array, geometry, tmp_path / f"d{ending}")
    back, grid = read_displacement(tmp_path / f"d{ending}")
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, array)
    assert grid.is_close(geometry)


def test_simpleitk_moves_points_by_the_displacement(field, tmp_path):
    array, geometry = field
    write_displacement(array, geometry, tmp_path / "d.nrrd")
    image = sitk.ReadImage(str(tmp_path / "d.nrrd"), sitk.sitkVectorFloat64)
    assert image.GetMetaData("displacement field type") == "resampling"
    transform = sitk.DisplacementFieldTransform(image)
    point = geometry.physical_point((1, 2, 3))
    np.testing.assert_allclose(transform.TransformPoint(point) - point, array[1, 2, 3], rtol=0, atol=1e-6)


def test_a_written_field_of_exact_motion_resamples_one_frame_to_the_other_in_simpleitk(heart, tmp_path):
    first, later = heart.sequence.volumes
    write_displacement(heart.displacement_field(0, 1).array, heart.geometry, tmp_path / "d.nrrd")
    warped = resampled(first, sitk.ReadImage(str(tmp_path / "d.nrrd")))
    assert similarity(warped, later.array) > 0.99 > 0.95 > similarity(first.array, later.array)


def test_a_modeling_field_is_inverted_and_that_is_said(heart, tmp_path):
    """A field that says where the tissue of the first frame goes, as Slicer writes a transform to parent."""
    first, later = heart.sequence.volumes
    image = sitk.GetImageFromArray(heart.displacement_field(1, 0).array, isVector=True)
    image.CopyInformation(to_sitk(first))
    image.SetMetaData("displacement field type", "modeling")
    sitk.WriteImage(image, str(tmp_path / "to_parent.nrrd"))
    notes = []
    array, grid = read_displacement(tmp_path / "to_parent.nrrd", note=notes.append)
    assert "to_parent.nrrd moves points (modeling), so it was inverted" in notes[0]
    write_displacement(array, grid, tmp_path / "d.nrrd")
    warped = resampled(first, sitk.ReadImage(str(tmp_path / "d.nrrd")))
    assert similarity(warped, later.array) > 0.99 > similarity(resampled(first, image), later.array)


def test_a_resampling_field_is_taken_as_it_is(tmp_path):
    notes = []
    path = write_nrrd(tmp_path / "d.nrrd", {**LPS, "displacement field type": "Resampling"})
    assert read_displacement(path, note=notes.append)[0][0, 0, 0].tolist() == VECTOR.tolist()
    assert notes == []


def test_an_unknown_type_of_field_is_refused(tmp_path):
    path = write_nrrd(tmp_path / "d.nrrd", {**LPS, "displacement field type": "velocity"})
    with pytest.raises(InvalidInputError, match=r"d\.nrrd: its displacement field type is 'velocity'; it must be"):
        read_displacement(path)


@pytest.mark.parametrize("kind", ["vector", "list", "3-vector", "covariant-vector"])
@pytest.mark.parametrize("first", [True, False])
def test_components_are_the_first_axis_or_the_last(kind, first, tmp_path):
    array, directions = constant(), LPS["space directions"]
    kinds = [kind, "domain", "domain", "domain"]
    if not first:
        array, directions, kinds = np.moveaxis(array, 0, -1), directions[[1, 2, 3, 0]], kinds[::-1]
    header = {**LPS, "kinds": kinds, "space directions": directions}
    nrrd.write(str(tmp_path / "d.nrrd"), np.ascontiguousarray(array), header, index_order="F")
    back, grid = read_displacement(tmp_path / "d.nrrd")
    assert back.shape == (*SHAPE, 3)
    np.testing.assert_array_equal(back, np.broadcast_to(VECTOR, back.shape))
    assert grid.is_close(GRID)


@pytest.mark.parametrize("kind", ["resampling", "modeling"])
def test_a_detached_header_is_read(kind, tmp_path):
    write_nrrd(tmp_path / "d.nhdr", {**LPS, "displacement field type": kind})
    back, grid = read_displacement(tmp_path / "d.nhdr")
    np.testing.assert_allclose(back[0, 0, 0], VECTOR if kind == "resampling" else -VECTOR, atol=1e-5)
    assert grid.is_close(GRID)


def test_vectors_in_ras_are_turned_to_lps(tmp_path):
    header = {**LPS, **RAS_GRID, "measurement frame": np.eye(3)}
    back, grid = read_displacement(write_nrrd(tmp_path / "d.nrrd", header, VECTOR * [-1, -1, 1]))
    np.testing.assert_array_equal(back[0, 0, 0], VECTOR)
    assert grid.is_close(GRID)


def test_vectors_along_unknown_axes_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="does not say along which axes its vectors are; save it in left-post"):
        read_displacement(write_nrrd(tmp_path / "d.nrrd", {**LPS, **RAS_GRID}))
    turned = {**LPS, "measurement frame": np.diag([-1.0, -1.0, 1.0])}
    path = write_nrrd(tmp_path / "d.nrrd", turned)
    for frame in (b"(-1,0,0) (0,-1,0) (0,0,1)", b"none (1,0,0)"):
        path.write_bytes(re.sub(rb"measurement frame: .*", b"measurement frame: " + frame, path.read_bytes(), count=1))
        with pytest.raises((InvalidInputError, UnreadableFileError), match=r"d\.nrrd: .*(axes of their own|damaged)"):
            read_displacement(path)


def write_nifti(path, vectors, intent, name=b""):
    """A NIfTI file of (K, J, I, components) vectors in five dimensions, on the grid of the tests."""
    slices, rows, columns, components = vectors.shape
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 5, columns, rows, slices, 1, components, 1, 1)
    struct.pack_into("<3fhhh", header, 56, 0, 0, 0, intent, 16, 32)
    struct.pack_into("<8f", header, 76, 1, *GRID.spacing, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<hh", header, 252, 0, 1)
    for row, (step, start) in enumerate(zip(np.diag([-1, -2, 3]), (-5, -6, 7), strict=True)):
        struct.pack_into("<4f", header, 280 + 16 * row, *map(float, step), start)
    header[328 : 328 + len(name)] = name
    header[344:348] = b"n+1\0"
    voxels = np.moveaxis(vectors, -1, 0).astype("<f4").tobytes()
    path.write_bytes(gzip.compress(bytes(header) + voxels))
    return path


@pytest.mark.parametrize(
    ("intent", "stored"),
    [(1007, VECTOR), (1006, VECTOR * [-1, -1, 1])],  # ANTs in LPS, Slicer in RAS
)
def test_the_intent_of_a_nifti_file_says_along_which_axes_vectors_are(intent, stored, tmp_path):
    path = write_nifti(tmp_path / "d.nii.gz", np.broadcast_to(stored, (*SHAPE, 3)), intent)
    back, grid = read_displacement(path)
    np.testing.assert_allclose(back, np.broadcast_to(VECTOR, back.shape))
    assert grid.is_close(GRID)


@pytest.mark.parametrize(("name", "program"), [(b"NREG_TRANS", "NiftyReg"), (b"Mapping", "SPM")])
def test_fields_of_other_conventions_are_refused(name, program, tmp_path):
    path = write_nifti(tmp_path / "d.nii.gz", np.broadcast_to(VECTOR, (*SHAPE, 3)), 1007, name)
    with pytest.raises(InvalidInputError, match=f"a field of {program}"):
        read_displacement(path)


def test_vectors_in_four_dimensions_of_nifti_are_refused_with_advice(tmp_path):
    image = sitk.GetImageFromArray(np.zeros((3, *SHAPE), np.float32), isVector=False)
    sitk.WriteImage(image, str(tmp_path / "fsl.nii.gz"))
    with pytest.raises(InvalidInputError, match="In NIfTI, vectors are along the fifth axis"):
        read_displacement(tmp_path / "fsl.nii.gz")


def test_a_field_of_a_single_slice_in_nifti_is_refused_with_advice(tmp_path):
    path = write_nifti(tmp_path / "d.nii.gz", np.broadcast_to(VECTOR, (1, 3, 4, 3)), 1007)
    with pytest.raises(InvalidInputError, match="a single slice loses its place; save it as"):
        read_displacement(path)


def test_a_2d_field_becomes_one_slice_that_does_not_move_across_it(tmp_path):
    image = sitk.GetImageFromArray(np.broadcast_to(VECTOR[:2], (3, 4, 2)).copy(), isVector=True)
    image.SetSpacing((1.5, 2.0))
    sitk.WriteImage(image, str(tmp_path / "d.mha"))
    back, grid = read_displacement(tmp_path / "d.mha")
    assert back.shape == (1, 3, 4, 3)
    assert back[0, 1, 2].tolist() == [1.5, -2.0, 0.0]
    sitk.WriteImage(sitk.VectorIndexSelectionCast(image, 0), str(tmp_path / "fixed.mha"))
    assert grid.is_close(read_volume(tmp_path / "fixed.mha").geometry)


@pytest.mark.parametrize("ending", [".h5", ".tfm"])
def test_a_displacement_field_in_a_transform_file_is_read(ending, field, tmp_path):
    array, geometry = field
    write_displacement(array, geometry, tmp_path / "d.mha")
    transform = sitk.DisplacementFieldTransform(sitk.ReadImage(str(tmp_path / "d.mha"), sitk.sitkVectorFloat64))
    for number, one in enumerate((transform, sitk.CompositeTransform([transform]))):
        sitk.WriteTransform(one, str(tmp_path / f"{number}{ending}"))
        back, grid = read_displacement(tmp_path / f"{number}{ending}")
        np.testing.assert_allclose(back, array, atol=1e-6)
        assert grid.is_close(geometry)


def test_a_transform_without_a_grid_is_evaluated_on_the_one_given(tmp_path):
    sitk.WriteTransform(sitk.TranslationTransform(3, VECTOR.astype(float).tolist()), str(tmp_path / "t.tfm"))
    notes = []
    back, grid = read_displacement(tmp_path / "t.tfm", GRID, note=notes.append)
    np.testing.assert_allclose(back, np.broadcast_to(VECTOR, (*SHAPE, 3)))
    assert grid.is_close(GRID)
    assert "t.tfm was evaluated on the voxel grid" in notes[0]
    with pytest.raises(InvalidInputError, match=r"t\.tfm: the transform has no voxel grid of its own"):
        read_displacement(tmp_path / "t.tfm")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#Insight Transform File V1.0\n#Transform 0\nTransform: InverseDisplacementFieldTransform_double_3_3\n"
        "Parameters: 0\nFixedParameters: 0\n",
    ],
)
def test_a_transform_that_itk_does_not_know_is_refused_with_advice(text, tmp_path):
    (tmp_path / "t.tfm").write_text(text)
    with pytest.raises(UnreadableFileError, match=r"t\.tfm: this is no transform file .* save the transform as \.nrrd"):
        read_displacement(tmp_path / "t.tfm")


def test_a_2d_transform_is_refused(tmp_path):
    sitk.WriteTransform(sitk.TranslationTransform(2, (1.0, 2.0)), str(tmp_path / "t.tfm"))
    with pytest.raises(InvalidInputError, match="the transform is 2D"):
        read_displacement(tmp_path / "t.tfm", GRID)


def test_what_is_no_field_is_refused(tmp_path, make_sequence):
    write_volume(make_sequence().volumes[0], tmp_path / "v.nrrd")
    with pytest.raises(InvalidInputError, match="this is 3D with 1"):
        read_displacement(tmp_path / "v.nrrd")
    picture = sitk.GetImageFromArray(np.zeros((*SHAPE, 3), np.uint8), isVector=True)
    sitk.WriteImage(picture, str(tmp_path / "picture.mha"))
    with pytest.raises(InvalidInputError, match="a picture in colour"):
        read_displacement(tmp_path / "picture.mha")
    nowhere = sitk.GetImageFromArray(np.full((*SHAPE, 3), np.nan, np.float32), isVector=True)
    sitk.WriteImage(nowhere, str(tmp_path / "nan.mha"))
    with pytest.raises(InvalidInputError, match=r"nan\.mha: the field has vectors that are NaN"):
        read_displacement(tmp_path / "nan.mha")


@pytest.mark.parametrize("values", [(0, 40, 80), (0,)])
def test_frames_are_no_components(values, tmp_path, make_sequence):
    """SimpleITK reads three frames as three components."""
    write_sequence(make_sequence(values=values), tmp_path / "cine.seq.nrrd")
    with pytest.raises(InvalidInputError, match=r"cine\.seq\.nrrd: (this is a sequence|a displacement field)"):
        read_displacement(tmp_path / "cine.seq.nrrd")


def test_field_that_does_not_fit_its_grid_is_refused(field, tmp_path):
    array, geometry = field
    with pytest.raises(InvalidInputError, match=r"shape \(3, 4, 5\)"):
        write_displacement(array[..., 0], geometry, tmp_path / "d.nrrd")
    with pytest.raises(InvalidInputError, match=r"must end in \.nrrd or \.mha"):
        write_displacement(array, geometry, tmp_path / "d.nii.gz")
    assert list(tmp_path.iterdir()) == []


def test_fields_of_ants_and_of_slicer_bring_the_moving_image_onto_the_fixed_one(cases):
    fixed, moving = (read_volume(cases / f"g1_{name}_ct.nii.gz") for name in ("fixed", "moving"))
    ants, grid = read_displacement(cases / "g3_ants1Warp.nii.gz")
    assert grid.is_close(fixed.geometry)
    as_it_is = sitk.ReadImage(str(cases / "g4_modeling.nrrd"))
    inverted, grid = read_displacement(cases / "g4_modeling.nrrd")
    assert grid.is_close(fixed.geometry)
    assert np.linalg.norm(inverted - ants, axis=-1).mean() < 0.05  # the file holds the inverse of the one of ANTs
    before = similarity(fixed.array, moving.array)
    for array in (ants, inverted):
        image = sitk.GetImageFromArray(array, isVector=True)
        image.CopyInformation(to_sitk(fixed))
        assert similarity(fixed.array, resampled(moving, image)) > before
    assert similarity(fixed.array, resampled(moving, as_it_is)) < before


def test_a_header_at_which_itk_would_end_the_program_is_refused(tmp_path):
    write_displacement(np.ones((2, 5, 6, 3), np.float32), Geometry((2, 5, 6)), tmp_path / "field.nrrd")
    content = (tmp_path / "field.nrrd").read_bytes()
    start = content.index(b"space origin: (") + len(b"space origin: (")
    (tmp_path / "field.nrrd").write_bytes(content[:start] + b"[" * 3000 + content[start:])
    with pytest.raises(UnreadableFileError, match=r"field\.nrrd: its header is damaged: 'space origin"):
        read_displacement(tmp_path / "field.nrrd")
