"""`DICOMLib`: what DICOM plug-ins derive from, and how Slicer asks them (Slicer, Modules/Scripted/DICOMLib)."""

from typing import Any

import slicer


class DICOMLoadable:
    """Something that can be loaded."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.name = "Unknown"
        self.tooltip = "No further information available"
        self.warning = ""
        self.selected = False
        self.confidence = 0.5


class DICOMPlugin:
    """Base of plug-ins."""

    def __init__(self) -> None:
        self.loadType = "Generic DICOM"
        self.loadableCache: dict[bytes, list[DICOMLoadable]] = {}
        self.tags: dict[str, str] = {}
        self.in_hierarchy: list[tuple[DICOMLoadable, slicer.vtkMRMLNode]] = []

    def hashFiles(self, files: list[str]) -> bytes:
        return "\n".join(files).encode()

    def getCachedLoadables(self, files: list[str]) -> list[DICOMLoadable] | None:
        return self.loadableCache.get(self.hashFiles(files))

    def cacheLoadables(self, files: list[str], loadables: list[DICOMLoadable]) -> None:
        self.loadableCache[self.hashFiles(files)] = loadables

    def examine(self, fileLists: list[list[str]]) -> list[DICOMLoadable]:
        return self.examineForImport(fileLists)

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
    of_series: dict[str, list[DICOMLoadable]] = {}
    for loadable in loadables:
        of_series.setdefault(database.fileValue(loadable.files[0], "0020,000e"), []).append(loadable)
    for alike in of_series.values():
        best = max(loadable.confidence for loadable in alike)
        for loadable in alike:
            loadable.selected = loadable.confidence == best
    return [loadable for loadable in loadables if loadable.selected]
