"""Packages that are missing: said at the top, installed only after asking."""

import sys
from types import ModuleType

import numpy as np
import pytest
from mrml_helpers import item_arrays, item_values
from panels.panel_helpers import blend, parameters_of

from TemporalInterpLib import dependencies
from TemporalInterpLib.parameter_node import AUTOMATIC
from TemporalInterpLib.sections.packages.presenter import State, present

TORCH = "torch>=2.8"


@pytest.fixture
def missing(monkeypatch) -> set[str]:
    """Names that find_spec does not find; change it to install them."""
    names: set[str] = set()
    usual = dependencies.find_spec
    monkeypatch.setattr(dependencies, "find_spec", lambda name: None if name in names else usual(name))
    return names


@pytest.fixture
def installs(monkeypatch, missing, slicer_session):
    """pip takes what it installs off the missing ones; returns what it was asked for."""
    usual = slicer_session.pip_install

    def pip_install(requirements, **options):
        usual(requirements, **options)
        missing.clear()

    monkeypatch.setattr("slicer.util.pip_install", pip_install)
    return slicer_session.pip_installed


def test_with_everything_there_nothing_is_shown(cine, missing, open_panel):
    assert open_panel().ui.missingPackages.isHidden()


def test_without_torch_only_the_linear_blend_works_and_reports_it(
    cine, missing, open_panel, process_events_until, dialogs
):
    missing.add("torch")
    widget = open_panel(AUTOMATIC)
    assert not widget.ui.missingPackages.isHidden()
    assert "torch" in widget.ui.missingLabel.text
    assert "only the linear blend can be used" in widget.ui.missingLabel.text
    assert "linear blend" in widget.ui.engineInfo.text
    widget.ui.frameCount.value = 1
    widget.ui.interpolateButton.click()
    process_events_until(lambda: not widget.panel.sections["interpolate"].work.running)
    result, source = parameters_of(widget).result, item_arrays(cine.sequence)
    assert item_values(result) == [0, 25, 50]
    np.testing.assert_array_equal(item_arrays(result)[1], blend(source[0], source[4], 0.5))
    assert result.GetNthDataNode(1).GetAttribute("TemporalInterp.Engine") == "linear_blend"
    assert dialogs.shown == []


def test_a_package_that_the_engines_do_not_need_is_distinguished(cine, missing, open_panel):
    missing.add("lightning")
    widget = open_panel()
    assert "lightning" in widget.ui.missingLabel.text
    assert "Some functions cannot be used yet" in widget.ui.missingLabel.text
    assert "torch" not in widget.ui.missingLabel.text


def test_declined_nothing_is_installed(missing, installs, open_panel, dialogs):
    missing.add("torch")
    widget = open_panel()
    dialogs.answer = False
    widget.ui.installButton.click()
    ((_, question),) = dialogs.shown
    assert TORCH in question
    assert "Install them" in question
    assert installs == []
    assert not widget.ui.missingPackages.isHidden()


def test_in_testing_mode_nothing_is_installed(missing, installs, open_panel, dialogs):
    missing.add("torch")
    open_panel().ui.installButton.click()
    assert len(dialogs.shown) == 1
    assert installs == []


def test_agreed_what_is_missing_is_installed_and_no_more(cine, missing, installs, open_panel, dialogs):
    missing.update(("torch", "rich"))
    widget = open_panel(AUTOMATIC)
    dialogs.answer = True
    widget.ui.installButton.click()
    assert sorted(installs) == ["rich>=13", TORCH]
    assert widget.ui.missingPackages.isHidden()
    assert "student" in widget.ui.engineInfo.text


def test_the_pytorch_extension_installs_torch_where_it_is_there(missing, installs, open_panel, dialogs, monkeypatch):
    missing.update(("torch", "rich"))
    asked = []

    class PyTorchUtilsLogic:
        def installTorch(self, **options):  # noqa: N802
            asked.append(options)
            missing.discard("torch")
            return object()

    module = ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = PyTorchUtilsLogic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", module)
    widget = open_panel()
    dialogs.answer = True
    widget.ui.installButton.click()
    assert asked == [{"askConfirmation": False, "torchVersionRequirement": ">=2.8"}]
    assert installs == ["rich>=13"]


@pytest.fixture
def packaging(monkeypatch, missing):
    """slicer.packaging, as from Slicer 5.12 on; returns what it was asked for."""
    asked = []

    def pip_ensure(requirements, **options):
        asked.append((requirements, options))
        missing.clear()

    module = ModuleType("slicer.packaging")
    module.pip_ensure = pip_ensure
    monkeypatch.setitem(sys.modules, "slicer.packaging", module)
    return asked


def test_slicers_own_installation_is_used_where_it_is_there(missing, installs, packaging, open_panel, dialogs):
    missing.update(("torch", "rich"))
    widget = open_panel()
    dialogs.answer = True
    widget.ui.installButton.click()
    assert len(dialogs.shown) == 1, "one question, not two"
    assert packaging == [([TORCH, "rich>=13"], {"prompt_install": False, "requester": "TemporalInterp"})]
    assert installs == []
    assert widget.ui.missingPackages.isHidden()


def test_declined_slicers_own_installation_is_not_used_either(missing, packaging, open_panel, dialogs):
    missing.add("rich")
    widget = open_panel()
    dialogs.answer = False
    widget.ui.installButton.click()
    assert packaging == []


def test_a_failing_pip_is_told_in_words_and_what_was_installed_counts(missing, open_panel, dialogs, monkeypatch):
    from subprocess import CalledProcessError

    def fail(requirements, **options):
        missing.discard("torch")
        raise CalledProcessError(1, "pip")

    missing.update(("torch", "rich"))
    widget = open_panel()
    monkeypatch.setattr("slicer.util.pip_install", fail)
    dialogs.answer = True
    widget.ui.installButton.click()
    _, (level, text) = dialogs.shown
    assert level == "error"
    assert "connection to the internet" in text
    assert "CalledProcessError" not in text
    assert widget.ui.missingLabel.text == "Python packages are missing: rich. Some functions cannot be used yet."


def test_the_names_of_packages_are_shown_without_versions():
    view = present(State(("torch>=2.8", "lightning>=2.6,!=2.6.2"), engines_can_run=False))
    assert view.text.startswith("Python packages are missing: torch, lightning. Until they are installed")
    assert present(State()).text == ""
