"""Whose images they are: as the source says, or taken out by the standard's basic confidentiality profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pydicom
from pydicom.dataelem import DataElement
from pydicom.sr.codedict import codes

from temporal_interp.errors import MissingPackageError
from temporal_interp.io.dicom.entries import text
from temporal_interp.io.dicom.writing.origins import coded

TABLE = "dicomfields_2026c"
"""The edition of the profile, as the package names it."""

NOBODY = "ANONYMISED"
"""Name of the patient."""


NO_TIME = {"DA": "19000101", "TM": "000000", "DT": "19000101000000"}
"""What stands for dates and times that must be there."""


class Identity(Protocol):
    """What is done to the headers of the source before anything is added."""

    def apply(self, header: pydicom.Dataset) -> None:
        """Change a header that was read from a file of the source."""
        ...

    def uid(self, uid: str) -> str:
        """Return what stands for a UID of the source, the same for the same UID."""
        ...


class Kept:
    """The patient, the study and all else stay as they are."""

    def apply(self, header: pydicom.Dataset) -> None:
        """Leave the header."""

    def uid(self, uid: str) -> str:
        """Return the UID."""
        return uid


class Anonymised:
    """The basic application level confidentiality profile (PS3.15, annex E), with the actions of dicom-anonymizer.

    Its table is applied at every level of nesting. All private entries go; those that are written later are of this
    program and hold times and the making of frames, which is the option to retain safe private entries.

    Raises:
        MissingPackageError: the package is not installed.
    """

    def __init__(self) -> None:
        try:
            from dicomanonymizer import simpledicomanonymizer as library
        except ImportError as error:
            raise MissingPackageError(
                "DICOM files are anonymised with dicom-anonymizer, which is not installed; install it with: pip "
                "install 'temporal-interp[anonymise]'",
                "dicomanonymizer",
            ) from error
        actions = library.initialize_actions(TABLE)
        self._actions = {tag: action for tag, action in actions.items() if len(tag) == 2}
        self._repeating = {tag: action for tag, action in actions.items() if len(tag) > 2}
        self._remove = library.delete
        self._of_references = library.delete_or_empty_or_replace_UID
        self._new_uid: Callable[[str], str] = library.get_UID

    def uid(self, uid: str) -> str:
        """Return the new UID."""
        return self._new_uid(uid) if uid else ""

    def apply(self, header: pydicom.Dataset) -> None:
        """Take out of a header what could tell whose it is."""
        # a number of its own, as archives take files with the same number for those of one patient
        number = self._new_uid(f"patient {text(header, 'PatientID')}")[-12:]
        header.remove_private_tags()
        header.walk(self._act)
        header.PatientName, header.PatientID = NOBODY, f"ANON{number}"
        header.PatientIdentityRemoved = "YES"
        header.DeidentificationMethod = "DICOM PS3.15 basic profile by dicom-anonymizer"
        profile, option = codes.DCM.BasicApplicationConfidentialityProfile, codes.DCM.RetainSafePrivateOption
        header.DeidentificationMethodCodeSequence = [coded(profile), coded(option)]
        header.LongitudinalTemporalInformationModified = "REMOVED"

    def _act(self, dataset: pydicom.Dataset, element: DataElement) -> None:
        tag = (element.tag.group, element.tag.element)
        action = self._actions.get(tag) or self._repeating_action(tag)
        if action is None or (action is self._of_references and element.VR == "SQ"):
            return  # the UIDs in references to other images are replaced one by one
        try:
            if action is not self._remove:
                action(dataset, tag)
        except NotImplementedError:  # kinds of entries that the package does not know how to empty
            action = self._remove
        if action is self._remove:  # the package keeps dates
            del dataset[element.tag]
        elif element.VR in NO_TIME:  # and sets them to the year 1, which is not valid
            dataset[element.tag].value = NO_TIME[element.VR]

    def _repeating_action(self, tag: tuple[int, int]) -> Callable[[pydicom.Dataset, tuple[int, int]], None] | None:
        for (group, element, group_mask, element_mask), action in self._repeating.items():
            if tag[0] & group_mask == group & group_mask and tag[1] & element_mask == element & element_mask:
                return action  # type: ignore[no-any-return] # of a library without types
        return None
