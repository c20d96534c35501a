"""Models and icon are found in every form of the program: source tree, Slicer's package, wheel, sdist, editable."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

MODELS = """
import site, sys
site.addsitedir(sys.argv[1])  # an editable installation is a .pth file there
sys.path.append(sys.argv[2])  # without the .pth files there, of which one may lead to this repository
import temporal_interp
from temporal_interp.models.registry import Registry
registry = Registry()
for entry in registry.entries():
    registry.verify(entry)
    print(entry.name)
print(temporal_interp.__file__)
"""

ICON = """
from harness.install import install

install()
import TemporalInterp

print(TemporalInterp.icon_path())
"""

SLICER_CONFIG = """
set(Slicer_USE_FILE ${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake)
set(Slicer_EXTENSION_GENERATE_CONFIG ${CMAKE_CURRENT_LIST_DIR}/nothing.cmake)
set(Slicer_EXTENSION_CPACK ${CMAKE_CURRENT_LIST_DIR}/nothing.cmake)
"""

USE_SLICER = """
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR lib/qt-scripted-modules)
# As Slicer's: every file to its place in the folder of modules, and the whole folder into the package.
macro(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  set(folder ${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR})
  foreach(file ${MY_SCRIPTS} ${MY_RESOURCES})
    configure_file(${file} ${folder}/${file} COPYONLY)
  endforeach()
  install(DIRECTORY ${folder}/ DESTINATION ${Slicer_QTSCRIPTEDMODULES_LIB_DIR})
endmacro()
"""


def run(*command: str | Path, **environment: str) -> str:
    """Run a command in this repository and return what it prints."""
    result = subprocess.run(
        [str(word) for word in command],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def models_in(folder: Path) -> tuple[list[str], Path]:
    """Return the names of the models, verified, and the package that lists them, with `folder` on Python's path."""
    lines = run(sys.executable, "-I", "-S", "-c", MODELS, folder, sysconfig.get_path("purelib")).splitlines()
    return lines[:-1], Path(lines[-1]).parent


def icon_of(folder: Path) -> Path:
    """Return the icon that the module in `folder` shows."""
    pytest.importorskip("slicer", reason="needs slicer-core", exc_type=ImportError)
    pytest.importorskip("PySide6.QtWidgets", reason="needs PySide6 and its libraries", exc_type=ImportError)
    path = os.pathsep.join((str(folder), str(REPOSITORY / "Testing")))
    return Path(run(sys.executable, "-c", ICON, PYTHONPATH=path, QT_QPA_PLATFORM="offscreen").splitlines()[-1])


def build(kind: str, source: Path, folder: Path) -> Path:
    """Build a wheel or an sdist of a source tree into a folder, and return its path."""
    pytest.importorskip("hatchling", reason="needs hatchling, which builds the package")
    script = "import os, sys; os.chdir(sys.argv[1]); import hatchling.build as b; getattr(b, sys.argv[2])(sys.argv[3])"
    folder.mkdir()
    run(sys.executable, "-c", script, source, f"build_{kind}", folder)
    (built,) = folder.iterdir()
    return built


def installed(wheel: Path, folder: Path) -> Path:
    """Install a wheel, without what it needs, into a folder, and return that."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile")
    run(*pip, "--target", folder, wheel, PIP_DISABLE_PIP_VERSION_CHECK="1")
    return folder


@pytest.fixture(scope="module")
def shipped() -> list[str]:
    """The models of the source tree, by name."""
    names, package = models_in(REPOSITORY / "TemporalInterp")
    assert package == REPOSITORY / "TemporalInterp" / "temporal_interp"
    return names


@pytest.fixture(scope="module")
def slicer_package(tmp_path_factory) -> Path:
    """The folder of the module in Slicer's package of the extension, as CMake makes it with a stand-in for Slicer."""
    if not (shutil.which("cmake") and shutil.which("cc")):
        pytest.skip("needs CMake and a compiler, which CMake asks for")
    folder = tmp_path_factory.mktemp("extension")
    slicer, binaries, package = folder / "Slicer", folder / "build", folder / "package"
    slicer.mkdir()
    (slicer / "SlicerConfig.cmake").write_text(SLICER_CONFIG)
    (slicer / "UseSlicer.cmake").write_text(USE_SLICER)
    (slicer / "nothing.cmake").touch()
    run("cmake", "-S", REPOSITORY, "-B", binaries, f"-DSlicer_DIR={slicer}")
    run("cmake", "--build", binaries)
    run("cmake", "--install", binaries, "--prefix", package)
    return package / "lib" / "qt-scripted-modules"


def test_source_tree_has_models_for_every_purpose(shipped):
    assert {"synthetic-small", "synthetic-small-teacher", "slices-2x"} <= set(shipped)


def test_source_tree_shows_its_icon():
    assert icon_of(REPOSITORY / "TemporalInterp") == REPOSITORY / "Resources" / "Icons" / "TemporalInterp.png"


def test_slicer_package_holds_the_models(slicer_package, shipped):
    assert models_in(slicer_package) == (shipped, slicer_package / "temporal_interp")


def test_slicer_package_shows_its_icon(slicer_package):
    assert icon_of(slicer_package) == slicer_package / "Resources" / "Icons" / "TemporalInterp.png"


def test_slicer_package_holds_every_file_of_the_module(slicer_package):
    module = REPOSITORY / "TemporalInterp"
    files = (path for path in module.rglob("*") if path.suffix in {".py", ".ui", ".yaml", ".typed"})
    assert [path for path in files if not (slicer_package / path.relative_to(module)).is_file()] == []


def test_wheel_holds_the_models(tmp_path, shipped):
    folder = installed(build("wheel", REPOSITORY, tmp_path / "built"), tmp_path / "installed")
    assert models_in(folder) == (shipped, folder / "temporal_interp")
    assert (folder / "temporal_interp" / "py.typed").is_file()
    assert (folder / "temporal_interp" / "training" / "configurations" / "acdc.yaml").is_file()


def test_sdist_builds_the_same_wheel(tmp_path, shipped):
    with tarfile.open(build("sdist", REPOSITORY, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("temporal_interp-*")
    folder = installed(build("wheel", source, tmp_path / "built"), tmp_path / "installed")
    assert models_in(folder) == (shipped, folder / "temporal_interp")


def test_editable_installation_uses_the_source_tree(tmp_path, shipped):
    folder = installed(build("editable", REPOSITORY, tmp_path / "built"), tmp_path / "installed")
    assert models_in(folder) == (shipped, REPOSITORY / "TemporalInterp" / "temporal_interp")
