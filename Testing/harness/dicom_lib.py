"""`DICOMLib`: what DICOM plug-ins derive from, and how Slicer asks them (Slicer, Modules/Scripted/DICOMLib)."""

from typing import Any

import slicer


class DICOMLoadable:
    """Something that can be loaded."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.name, self.tooltip, self.warning = "Unknown", "No further information available", ""
        self.selected, self.confidence = False, 0.5


class DICOMPlugin:
    """Base of plug-ins."""

    def __init__(self) -> None:
        self.loadType = "Generic DICOM"
        self.in_hierarchy: list[tuple[DICOMLoadable, slicer.vtkMRMLNode]] = []
        self._cache: dict[str, list[DICOMLoadable]] = {}

    def examine(self, fileLists: list[list[str]]) -> list[DICOMLoadable]:
        return self.examineForImport(fileLists)

    def getCachedLoadables(self, files: list[str]) -> list[DICOMLoadable] | None:
        return self._cache.get("\n".join(files))

    def cacheLoadables(self, files: list[str], loadables: list[DICOMLoadable]) -> None:
        self._cache["\n".join(files)] = loadables

    def addSeriesInSubjectHierarchy(self, loadable: DICOMLoadable, node: slicer.vtkMRMLNode) -> None:
        self.in_hierarchy.append((loadable, node))


class Database:
    """`slicer.dicomDatabase`, which reads the files anew: entries by their tag."""

    def fileValue(self, file: str, tag: str) -> str:
        import pydicom

        group, element = (int(part, 16) for part in tag.split(","))
        value = pydicom.dcmread(file, stop_before_pixels=True).get((group, element))
        if value is None or value.value is None:
            return ""
        return "\\".join(map(str, value.value)) if value.VM > 1 else str(value.value)


def select_most_confident(loadables: list[DICOMLoadable], database: Any) -> list[DICOMLoadable]:
    """Select the most confident of every series, as Slicer does: by the series of the first file of each."""
    series = [database.fileValue(loadable.files[0], "0020,000e") for loadable in loadables]
    for loadable, uid in zip(loadables, series, strict=True):
        rivals = [other for other, of in zip(loadables, series, strict=True) if of == uid]
        loadable.selected = loadable.confidence == max(rival.confidence for rival in rivals)
    return [loadable for loadable in loadables if loadable.selected]
