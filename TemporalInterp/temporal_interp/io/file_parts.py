"""The files that belong together: a header and the voxels beside it, an image and its sidecar."""

from __future__ import annotations

import re
from pathlib import Path

from temporal_interp.io.files import first_bytes, header_text
from temporal_interp.io.sidecar import sidecar_path

DATA_FILE = re.compile(r"^(?:data ?file: |ElementDataFile *= *)(.+?)\n(.*)", re.MULTILINE | re.DOTALL)
"""In a NRRD or a MetaImage header, the entry that names the file of the voxels."""

PAIRS = {".hdr": (".img", ".img.gz"), ".img": (".hdr", ".hdr.gz")}
"""Endings of NIfTI and Analyze images in two files."""


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the files that make up what is at a path: itself, and what belongs to it and is there.

    The sidecar of a NIfTI file is named even where there is none: a file in its place would be taken for it. A folder
    is itself alone.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("cine.nii.gz", "cine.json", "other.json"):
        ...     (folder / name).touch()
        >>> [file.name for file in files_of(folder / "cine.nii.gz")]
        ['cine.nii.gz', 'cine.json']
    """
    if not path.is_file():
        return (path,)
    name = path.name.lower()
    beside: list[Path] = []
    for ending, others in PAIRS.items():
        if name.endswith((ending, ending + ".gz")):
            stem = path.name[: name.rindex(ending)]
            beside += [path.with_name(stem + other) for other in (*others, ".json")]
    beside += _data_files(path)
    there = [file for file in beside if file.is_file()]
    return (path, sidecar_path(path), *there) if ".nii" in name else (path, *there)


def _data_files(path: Path) -> list[Path]:
    """Return the files of voxels that a NRRD or a MetaImage header names."""
    if not first_bytes(path, 16).startswith((b"NRRD", b"ObjectType", b"NDims")):
        return []
    found = DATA_FILE.search(header_text(path))
    if found is None:
        return []
    named, after = found.groups()
    if named.upper().startswith("LIST"):
        names = after.split("\n")
    elif "%" in named:  # a pattern and the range of its numbers
        pattern = re.sub(r"%\d*d", "*", named.split()[0])
        return sorted(path.parent.glob(pattern)) if not Path(pattern).is_absolute() else []
    else:
        names = [named]
    return [path.parent / one.strip() for one in names if one.strip()]
