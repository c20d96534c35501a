"""Continuous integration runs what the Makefile offers, on every Python that the package says it supports."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def jobs() -> dict[str, dict]:
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    return workflow["jobs"]


def commands(job: dict) -> list[str]:
    """Return what a job runs in its shell."""
    return [step["run"] for step in job["steps"] if "run" in step]


def test_tests_run_on_every_supported_python(jobs):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    supported = [text.removeprefix(prefix) for text in project["classifiers"] if text.startswith(prefix)]
    assert jobs["test"]["strategy"]["matrix"]["python-version"] == supported


def test_jobs_run_targets_of_the_makefile(jobs):
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    made = [command.split()[1] for job in jobs.values() for command in commands(job) if command.startswith("make ")]
    assert made == ["lint", "test"]
    assert set(made) <= set(targets)


def test_scripts_that_jobs_run_are_there(jobs):
    scripts = [word for job in jobs.values() for line in commands(job) for word in line.split() if word.endswith(".sh")]
    assert scripts
    assert all((REPOSITORY / script).is_file() for script in scripts)
