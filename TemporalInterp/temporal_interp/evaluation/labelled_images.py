"""Images with labels of their structures, in the layouts in which the data sets of NeVF and others are given."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from temporal_interp.errors import InvalidInputError

SUBJECT_FILES = {
    "oasis": (("aligned_norm.nii.gz", "aligned_seg35.nii.gz"),),
    "mindboggle": (
        ("t1weighted_brain.MNI152.nii.gz", "labels.DKT31.manual.MNI152.nii.gz"),
        ("t1weighted_brain.nii.gz", "labels.DKT31.manual.nii.gz"),
    ),
}
"""Image and labels in the folder of a subject: OASIS as Neurite gives it, and Mindboggle101."""

IMAGE_FOLDERS = (("imagesTr", "labelsTr"), ("images", "labels"))
"""Folders of all images and of all labels: Learn2Reg's OASIS and others in the Decathlon's layout, and plain ones."""

LABEL_ENDINGS = ("_seg", "_labels", "_label", "-seg", "-labels", "-label")
"""What follows the name of an image in that of its labels beside it."""

ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha")
CHANNEL = "_0000"
"""What the names of images may end in that those of their labels lack."""


@dataclass(frozen=True)
class LabelledImage:
    """An image and its labels.

    Attributes:
        name: of the subject.
        image: file of the image.
        labels: file of its labels.
    """

    name: str
    image: Path
    labels: Path


@dataclass(frozen=True)
class LabelledPair:
    """Two images of which the second is registered to the first."""

    fixed: LabelledImage
    moving: LabelledImage


def find_labelled_images(folder: Path) -> tuple[str, list[LabelledImage]]:
    """Return the layout of a folder ("oasis", "mindboggle" or "plain") and its images, ordered by name.

    Args:
        folder: folders of subjects (OASIS as Neurite gives it, Mindboggle101), at any depth; or `imagesTr` and
            `labelsTr` (Learn2Reg's OASIS), or `images` and `labels`, with a file of one name in each; or images
            NAME.nii.gz beside their labels, NAME_seg.nii.gz or NAME_labels.nii.gz.

    Raises:
        InvalidInputError: there is no such folder, it has no image with labels, or two subjects have one name.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"{folder}: there is no such folder.")
    for layout, names in SUBJECT_FILES.items():
        for image, labels in names:
            found = [
                LabelledImage(path.parent.name, path, path.parent / labels)
                for path in sorted(folder.rglob(image))
                if (path.parent / labels).is_file()
            ]
            if found:
                return layout, _unique(folder, found)
    for images, labels in IMAGE_FOLDERS:
        if (folder / images).is_dir() and (folder / labels).is_dir():
            found = _same_names(folder / images, folder / labels)
            if found:
                return ("oasis" if found[0].name.startswith("OASIS_") else "plain"), found
    found = _beside(folder)
    if not found:
        raise InvalidInputError(
            f"{folder}: no images with labels were found. Put them into {folder / 'images'} and {folder / 'labels'} "
            "under the same names, or name the labels of NAME.nii.gz NAME_seg.nii.gz."
        )
    return "plain", found


def read_pairs(table: Path) -> list[LabelledPair]:
    """Return the pairs of a CSV table with the columns fixed, fixed_labels, moving, moving_labels.

    Paths are relative to the folder of the table.

    Raises:
        InvalidInputError: the table cannot be read, lacks a column, or names a file that does not exist.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"{table}: the table of pairs cannot be read: {error}") from error
    pairs = []
    for number, row in enumerate(rows, 2):
        sides = []
        for side in ("fixed", "moving"):
            paths = []
            for column in (side, f"{side}_labels"):
                name = (row.get(column) or "").strip()
                if not name or not (table.parent / name).is_file():
                    raise InvalidInputError(
                        f"{table}, line {number}: the column '{column}' must name a file, got '{name}'. The columns "
                        "are fixed, fixed_labels, moving and moving_labels."
                    )
                paths.append(table.parent / name)
            sides.append(LabelledImage(_stem(paths[0]), *paths))
        pairs.append(LabelledPair(*sides))
    if not pairs:
        raise InvalidInputError(f"{table}: the table has no pairs.")
    return pairs


def atlas_pairs(images: Sequence[LabelledImage], atlases: Sequence[str], most: int | None = None) -> list[LabelledPair]:
    """Return pairs of every other image with every atlas, as in NeVF's Section 3.2: an atlas is the fixed image.

    Args:
        images: all.
        atlases: names of atlases; the first image where there are none.
        most: largest number of images that are registered to each atlas, the first by name; None for all.

    Raises:
        InvalidInputError: there is no image of such a name, or none is left to register.

    Example:
        >>> images = [LabelledImage(n, Path(n), Path(n)) for n in "abc"]
        >>> [(pair.fixed.name, pair.moving.name) for pair in atlas_pairs(images, ["b"])]
        [('b', 'a'), ('b', 'c')]
    """
    by_name = {image.name: image for image in images}
    missing = [name for name in atlases if name not in by_name]
    if missing:
        raise InvalidInputError(f"There is no image '{missing[0]}'; there are {', '.join(by_name)}.")
    fixed = [by_name[name] for name in dict.fromkeys(atlases)] or list(images[:1])
    moving = [image for image in images if image not in fixed][:most]
    if not moving:
        raise InvalidInputError("No image is left to register to the atlas; at least two images are needed.")
    return [LabelledPair(atlas, image) for atlas in fixed for image in moving]


def _unique(folder: Path, images: list[LabelledImage]) -> list[LabelledImage]:
    names = [image.name for image in images]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInputError(f"{folder}: two subjects are named '{twice}'; give the folder of one data set.")
    return sorted(images, key=lambda image: image.name)


def _same_names(images: Path, labels: Path) -> list[LabelledImage]:
    there = {_stem(path): path for path in _files(labels)}
    found = []
    for path in _files(images):
        name = _stem(path)
        match = there.get(name) or there.get(name.removesuffix(CHANNEL))
        if match is not None:
            found.append(LabelledImage(name.removesuffix(CHANNEL), path, match))
    return _unique(images, found)


def _beside(folder: Path) -> list[LabelledImage]:
    files = {_stem(path): path for path in _files(folder)}
    found = []
    for name, path in files.items():
        match = next((files[name + ending] for ending in LABEL_ENDINGS if name + ending in files), None)
        if match is not None:
            found.append(LabelledImage(name, path, match))
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(ENDINGS))


def _stem(path: Path) -> str:
    ending = next((ending for ending in ENDINGS if path.name.lower().endswith(ending)), "")
    return path.name[: len(path.name) - len(ending)]
