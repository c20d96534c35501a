"""What the package imports is what it asks for: a light base, and extras that commands name where they lack them."""

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from temporal_interp.cli.extras import EXTRAS, missing_extra

REPOSITORY = Path(__file__).parents[2]

WITHOUT = """
import sys
from importlib.machinery import PathFinder

missing = set(sys.argv.pop(1).split(","))


class WithoutMissing(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in missing else super().find_spec(name, path, target)


sys.meta_path = [WithoutMissing if finder is PathFinder else finder for finder in sys.meta_path]
"""

IMPORT_ALL = """
import importlib, pkgutil, temporal_interp

skipped = tuple(sys.argv[1:])
for module in pkgutil.walk_packages(temporal_interp.__path__, "temporal_interp."):
    if not module.name.startswith(skipped):
        importlib.import_module(module.name)
        print(module.name)
"""

NEED_EXTRAS = (
    "temporal_interp.cli",
    "temporal_interp.figures",
    "temporal_interp.evaluation",
    "temporal_interp.training",
    "temporal_interp.workflows.adaptation",
)
"""Parts of the package that may need more than its base at import; nothing else may."""


def run_without(extras: set[str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program where the packages of some extras cannot be imported."""
    hidden = ",".join(package for extra in extras for package in EXTRAS[extra])
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + program, hidden, *arguments], capture_output=True, text=True, check=False
    )


def test_base_can_be_imported_without_any_extra():
    result = run_without(set(EXTRAS), IMPORT_ALL, *NEED_EXTRAS)
    assert result.returncode == 0, result.stderr
    assert "temporal_interp.engines.velocity_field" in result.stdout.split()


@pytest.mark.parametrize("extra", EXTRAS)
def test_packages_of_an_extra_are_those_that_pip_installs(extra):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = importlib.metadata.packages_distributions()
    distributions = {canonicalize_name(installed[package][0]) for package in EXTRAS[extra]}
    assert distributions == {
        canonicalize_name(Requirement(text).name) for text in project["optional-dependencies"][extra]
    }


def test_extras_name_the_package_and_what_to_install():
    for extra, packages in EXTRAS.items():
        for package in packages:
            advice = missing_extra(ModuleNotFoundError(name=f"{package}.some.module"))
            assert advice == f"{package} is not installed; install it with: pip install 'temporal-interp[{extra}]'"
    assert missing_extra(ModuleNotFoundError(name="numpy")) is None
    assert missing_extra(ModuleNotFoundError()) is None


def test_without_the_command_lines_packages_the_command_says_so_in_one_line():
    result = run_without({"cli"}, "from temporal_interp.cli import run; run()", "--help")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: typer is not installed; install it with: pip install 'temporal-interp[cli]'"
    ]


@pytest.mark.parametrize("command", [("train", "teacher", "--config", "synthetic", "-o", "OUT"), ("adapt", "IN", "-o")])
def test_without_lightning_training_says_so_in_one_line(tmp_path, command):
    arguments = (*command, str(tmp_path / "model.safetensors")) if command[-1] == "-o" else command
    result = run_without({"train"}, "from temporal_interp.cli import run; run()", *arguments)
    assert (result.returncode, result.stdout) == (3, "")
    assert len(result.stderr.splitlines()) == 1
    assert "pip install 'temporal-interp[train]'" in result.stderr


def test_lightning_excludes_its_malicious_releases():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (lightning,) = (
        Requirement(text) for text in project["optional-dependencies"]["train"] if text.startswith("lightning")
    )
    assert [version in lightning.specifier for version in ("2.6.1", "2.6.2", "2.6.3", "2.6.6")] == [
        True,
        False,
        False,
        True,
    ]


def test_the_package_is_imported_in_a_tenth_of_a_second_without_torch():
    program = """
import sys, time
started = time.perf_counter()
import temporal_interp
print(time.perf_counter() - started, not sys.modules.keys() & {"torch", "SimpleITK", "scipy", "lightning"})
"""
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(3)  # the machine may be busy
    ]
    assert min(float(seconds) for seconds, _ in runs) < 0.1
    assert {light for _, light in runs} == {"True"}
