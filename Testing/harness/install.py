"""Puts the stand-ins where a scripted module looks for them: `qt`, `ctk`, `SampleData`, `slicer.*`."""

import contextlib
import inspect
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import shiboken6
import slicer
import slicer.util
from PySide6.QtCore import QCoreApplication, QEvent, QProcess, QThread, QTimer
from PySide6.QtWidgets import QWidget

from harness import (
    faults,
    parameter_node,
    pythonqt,
    sample_data,
    scripted_module,
    slicer_app,
    ui_loader,
    widgets_ctk,
    widgets_mrml,
)


def _qt_attribute(name: str) -> Any:
    found = ui_loader.QUiLoader if name == "QUiLoader" else pythonqt.find_qt_class(name)
    if found is None:
        raise AttributeError(f"module 'qt' has no class {name}")
    return pythonqt.qt_class(found)


def _module(name: str, **contents: Any) -> ModuleType:
    sys.modules[name] = module = ModuleType(name)
    vars(module).update(contents)
    return module


def install() -> None:
    """For the whole process, once: what does not depend on a scene."""
    pythonqt.start_application()
    _module("qt", __getattr__=_qt_attribute)
    _module("ctk", **{name: pythonqt.qt_class(widget) for name, widget in widgets_ctk.WIDGETS.items()})
    _module("SampleData", SampleDataLogic=sample_data.SampleDataLogic)
    for name, widget in widgets_mrml.WIDGETS.items():
        setattr(slicer, name, pythonqt.qt_class(widget))
    classes = inspect.getmembers(scripted_module, lambda m: inspect.isclass(m) and m.__name__.startswith("Scripted"))
    wrapper = {name: getattr(parameter_node, name) for name in ("WithinRange", "parameterNodeWrapper")}
    slicer.ScriptedLoadableModule = _module("slicer.ScriptedLoadableModule", **dict(classes))
    slicer.i18n = _module("slicer.i18n", translate=lambda context, text: text, tr=lambda text: text)
    slicer.parameterNodeWrapper = _module("slicer.parameterNodeWrapper", **wrapper)


class Dialogs:
    """Messages and questions that would have been shown. `answer` is what the user says: None is testing mode, in which
    Slicer answers a question with False.
    """

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.answer: bool | None = None

    def display(self, level: int, text: str, testing_value: Any, mainWindowNeeded: bool = False, **options: Any) -> Any:
        """Stands in for slicer.util._messageDisplay, which every infoDisplay, errorDisplay and confirm... calls."""
        logging.log(level, text)
        self.shown.append((logging.getLevelName(level).lower(), text))
        if testing_value is None or self.answer is None:
            return testing_value
        box = sys.modules["qt"].QMessageBox
        yes = next(button for button in (box.Ok, box.Yes, box.Retry) if options["standardButtons"] & button)
        return yes if self.answer else None


class Session:
    """One run of Slicer on a scene: what tests ask about it."""

    def __init__(self, scene: slicer.vtkMRMLScene, main_window: bool) -> None:
        self.application = slicer_app.qSlicerApplication(scene, main_window)
        self.dialogs = Dialogs()
        self.pip_installed: list[str] = []
        self.in_toolbar: list[slicer.vtkMRMLSequenceBrowserNode] = []
        self._instances: list[Any] = []

    def pip_install(self, requirements: str | list[str]) -> None:
        """Stands in for slicer.util.pip_install."""
        self.pip_installed.extend([requirements] if isinstance(requirements, str) else requirements)

    def load_module(self, path: Path) -> Any:
        """Import a module's file; returns its metadata object."""
        self._instances.append(scripted_module.load(path))
        return self._instances[-1]

    def open_module(self, path: Path) -> Any:
        """Import a module's file and set up its widget, which is returned."""
        return scripted_module.open_widget(self.load_module(path))

    def start_up(self) -> None:
        """Slicer has loaded all modules."""
        self.application.startupCompleted.emit()

    def unload_modules(self) -> None:
        """Close all modules as Slicer does when it quits."""
        while self._instances:
            scripted_module.unload(self._instances.pop())


@contextlib.contextmanager
def session(
    scene: slicer.vtkMRMLScene, sequences_logic: slicer.vtkSlicerSequencesLogic, main_window: bool = True
) -> Iterator[Session]:
    """`slicer.app` and `slicer.modules` on a scene, until the end; then no widget, timer, process or node is left."""
    faults.take()
    running = Session(scene, main_window)
    slicer.app = pythonqt.wrap(running.application)
    slicer.modules, slicer.selfTests = ModuleType("slicer.modules"), {}
    logics = {"sequences": sequences_logic, **running.application.logics}
    vars(slicer.modules).update({name: SimpleNamespace(logic=lambda of=of: of) for name, of in logics.items()})
    slicer.modules.sequences.showSequenceBrowser = running.in_toolbar.append
    usual = slicer.util._messageDisplay, slicer.util.pip_install, sys.excepthook, threading.excepthook
    slicer.util._messageDisplay, slicer.util.pip_install = running.dialogs.display, running.pip_install
    sys.excepthook = lambda kind, error, trace: faults.record(error)  # VTK's way out for an exception in an observer
    threading.excepthook = lambda arguments: faults.record(arguments.exc_value)
    try:
        yield running
        running.unload_modules()
    finally:
        destroy_qt_objects()
        widgets_mrml.Observations.clear_all()
        running.application.let_go()
        scene.Clear(1)
        slicer.util._messageDisplay, slicer.util.pip_install, sys.excepthook, threading.excepthook = usual
        del slicer.app, slicer.modules, slicer.selfTests


def destroy_qt_objects() -> None:
    for process in pythonqt.alive(QProcess):
        if process.state() != QProcess.ProcessState.NotRunning:
            faults.record(RuntimeError(f"process {process.program()} {process.arguments()} was left running"))
            process.kill()
            process.waitForFinished()
    for timer in pythonqt.alive(QTimer):
        timer.stop()
    for widget in pythonqt.alive(QWidget):
        if shiboken6.isValid(widget) and widget.parent() is None:
            shiboken6.delete(widget)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [thread for thread in pythonqt.alive(QThread) if thread.isRunning()]
