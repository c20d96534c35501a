"""A scripted module under test: a scene, `slicer.app` and the module's widget."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))  # for `harness`, and `mrml.conftest`


def pytest_configure(config):
    config.addinivalue_line("markers", "no_main_window: Slicer runs without a main window and layout manager")


REPOSITORY = Path(__file__).parents[2]

try:
    import slicer
    from PySide6 import QtWidgets  # noqa: F401 - needs libraries of the system
except ImportError as error:
    MISSING = str(error)
else:
    MISSING = ""

if MISSING:

    class _Skipped(pytest.Module):
        def collect(self):
            pytest.skip(f"{MISSING}: see Testing/system_libraries.sh and the extra [test]", allow_module_level=True)

    def pytest_pycollect_makemodule(module_path, parent):
        return _Skipped.from_parent(parent, path=module_path)

else:
    from harness import faults
    from harness.install import Session, install, session
    from mrml.conftest import (  # noqa: F401 - fixtures
        blob_frames,
        cine,
        repeated,
        save_and_load,
        scene,
        sequences_logic,
        stand_in,
    )

    install()

    from panels.panel_helpers import child_program, engines, open_panel  # noqa: F401 - fixtures, which need `qt`

    @pytest.fixture
    def slicer_session(sequences_logic, request) -> Iterator[Session]:  # noqa: F811
        """Slicer, with a main window unless the test is marked `no_main_window`.

        Fails the test at its end for every error that Slicer would only have printed.
        """
        main_window = request.node.get_closest_marker("no_main_window") is None
        with session(sequences_logic.GetMRMLScene(), sequences_logic, main_window) as running:
            yield running
        faults.check()

    @pytest.fixture
    def open_module(slicer_session) -> Callable:
        """Function that imports a module's file, TemporalInterp.py if none is given, and returns its widget, set up."""

        def opened(path: Path = REPOSITORY / "TemporalInterp" / "TemporalInterp.py"):
            return slicer_session.open_module(path)

        return opened

    @pytest.fixture
    def dialogs(slicer_session):
        """Messages shown so far in `.shown`, (level, text); `.answer = True` lets the user agree to every question."""
        return slicer_session.dialogs

    @pytest.fixture
    def process_events_until(slicer_session) -> Callable:
        """Function that runs the event loop until a condition is true; fails when it is not within `timeout_s`."""

        def run(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
            end = time.monotonic() + timeout_s
            while not condition():
                assert time.monotonic() < end, f"not within {timeout_s:g} s"
                slicer.app.processEvents()
                time.sleep(0.001)

        return run
