"""One displacement field in a file: a vector image, or a transform file of ITK.

A field in memory always resamples: frame(x) = source(x + displacement(x)). So do vector images of ITK, ANTs and Slicer,
with one exception: the NRRD key "displacement field type", which Slicer writes, may say "modeling". Such a field moves
points the other way, and is inverted when it is read.

SimpleITK reads the components of a NIfTI file as its intent says: a displacement (1006, Slicer) is in RAS and turned to
LPS, a vector (1007, ANTs) is in LPS already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.inverse_displacement import inverse_displacement
from temporal_interp.data.volume import from_sitk, put_on_grid
from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io.atomic import atomic_file, write_errors_naming
from temporal_interp.io.files import header_text, itk_name, require_exists
from temporal_interp.io.format_registry import field_extensions, one_of
from temporal_interp.io.guard import reading
from temporal_interp.io.images import read_image, write_image
from temporal_interp.io.nrrd_file import is_nrrd
from temporal_interp.io.nrrd_grid import known_signs

TYPE_KEY = "displacement field type"
RESAMPLING, MODELING = "resampling", "modeling"

DISPLACEMENT_INTENT = {"intent_code": "1006"}
"""Key by which Slicer tells a displacement field from a picture in colour."""

TRANSFORM_EXTENSIONS = (".h5", ".hdf5", ".tfm", ".txt", ".mat", ".xfm")

OTHER_CONVENTIONS = {"NREG_TRANS": "NiftyReg", "Mapping": "SPM"}
"""Names of the intent in NIfTI files whose vectors mean something else, and the programs that write them."""


NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def ignore_note(message: str) -> None:
    """Take no notice of a note."""


def read_displacement(
    path: Path | str, grid: Geometry | None = None, *, note: Callable[[str], None] = ignore_note
) -> tuple[np.ndarray, Geometry]:
    """Return a resampling displacement field: (K, J, I, 3) float32, components (x, y, z) in LPS mm, and its voxel grid.

    Args:
        path: a vector image that SimpleITK reads (.nrrd, .nhdr, .mha, .mhd, .nii.gz), also of two components in 2D; or
            a transform file of ITK (.h5, .tfm, .txt, .mat, .xfm).
        grid: where to evaluate a transform that has no grid of its own, such as an affine one.
        note: receives what had to be done to the field, in words.

    Raises:
        UnreadableFileError: there is no such file, or it is damaged.
        InvalidInputError: it is no displacement field, or one whose vectors point elsewhere than the file says; or it
            is to be inverted, and folds; or a transform needs a grid.

    Example:
        See `write_displacement`.
    """
    path = Path(path)
    with reading(path):
        require_exists(path)
        if path.name.lower().endswith(TRANSFORM_EXTENSIONS):
            image = _of_transform(path, grid, note)
        else:
            image = read_image(path)
        array, its_grid = _vectors(image)
        if is_nrrd(path):
            _require_no_sequence(path)
            array = _in_lps(path, array)
        if not np.isfinite(array).all():
            raise InvalidInputError("the field has vectors that are NaN or infinite; set them to zero first.")
        kind = image.GetMetaData(TYPE_KEY).strip().lower() if image.HasMetaDataKey(TYPE_KEY) else RESAMPLING
        if kind == MODELING:
            array, error = inverse_displacement(array, its_grid)
            note(f"{path.name} moves points (modeling), so it was inverted to resample images, within {error:.2g} mm.")
        elif kind != RESAMPLING:
            raise InvalidInputError(f"its {TYPE_KEY} is '{kind}'; it must be {RESAMPLING} or {MODELING}.")
        return array, its_grid


def _vectors(image: sitk.Image) -> tuple[np.ndarray, Geometry]:
    """Return the vectors of an image, as float32 and with three components, and its voxel grid."""
    dimension, components = image.GetDimension(), image.GetNumberOfComponentsPerPixel()
    if (dimension, components) not in ((3, 3), (2, 2)):
        raise InvalidInputError(
            f"a displacement field is a 3D image with three components per voxel, or a 2D image with two; this is "
            f"{dimension}D with {components}.{_advice(image, dimension, components)}"
        )
    array = sitk.GetArrayFromImage(image)
    if array.dtype == np.uint8:
        raise InvalidInputError("its voxels are bytes: this is a picture in colour, not a displacement field.")
    name = image.GetMetaData("intent_name").strip() if image.HasMetaDataKey("intent_name") else ""
    if name in OTHER_CONVENTIONS:
        raise InvalidInputError(
            f"this is a field of {OTHER_CONVENTIONS[name]} ({name}), whose vectors are not displacements in LPS; "
            "convert it to one of ITK first."
        )
    geometry = from_sitk(sitk.VectorIndexSelectionCast(image, 0)).geometry
    if components == 2:
        array = np.concatenate([array, np.zeros_like(array[..., :1])], axis=-1)[None]
    return array.astype(np.float32, copy=False), geometry


def _advice(image: sitk.Image, dimension: int, components: int) -> str:
    """Return what may be the matter with an image that is no field, "" if that is not known."""
    if (dimension, components) == (4, 3):
        return " Save one field of the sequence."
    if (dimension, components) == (2, 3):
        return " In NIfTI, a single slice loses its place; save it as .nrrd or .mha."
    if components == 1 and image.GetSize()[-1] in (2, 3) and image.HasMetaDataKey("intent_code"):
        return " In NIfTI, vectors are along the fifth axis, and the intent must be 1006 or 1007."
    return ""


def _require_no_sequence(path: Path) -> None:
    """Raise InvalidInputError if a NRRD file holds frames: three of them look like three components to SimpleITK."""
    if re.search(r"^(axis \d+ index |MultiVolume\.)", header_text(path), re.MULTILINE):
        raise InvalidInputError("this is a sequence of frames, not a displacement field.")


def _of_transform(path: Path, grid: Geometry | None, note: Callable[[str], None]) -> sitk.Image:
    """Return the field of a transform file, on its own grid or, where it has none, on the given one."""
    try:
        transform = sitk.ReadTransform(itk_name(path))
    except RuntimeError as error:
        raise UnreadableFileError(
            "this is no transform file that ITK can read: it is damaged, or holds a transform that only Slicer knows. "
            "In Slicer, save the transform as .nrrd."
        ) from error
    if transform.GetDimension() != 3:
        raise InvalidInputError(f"the transform is {transform.GetDimension()}D; a 3D one is needed.")
    simplest = transform
    while simplest.GetTransformEnum() == sitk.sitkComposite:
        composite = sitk.CompositeTransform(simplest)
        if composite.GetNumberOfTransforms() != 1:
            break
        simplest = composite.GetNthTransform(0)
    if simplest.GetTransformEnum() == sitk.sitkDisplacementField:
        return sitk.DisplacementFieldTransform(simplest).GetDisplacementField()
    if grid is None:
        raise InvalidInputError("the transform has no voxel grid of its own; a displacement field is needed.")
    note(f"{path.name} was evaluated on the voxel grid, as a transform that resamples.")
    return sitk.TransformToDisplacementField(
        transform,
        sitk.sitkVectorFloat64,
        grid.shape[::-1],
        grid.origin,
        grid.spacing,
        np.ravel(grid.direction).tolist(),
    )


def _in_lps(path: Path, array: np.ndarray) -> np.ndarray:
    """Return the vectors of a NRRD file in LPS: SimpleITK turns the grid, but leaves the components as they are.

    Raises:
        InvalidInputError: the space is another one, and the header does not say in which axes vectors are.
    """
    entries = _header_entries(path)
    space, frame = entries.get("space", ""), entries.get("measurement frame")
    signs = np.array(known_signs(entries) or (1, 1, 1), np.float32)
    if frame is None:
        if (signs < 0).any():
            raise InvalidInputError(
                f"its space is {space}, and the header does not say along which axes its vectors are; save it in "
                "left-posterior-superior, or with a measurement frame."
            )
        return array
    numbers = [float(number) for number in NUMBER.findall(frame)]
    if not any(np.array_equal(numbers, np.eye(size).ravel()) for size in (2, 3)):
        raise InvalidInputError(
            "its vectors are given along axes of their own (measurement frame); save it with the identity there."
        )
    return array * signs


def _header_entries(path: Path) -> dict[str, str]:
    """Return the fields of a NRRD header."""
    fields = (line.split(": ", 1) for line in header_text(path).splitlines() if ": " in line and ":=" not in line)
    return {name.strip().lower(): value.strip() for name, value in fields}


def write_displacement(array: np.ndarray, geometry: Geometry, path: Path | str, *, overwrite: bool = False) -> None:
    """Write a displacement field as a vector image, which Slicer opens as a grid transform.

    Args:
        array: (K, J, I, 3), components (x, y, z) in LPS mm. As a transform it takes x to x + array(x), and resamples; a
            .nrrd file says so.
        geometry: its voxel grid.
        path: where to, .nrrd or .mha.
        overwrite: replace a file that is there.

    Raises:
        InvalidInputError: shape and grid differ, or the ending is neither. NIfTI is not supported: a field of one
            slice would lose its place, and programs disagree on the axes of the vectors.
        UnwritableFileError: the file exists, or the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "field.mha"
        >>> write_displacement(np.zeros((2, 4, 5, 3), np.float32), Geometry((2, 4, 5)), path)
        >>> field, grid = read_displacement(path)
        >>> field.shape, grid.shape
        ((2, 4, 5, 3), (2, 4, 5))
    """
    path = Path(path)
    with write_errors_naming(path):
        if not path.name.lower().endswith(field_extensions()):
            raise InvalidInputError(f"the name must end in {one_of(field_extensions())}.")
        if array.shape != (*geometry.shape, 3):
            raise InvalidInputError(f"the field has shape {array.shape}, its grid needs {(*geometry.shape, 3)}.")
        image = put_on_grid(sitk.GetImageFromArray(array, isVector=True), geometry)
        if path.name.lower().endswith(".nrrd"):
            for key, value in {TYPE_KEY: RESAMPLING, **DISPLACEMENT_INTENT}.items():
                image.SetMetaData(key, value)
        with atomic_file(path, overwrite=overwrite) as target:
            write_image(image, target)
