"""Images of further kinds, whatever SimpleITK or nibabel open: one volume, or a sequence in 4D."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, TemporalInterpError, UnreadableFileError
from temporal_interp.io.files import has_plain_name
from temporal_interp.io.format_registry import Format
from temporal_interp.io.header_times import numbered, regular
from temporal_interp.io.images import grid_of_image, read_image
from temporal_interp.io.nifti_grid import RAS_TO_LPS
from temporal_interp.io.placement import placed
from temporal_interp.io.voxel_stream import require_plausible
from temporal_interp.memory import require_memory

READ_ELSEWHERE = ("", "GDCMImageIO", "NiftiImageIO", "NrrdImageIO", "MetaImageIO")
"""SimpleITK's names of formats that other modules read, and of none."""

NIBABEL_ENDINGS = (".mgh", ".mgz", ".head", ".brik", ".brik.gz", ".par", ".rec", ".mnc", ".mnc.gz")
"""Endings by which nibabel knows the files that only it opens."""


def is_other_image(path: Path) -> bool:
    """Tell whether SimpleITK or nibabel open a file."""
    return path.is_file() and (_kind(path) not in READ_ELSEWHERE or _nibabel_class(path) is not None)


def read_other_image(path: Path) -> Sequence:
    """Return an image as a sequence, of one frame unless it is 4D.

    Raises:
        UnreadableFileError: the file is damaged.
        InvalidInputError: it holds something other than scalar volumes, or its axes are sheared.
    """
    kind = _kind(path)
    return _by_nibabel(path) if kind in READ_ELSEWHERE else _by_simpleitk(path, kind)


def _kind(path: Path) -> str:
    return sitk.ImageFileReader.GetImageIOFromFileName(str(path)) if has_plain_name(path) else ""


def _by_simpleitk(path: Path, kind: str) -> Sequence:
    image = read_image(path, kind)
    dimension, components = image.GetDimension(), image.GetNumberOfComponentsPerPixel()
    if components != 1 or dimension not in (2, 3, 4):
        raise InvalidInputError(
            f"expected a volume or a sequence of them, of one value a voxel; this is {dimension}D with {components} "
            "values a voxel, such as a colour."
        )
    geometry, notes = grid_of_image(image, image.GetSpacing()[:3])
    spacing = " x ".join(f"{step:g}" for step in geometry.spacing)
    notes.append(f"The file was read as ITK's {kind.removesuffix('ImageIO')}, with voxels of {spacing} mm.")
    step = image.GetSpacing()[3] if dimension == 4 else 0.0
    return _sequence(sitk.GetArrayFromImage(image).reshape(-1, *geometry.shape), geometry, step, notes)


def _nibabel_class(path: Path) -> Any:
    """Return the class of nibabel that opens a file, None if none does."""
    if not path.name.lower().endswith(NIBABEL_ENDINGS):
        return None
    from nibabel import brikhead, freesurfer, minc1, minc2, parrec  # takes a while

    classes = (freesurfer.MGHImage, brikhead.AFNIImage, parrec.PARRECImage, minc1.Minc1Image, minc2.Minc2Image)
    return next((one for one in classes if one.path_maybe_image(str(path))[0]), None)


def _by_nibabel(path: Path) -> Sequence:
    try:
        image = _nibabel_class(path).from_filename(str(path))
        _require_room(path, image)
        voxels = np.asanyarray(image.dataobj)
        steps = image.header.get_zooms()
    except (TemporalInterpError, MemoryError):
        raise
    except Exception as error:  # each reader of nibabel has errors of its own, without a common base
        raise UnreadableFileError(f"the file is cut short or damaged ({error}).") from error
    if voxels.ndim not in (3, 4) or voxels.dtype.kind not in "iuf":
        raise InvalidInputError(f"expected a volume or a sequence of them, this has {voxels.ndim} axes.")
    frames = np.ascontiguousarray(voxels.T.reshape(-1, *voxels.shape[2::-1]), voxels.dtype.newbyteorder("="))
    affine = RAS_TO_LPS @ np.asarray(image.affine, dtype=float)[:3]
    geometry, notes = placed(frames.shape[1:], affine[:, :3], affine[:, 3])
    return _sequence(frames, geometry, float(steps[3]) if len(steps) > 3 else 0.0, notes)


def _require_room(path: Path, image: Any) -> None:
    """Raise an error if the header promises more than the file can hold, or than there is memory for."""
    needed = math.prod(map(int, image.dataobj.shape)) * int(image.get_data_dtype().itemsize)
    file = getattr(image, "file_map", {}).get("image")
    require_plausible(Path(getattr(file, "filename", None) or path).stat().st_size, needed)
    require_memory(needed, "its voxels")


def _sequence(frames: np.ndarray, geometry: Geometry, step: float, notes: list[str]) -> Sequence:
    index = regular(len(frames), 0.0, step, "") if len(frames) > 1 else numbered(1)
    volumes = [Volume(frame, geometry) for frame in frames]
    return Sequence(volumes, index.values, index.name, index.unit, notes=[*notes, *index.notes])


FORMAT = Format(
    name="image",
    label="another image that SimpleITK or nibabel opens",
    extensions=(),
    sniff=is_other_image,
    read=read_other_image,
    asked_last=True,
)
