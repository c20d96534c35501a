"""Stand-in for the SampleData module: remembers what is registered, and calls a source's own downloader."""

from types import SimpleNamespace
from typing import Any

import slicer

FILES = ("uris", "fileNames", "nodeNames", "loadFiles", "loadFileTypes", "checksums")


class SampleDataLogic:
    """What modules call when they register their sample data."""

    @staticmethod
    def registerCustomSampleDataSource(category: str, sampleName: str, customDownloader: Any, **files: list) -> None:
        """As in Slicer, files are described by lists of one length."""
        if set(files) != set(FILES) or len({len(values) for values in files.values()}) != 1:
            raise ValueError("All fields of sample data source must have the same length")
        sources = vars(slicer.modules).setdefault("sampleDataSources", {}).setdefault(category, [])
        sources.append(SimpleNamespace(sampleName=sampleName, customDownloader=customDownloader, **files))


def press_button(name: str) -> Any:
    """Do what the button of a sample does. The logic's own downloads look at files alone, of which ours has none."""
    sources = [s for group in slicer.modules.sampleDataSources.values() for s in group if s.sampleName == name]
    return sources[0].customDownloader(sources[0])
