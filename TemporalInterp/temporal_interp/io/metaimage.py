"""MetaImage (.mha), the format of ITK: one volume, or one displacement field, with text in its header."""

from __future__ import annotations

from pathlib import Path

from temporal_interp.data.provenance import PREFIX
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import from_sitk
from temporal_interp.io.files import first_bytes
from temporal_interp.io.format_registry import Format
from temporal_interp.io.images import read_image

FIRST_KEYS = (b"ObjectType", b"NDims")
"""The header begins with one of these."""


def is_metaimage(path: Path) -> bool:
    """Tell by its first key whether a file is a MetaImage."""
    return first_bytes(path, 16).startswith(FIRST_KEYS)


def read_metaimage(path: Path) -> Sequence:
    """Return the volume in a .mha file as a sequence of one frame, with the attributes that `write_volume` wrote.

    Raises:
        UnreadableFileError: the file is damaged.
        InvalidInputError: it holds something other than one scalar volume.
    """
    image = read_image(path)
    ours = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys() if key.startswith(PREFIX)}
    return Sequence([from_sitk(image)], [0.0], "frame", "", [ours])


FORMAT = Format(
    name="metaimage",
    label="a volume in a MetaImage",
    extensions=(".mha",),
    sniff=is_metaimage,
    read=read_metaimage,
    volume_extensions=(".mha",),
    field_extensions=(".mha",),
    keeps_attributes=True,
)
