"""The examples in docstrings run, and give what they show."""

import doctest
import importlib
import pkgutil

import pytest

import temporal_interp

PACKAGE = pkgutil.walk_packages(temporal_interp.__path__, "temporal_interp.")
MODULES = ["temporal_interp", *(module.name for module in PACKAGE)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # examples write files
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_some_docstrings_have_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    extras = importlib.import_module("temporal_interp.cli.extras")
    assert any(test.examples for test in finder.find(extras))
