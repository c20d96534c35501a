"""Stand-in for the SampleData module: remembers what is registered, and calls a source's own downloader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer


@dataclass
class SampleDataSource:
    """One entry of the Sample Data module."""

    sampleName: str | None = None
    uris: Any = None
    fileNames: Any = None
    nodeNames: Any = None
    customDownloader: Callable | None = None
    thumbnailFileName: str | None = None
    loadFileTypes: Any = None
    loadFiles: Any = None
    loadFileProperties: Any = None
    checksums: Any = None

    def __post_init__(self) -> None:
        """Refuse what Slicer does: files described by lists of different lengths, or not at all."""
        if isinstance(self.uris, str):
            return
        described = (self.uris, self.fileNames, self.nodeNames, self.loadFiles, self.loadFileTypes, self.checksums)
        if len({len(values) for values in described}) != 1:
            raise ValueError("All fields of sample data source must have the same length")


class SampleDataLogic:
    """What modules call when they register their sample data."""

    @staticmethod
    def registerCustomSampleDataSource(category: str = "Custom", **options: Any) -> None:
        if not hasattr(slicer.modules, "sampleDataSources"):
            slicer.modules.sampleDataSources = {}
        slicer.modules.sampleDataSources.setdefault(category, []).append(SampleDataSource(**options))


def press_button(name: str) -> Any:
    """Do what the button of a sample does. The logic's own downloads look at files alone, of which ours has none."""
    sources = [s for group in slicer.modules.sampleDataSources.values() for s in group if s.sampleName == name]
    return sources[0].customDownloader(sources[0])
