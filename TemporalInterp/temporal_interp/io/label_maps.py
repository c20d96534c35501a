"""Label maps: one volume whose voxels are numbers of structures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.guard import reading
from temporal_interp.io.volume_files import read_volume

LARGEST_LABEL = 2**31 - 1


def read_label_map(path: Path | str) -> Volume:
    """Return a volume of labels, int32; 0 is the background.

    Whole numbers that are stored as real numbers, as FreeSurfer and some NIfTI files have them, are labels, too.

    Args:
        path: a .nrrd, .nii.gz, .nii or .mha file of one volume.

    Raises:
        UnreadableFileError: there is no such file, it is damaged, or it is not one volume.
        InvalidInputError: voxels are not whole numbers from 0 to 2^31 - 1, as in an image or a map of probabilities.

    Example:
        >>> import tempfile
        >>> from temporal_interp.data.geometry import Geometry
        >>> from temporal_interp.io import write_volume
        >>> path = Path(tempfile.mkdtemp()) / "labels.nrrd"
        >>> write_volume(Volume(np.array([[[0.0, 2.0, 41.0]]], np.float32), Geometry((1, 1, 3))), path)
        >>> read_label_map(path).array.tolist()
        [[[0, 2, 41]]]
    """
    volume = read_volume(path)
    with reading(Path(path)):
        volume.require_finite("The label map")
        array = volume.array
        if array.min() < 0 or array.max() > LARGEST_LABEL:
            raise InvalidInputError(
                f"labels are whole numbers from 0 to {LARGEST_LABEL}, this file has {array.min():g} to {array.max():g}."
            )
        if array.dtype.kind == "f" and not np.array_equal(array, np.rint(array)):
            raise InvalidInputError(
                "labels are whole numbers, this file has fractions: is it the image, or a map of probabilities?"
            )
        return volume.with_array(array.astype(np.int32))
