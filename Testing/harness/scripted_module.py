"""`slicer.ScriptedLoadableModule`: base classes of scripted modules, and how Slicer loads one.

Source: Slicer, Base/Python/slicer/ScriptedLoadableModule.py and Base/QTGUI/qSlicerScriptedLoadableModule.
"""

import importlib.util
import logging
import sys
import unittest
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout

from harness import pythonqt
from harness.properties import getter, stored
from harness.widgets_mrml import qMRMLWidget


class qSlicerScriptedLoadableModule(QObject):
    """The C++ half of a module, its `parent`: metadata."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._widget = None
        self.path = path
        self.setObjectName(Path(path).stem)

    widgetRepresentation = getter("_widget")
    path = stored(str, "")
    title = stored(str, "")
    helpText = stored(str, "")
    acknowledgementText = stored(str, "")
    categories = stored("QStringList", [])
    dependencies = stored("QStringList", [])
    contributors = stored("QStringList", [])
    icon = stored(QIcon, QIcon())


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The widget that Slicer gives to a module to fill."""

    def __init__(self) -> None:
        super().__init__()
        self._python_widget = None
        QVBoxLayout(self)

    self = getter("_python_widget")


class ScriptedLoadableModule:
    """Base of a module's metadata class."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__
        slicer.selfTests[self.moduleName] = self.runTest

    def runTest(self) -> None:
        getattr(sys.modules[self.__module__], f"{self.moduleName}Test")().runTest()


class ScriptedLoadableModuleWidget:
    """Base of a module's widget class; without a parent it makes one and sets itself up, as the generic test does."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.parent = parent
        if parent is None:
            self.parent = pythonqt.wrap(qMRMLWidget())
            self.parent.setLayout(pythonqt.wrap(QVBoxLayout()))
            self.parent.setMRMLScene(slicer.mrmlScene)
        self.layout = self.parent.layout()
        if parent is None:
            self.setup()
            self.parent.show()
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._on_unload)

    def _on_unload(self, module_name: str) -> None:
        if module_name == self.moduleName:
            slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", self._on_unload)
            self.cleanup()

    def setup(self) -> None:
        """Slicer's adds the developer's buttons."""


class ScriptedLoadableModuleLogic:
    """Base of a module's logic class: finds or makes the parameter node."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> slicer.vtkMRMLScriptedModuleNode:
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
            node = slicer.mrmlScene.AddNode(node)
        if node.GetAttribute("ModuleName") != self.moduleName:  # closing a scene takes it away
            node.SetAttribute("ModuleName", self.moduleName)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Base of a module's self-test."""

    def delayDisplay(self, message: str) -> None:
        logging.info(message)
        slicer.app.processEvents()

    def runTest(self) -> None:
        """For subclasses."""


def load(path: Path) -> Any:
    """Import a module's file by its name, with its folder on sys.path, and make its metadata object, as Slicer does."""
    name = path.stem
    specification = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(sys.modules[name])
    parent = pythonqt.wrap(qSlicerScriptedLoadableModule(str(path)))
    instance = getattr(sys.modules[name], name)(parent)
    setattr(slicer.modules, f"{name}Instance", instance)
    setattr(slicer.modules, name.lower(), parent)
    return instance


def open_widget(instance: Any) -> Any:
    """The module's widget, made and set up as when the user first chooses the module. `enter` is not called."""
    representation = qSlicerScriptedLoadableModuleWidget()
    representation.setMRMLScene(slicer.mrmlScene)
    widget_class = getattr(sys.modules[type(instance).__module__], f"{instance.moduleName}Widget")
    widget = widget_class(pythonqt.wrap(representation))
    representation._python_widget = widget
    instance.parent._qt._widget = representation
    setattr(slicer.modules, f"{instance.moduleName}Widget", widget)
    widget.setup()
    return widget


def unload(instance: Any) -> None:
    """Close the module as Slicer does when it quits: `cleanup` of its widget, then nothing is left of it."""
    slicer.app.moduleManager()._qt.moduleAboutToBeUnloaded.emit(instance.moduleName)
    for name in (instance.moduleName.lower(), f"{instance.moduleName}Instance", f"{instance.moduleName}Widget"):
        vars(slicer.modules).pop(name, None)
    slicer.selfTests.pop(instance.moduleName, None)
    sys.modules.pop(instance.moduleName, None)
