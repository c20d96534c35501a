"""What Slicer's build, its list of extensions and its installer read of this repository agrees with the files."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

REPOSITORY = Path(__file__).parents[2]
MODULE = REPOSITORY / "TemporalInterp"
SOURCES = [MODULE / "TemporalInterp.py", *sorted((MODULE / "TemporalInterpLib").rglob("*.py"))]

IN_SLICER = {"numpy", "packaging", "pillow", "pydicom", "scipy", "simpleitk"}
"""Packages that Slicer brings. Slicer 5.10 has an older pydicom than ours, but reads DICOM itself."""

AT_FILE_SCOPE = {"slicer", "vtk", "qt", "ctk", "numpy", "SimpleITK", "TemporalInterpLib", "temporal_interp"}
"""What the module may import outside functions, besides the standard library: it has to load in a bare Slicer."""


def settings(path: Path) -> dict[str, list[str]]:
    """Return the variables that a CMake file sets; their values with ${MODULE_NAME} replaced."""
    text = re.sub(r"^\s*#.*", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = text.replace("${MODULE_NAME}", "TemporalInterp")
    found = re.findall(r'\bset\(\s*(\w+)((?:\s+(?:"[^"]*"|[^\s"()]+))*)\s*\)', text)
    return {name: [a or b for a, b in re.findall(r'"([^"]*)"|([^\s"]+)', values)] for name, values in found}


def file_scope_imports(node: ast.AST) -> Iterator[str]:
    """Yield the top-level package of every import that runs when a file is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module.partition(".")[0] if child.level == 0 else "TemporalInterpLib"
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from file_scope_imports(ast.Module(child.orelse, []))
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from file_scope_imports(child)


def requirements_by_name(requirements: Iterable[str]) -> dict[str, str]:
    """Return requirements as pip reads them, by the normalised name of the package."""
    return {canonicalize_name(Requirement(text).name): text for text in requirements}


@pytest.fixture(scope="module")
def extension() -> dict[str, list[str]]:
    return settings(REPOSITORY / "CMakeLists.txt")


def in_dependencies(name: str) -> Any:
    """A constant of the module's dependencies.py, read without importing it, which needs Slicer."""
    tree = ast.parse((MODULE / "TemporalInterpLib" / "dependencies.py").read_text(encoding="utf-8"))
    return next(
        ast.literal_eval(statement.value)
        for statement in tree.body
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name
    )


@pytest.fixture(scope="module")
def required_by_module() -> dict[str, str]:
    """The packages that Slicer may lack."""
    return in_dependencies("REQUIREMENTS")


def test_top_level_names_the_extension_and_its_module():
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.findall(r"^project\((.*)\)", text, re.MULTILINE) == ["TemporalInterp"]
    assert re.findall(r"^add_subdirectory\((.*)\)", text, re.MULTILINE) == ["TemporalInterp"]


@pytest.mark.parametrize(
    "name", ["HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS"]
)
def test_each_text_is_one_string_without_variables(extension, name):
    """The checks of Slicer's list of extensions search the file for `set(NAME "text")`."""
    (text,) = extension[f"EXTENSION_{name}"]
    assert text
    assert "$" not in text


def test_pytorch_comes_with_the_extension(extension):
    assert extension["EXTENSION_DEPENDS"] == ["PyTorch"]


def test_addresses_of_pictures_lead_to_files_of_this_repository(extension):
    (home,) = extension["EXTENSION_HOMEPAGE"]
    raw = home.replace("https://github.com/", "https://raw.githubusercontent.com/") + "/main/"
    icons, screenshots = extension["EXTENSION_ICONURL"], extension["EXTENSION_SCREENSHOTURLS"][0].split()
    assert screenshots
    for address in icons + screenshots:
        assert address.startswith(raw)
        assert (REPOSITORY / address.removeprefix(raw)).is_file(), address


def test_icon_has_the_size_that_slicer_asks_for():
    with Image.open(REPOSITORY / "Resources" / "Icons" / "TemporalInterp.png") as icon:
        assert (icon.format, icon.size) == ("PNG", (128, 128))


def test_module_installs_what_the_package_needs_and_slicer_lacks(required_by_module):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    offered = requirements_by_name(project["dependencies"] + extras["cli"] + extras["train"])
    asked_for = requirements_by_name(required_by_module.values())
    assert asked_for.items() <= offered.items()
    assert requirements_by_name(project["dependencies"]).keys() - asked_for.keys() <= IN_SLICER


def test_what_is_installed_for_videos_is_the_extra_of_videos():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert list(in_dependencies("FOR_VIDEOS").values()) == project["optional-dependencies"]["video"]


def test_engines_need_nothing_that_the_module_does_not_install(required_by_module):
    assert set(in_dependencies("FOR_ENGINES")) <= required_by_module.keys()


def test_module_looks_for_packages_by_the_name_they_are_imported_by(required_by_module):
    installed = packages_distributions()
    for imported, requirement in required_by_module.items():
        distributions = [canonicalize_name(name) for name in installed[imported]]
        assert canonicalize_name(Requirement(requirement).name) in distributions


@pytest.mark.parametrize("path", SOURCES, ids=[path.relative_to(MODULE).as_posix() for path in SOURCES])
def test_module_imports_at_file_scope_only_what_every_slicer_has(path):
    imported = set(file_scope_imports(ast.parse(path.read_text(encoding="utf-8"))))
    assert imported - sys.stdlib_module_names <= AT_FILE_SCOPE


BARE_SLICER = """
import importlib, pkgutil, sys
from importlib.machinery import PathFinder

missing = sys.argv[1].split(",")


class WithoutMissing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in missing else PathFinder.find_spec(name, path, target)


sys.meta_path = [WithoutMissing if finder is PathFinder else finder for finder in sys.meta_path]

from harness.install import install

install()
import TemporalInterp, TemporalInterpLib
from TemporalInterpLib.dependencies import REQUIREMENTS, engines_can_run, missing_packages

for module in pkgutil.walk_packages(TemporalInterpLib.__path__, "TemporalInterpLib."):
    importlib.import_module(module.name)
    print(module.name)
assert missing_packages() == list(REQUIREMENTS.values())
assert not engines_can_run()
assert not sys.modules.keys() & set(missing)
"""


def test_module_can_be_imported_without_any_package_that_slicer_lacks(required_by_module):
    pytest.importorskip("slicer", reason="needs slicer-core", exc_type=ImportError)
    pytest.importorskip("PySide6.QtWidgets", reason="needs PySide6 and its libraries", exc_type=ImportError)
    folders = [str(MODULE), str(REPOSITORY / "Testing")]
    result = subprocess.run(
        [sys.executable, "-c", BARE_SLICER, ",".join(required_by_module)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(folders), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.split()) == len(SOURCES) - 2  # all but TemporalInterp.py and TemporalInterpLib/__init__.py
