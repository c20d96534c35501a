"""The sections of the module's panel, a folder each.

It holds the `.ui` file, `presenter.py` without Qt, a thin `panel.py`, and `self_test.py` with steps of the self-test. A
section is found by its folder, so that one is added by adding a folder, and removed by removing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from TemporalInterpLib.section import Section


def section_classes() -> Mapping[str, type[Section]]:
    """Return the class of every section by the name of its folder, in the order of the panel."""
    folders = [module.name for module in iter_modules(__path__) if module.ispkg]
    found = {name: import_module(f"{__name__}.{name}.panel").SECTION for name in folders}
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: item[1].place)))


def ui_file(name: str) -> Path:
    """Return the `.ui` file of a section."""
    return Path(__file__).parent / name / f"{name}.ui"
