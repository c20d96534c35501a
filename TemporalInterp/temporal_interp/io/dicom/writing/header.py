"""Headers of derived images: that of a source image, without what holds for it alone, and with what is new."""

from __future__ import annotations

import os.path
from collections import abc
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pydicom
from pydicom.datadict import keyword_for_tag
from pydicom.sr.codedict import codes
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
    generate_uid,
)

import temporal_interp
from temporal_interp.errors import InvalidInputError
from temporal_interp.io.dicom.entries import integer, text, texts
from temporal_interp.io.dicom.writing.identity import Identity
from temporal_interp.io.dicom.writing.keywords import DROPPED, OF_ACQUISITION, OF_SERIES
from temporal_interp.io.dicom.writing.origins import PROGRAM, SYNTHESIS, coded

LONGEST_NAME = 64
"""Characters of the name of a series (LO)."""

LONGEST_TEXT = 1024
"""Characters of a short text (ST)."""

GREATEST_NUMBER = 2**31 - 1


def read_source_header(path: Path, identity: Identity) -> pydicom.Dataset:
    """Return the header of a source file, with the identity that is asked for and without private and odd entries.

    Private entries describe the acquisition in the words of the scanner, which is no longer true of what is derived.
    """
    file = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    header = pydicom.Dataset()  # a new one, as that of a file can only be written in the same order of bytes
    for tag in list(file.keys()):
        if tag.is_private or tag.group >> 8 in OVERLAYS_AND_CURVES or keyword_for_tag(tag) in DROPPED:
            continue
        with suppress(Exception):  # pydicom converts an entry when it is looked at, and raises whatever goes wrong
            header.add(file[tag])
    header.remove_private_tags()  # in items, too
    if integer(header, "SamplesPerPixel") is None:
        header.SamplesPerPixel = 1
    syntax = file.file_meta.get("TransferSyntaxUID") if hasattr(file, "file_meta") else None
    if syntax in LOSSY and not text(header, "LossyImageCompression"):
        header.LossyImageCompression = "01"
    identity.apply(header)
    return header


CLASSES = {"MR": MRImageStorage, "CT": CTImageStorage, "PT": PositronEmissionTomographyImageStorage}
"""Kinds of images by modality, for old files that do not say what they are."""

OVERLAYS_AND_CURVES = (0x60, 0x50)
"""First byte of their groups."""

LOSSY = frozenset(
    f"1.2.840.10008.1.2.4.{number}" for number in ("50", "51", "81", "91", "93", "100", "101", "102", "103", "104")
)
"""Transfer syntaxes that lose something, JPEG Baseline to H.264."""


@dataclass(frozen=True, eq=False)
class DerivedSeries:
    """What all images of a derived series have in common.

    Attributes:
        first: header of the first source image.
        description: of the series.
        number: of the series.
        uid: of the series.
        now: when it is made.
    """

    first: pydicom.Dataset
    description: str
    number: int
    uid: str = field(default_factory=lambda: generate_uid(None))
    now: datetime = field(default_factory=lambda: datetime.now().astimezone())

    @classmethod
    def of(cls, first: pydicom.Dataset, descriptions: abc.Iterable[str], is_synthetic: bool) -> DerivedSeries:
        """Return a new series beside that of a source image.

        Args:
            first: header of the first source image.
            descriptions: of all source series.
            is_synthetic: whether any image of it is synthetic.
        """
        common = os.path.commonprefix(sorted(set(descriptions)))  # noqa: RUF071 - character by character is right
        common = common.strip(" ,;:_-")
        name = f"{'SYNTHETIC frames' if is_synthetic else 'Copy'} {common}".strip()[:LONGEST_NAME].strip()
        own = abs(integer(first, "SeriesNumber") or 0)
        number = 100 * own + 1 if own and 100 * own < GREATEST_NUMBER else GREATEST_NUMBER // 1000 + own % 1000
        return cls(first, name, number)

    def unify(self, header: pydicom.Dataset) -> None:
        """Give an image what it has in common with all others of the series."""
        if header is not self.first and text(header, "SpecificCharacterSet") != text(
            self.first, "SpecificCharacterSet"
        ):
            header.decode()
        for keyword in OF_SERIES:
            if keyword in self.first:
                header[keyword] = self.first[keyword]
            else:
                header.pop(keyword, None)
        header.SeriesInstanceUID, header.SeriesNumber = self.uid, self.number
        header.SeriesDescription = self.description
        header.SOPInstanceUID = generate_uid(None)
        if not text(header, "SOPClassUID"):
            header.SOPClassUID = CLASSES.get(text(header, "Modality"), SecondaryCaptureImageStorage)
        for date, time in (
            ("InstanceCreationDate", "InstanceCreationTime"),
            ("SeriesDate", "SeriesTime"),
            ("ContentDate", "ContentTime"),
        ):
            setattr(header, date, f"{self.now:%Y%m%d}")
            setattr(header, time, f"{self.now:%H%M%S}")
        header.ContributingEquipmentSequence = [*(header.get("ContributingEquipmentSequence") or []), self._equipment()]

    def _equipment(self) -> pydicom.Dataset:
        item = pydicom.Dataset()
        item.PurposeOfReferenceCodeSequence = [coded(codes.DCM.SynthesizingEquipment)]
        item.Manufacturer = PROGRAM
        item.SoftwareVersions = temporal_interp.__version__
        item.ContributionDateTime = f"{self.now:%Y%m%d%H%M%S}"
        item.ContributionDescription = f"{SYNTHESIS.meaning}. For research, not for diagnosis."
        return item


def mark_derived(header: pydicom.Dataset, *, is_synthetic: bool, words: str) -> None:
    """Say of an image, or of a file of many, that it is derived, and how."""
    kind = header.get("SOPClassUID")
    # the standard has no secondary images of PET, and asks for a third value in MR
    second = "PRIMARY" if kind == PositronEmissionTomographyImageStorage else "SECONDARY"
    others = list(texts(header, "ImageType")[2:]) or ["OTHER"] * (kind == MRImageStorage)
    header.ImageType = ["DERIVED", second, *others]
    header.SyntheticData = "YES" if is_synthetic else "NO"
    header.DerivationDescription = words[:LONGEST_TEXT]
    if is_synthetic:
        header.ImageComments = words
        if "ContentQualification" in header:
            header.ContentQualification = "RESEARCH"


def without_acquisition(dataset: pydicom.Dataset) -> None:
    """Take out of a header, or of an item of a frame, when it was acquired; what must be there stays empty."""
    for keyword in OF_ACQUISITION:
        dataset.pop(keyword, None)
    for keyword in ("AcquisitionDate", "AcquisitionTime"):
        if keyword in dataset:
            setattr(dataset, keyword, "")


def save(header: pydicom.Dataset, path: Path) -> None:
    """Write a file, uncompressed."""
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta = meta
    header.preamble = bytes(128)
    try:
        header.save_as(path, enforce_file_format=True)
    except OSError:
        raise
    except Exception as error:  # pydicom raises whatever goes wrong with an odd entry
        raise InvalidInputError(f"the header of the source cannot be written again ({error}).") from error
