"""MetaImage (.mha, or .mhd with its voxels in another file), the format of ITK: a volume, or a sequence in 4D."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PREFIX
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.format_registry import Format
from temporal_interp.io.header_times import numbered, regular
from temporal_interp.io.images import grid_of_image, read_image
from temporal_interp.io.metaimage_header import is_metaimage, is_plain, read_header
from temporal_interp.io.placement import ASSUMED_SPACING, UNPLACED, usable_spacing

SPACING_KEYS = ("ElementSpacing", "ElementSize")
PLACE_KEYS = ("TransformMatrix", "Rotation", "Orientation", "Offset", "Position", "Origin")


def read_metaimage(path: Path) -> Sequence:
    """Return a MetaImage as a sequence: of one frame, with the attributes that `write_volume` wrote, or of those of 4D.

    Raises:
        UnreadableFileError: the file is damaged, or the one with its voxels is not there.
        InvalidInputError: it holds something other than scalar volumes.
    """
    header = read_header(path)
    spacing, notes = _spacing(header)
    if not any(key in header for key in PLACE_KEYS):
        notes.append(UNPLACED)
    image, frames = _read(path, header)
    dimension = image.GetDimension()
    if image.GetNumberOfComponentsPerPixel() != 1 or dimension not in (2, 3, 4):
        raise InvalidInputError(
            f"expected scalar volumes, or a 4D sequence of them, got {dimension}D with "
            f"{image.GetNumberOfComponentsPerPixel()} components per voxel."
        )
    geometry, notes = _grid(image, spacing, notes)
    ours = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys() if key.startswith(PREFIX)}
    index = numbered(1)
    if dimension == 4:
        step = spacing[3] if len(spacing) > 3 else image.GetSpacing()[3]  # ITK makes a negative one positive
        index = regular(len(frames), image.GetOrigin()[3], step, "")
    attributes = [ours] if dimension < 4 else ()
    volumes = [Volume(frame.reshape(geometry.shape), geometry) for frame in frames]
    return Sequence(volumes, index.values, index.name, index.unit, attributes, [*notes, *index.notes])


def _read(path: Path, header: dict[str, str]) -> tuple[sitk.Image, list[np.ndarray]]:
    """Return an image of which the grid is that of the frames, and the frames, (K, J, I), or (J, I) of a 2D image.

    Frames of a 4D file are read one after another where ITK can do so; it holds all of a compressed one twice.
    """
    sizes = [int(size) for size in header["DimSize"].split()]
    if len(sizes) < 4 or not is_plain(header):
        image = read_image(path, "MetaImageIO")
        voxels = sitk.GetArrayFromImage(image)
        return image, list(voxels) if image.GetDimension() == 4 else [voxels]
    images = (read_image(path, "MetaImageIO", frame=number) for number in range(sizes[3]))
    first = next(images)
    return first, [sitk.GetArrayFromImage(image)[0] for image in itertools.chain([first], images)]


def _spacing(header: dict[str, str]) -> tuple[list[float], list[str]]:
    """Return the voxel sizes along the axes, as many as the header gives, and notes.

    Raises:
        InvalidInputError: one is 0, NaN or infinite, which ITK refuses.
    """
    given = next((header[key] for key in SPACING_KEYS if key in header), None)
    if given is None:
        return [], [f"The header does not say how far apart voxels are; {ASSUMED_SPACING:g} mm was taken."]
    try:
        spacing = [float(number) for number in given.split()]
    except ValueError as error:
        raise InvalidInputError(f"the header has voxels of {given} mm, which are no numbers.") from error
    if not all(0 < abs(size) < math.inf for size in spacing):
        raise InvalidInputError(f"the header has steps of {given} between voxels; none can be 0, NaN or infinite.")
    return spacing, []


def _grid(image: sitk.Image, spacing: list[float], notes: list[str]) -> tuple[Geometry, list[str]]:
    """Return the voxel grid, and all notes on what was assumed."""
    inside = min(image.GetDimension(), 3)
    given = [*spacing[:inside], *[ASSUMED_SPACING] * (3 - len(spacing[:inside]))]
    usable, spacing_notes = usable_spacing(given, "The header")
    geometry, placing_notes = grid_of_image(image, usable)
    return geometry, notes + spacing_notes + placing_notes


FORMAT = Format(
    name="metaimage",
    label="a MetaImage",
    extensions=(".mha", ".mhd"),
    sniff=is_metaimage,
    read=read_metaimage,
    volume_extensions=(".mha",),
    field_extensions=(".mha",),
    keeps_attributes=True,
)
