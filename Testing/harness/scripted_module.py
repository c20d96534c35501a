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
from PySide6.QtCore import Property, QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout

from harness import pythonqt
from harness.properties import getter, stored
from harness.widgets_mrml import qMRMLWidget


class qSlicerScriptedLoadableModule(QObject):
    """The C++ half of a module, its `parent`: metadata."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path, self._widget = path, None
        self.setObjectName(Path(path).stem)

    widgetRepresentation = getter("widgetRepresentation", "_widget")

    path = Property(str, lambda self: self._path)
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
        self._python_widget, self._entered = None, False
        QVBoxLayout(self)

    self = getter("self", "_python_widget")


class ScriptedLoadableModule:
    """Base of a module's metadata class."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__
        for suffix in (".svg", ".png"):
            icon = Path(parent.path).parent / "Resources" / "Icons" / f"{self.moduleName}{suffix}"
            if icon.is_file():
                parent.icon = pythonqt.wrap(QIcon(str(icon)))
                break
        slicer.selfTests[self.moduleName] = self.runTest

    def resourcePath(self, filename: str) -> str:
        return str(Path(self.parent.path).parent / "Resources" / filename)

    def runTest(self, msec: int = 100, **options: Any) -> None:
        test = getattr(sys.modules[self.__module__], f"{self.moduleName}Test")()
        test.messageDelay = msec
        test.runTest(**options)


class ScriptedLoadableModuleWidget:
    """Base of a module's widget class; without a parent it makes one and sets itself up, as the generic test does."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
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

    def resourcePath(self, filename: str) -> str:
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / filename)

    def setup(self) -> None:
        """Slicer's adds the developer's buttons."""

    def cleanup(self) -> None:
        """For subclasses."""


class ScriptedLoadableModuleLogic:
    """Base of a module's logic class: finds or makes the parameter node."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> slicer.vtkMRMLScriptedModuleNode:
        found = self.getAllParameterNodes()
        if self.isSingletonParameterNode:
            singleton = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            found = [singleton] if singleton is not None else []
        if not found:
            return slicer.mrmlScene.AddNode(self.createParameterNode())
        if found[0].GetAttribute("ModuleName") != self.moduleName:  # closing a scene takes it away
            found[0].SetAttribute("ModuleName", self.moduleName)
        return found[0]

    def getAllParameterNodes(self) -> list[slicer.vtkMRMLScriptedModuleNode]:
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self) -> slicer.vtkMRMLScriptedModuleNode:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Base of a module's self-test; `runTest` runs every method with "test" in its name unless it is overridden."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.moduleTestNames: list[str] = []
        super().__init__(*arguments, **options)
        own = [name for name in dir(self) if "test" in name and callable(getattr(self, name))]
        self.moduleTestNames = self.moduleTestNames or own

    def delayDisplay(self, message: str, requestedDelay: int | None = None, msec: int | None = None) -> None:
        logging.info(message)
        slicer.app.processEvents()

    def runTest(self) -> None:
        for name in self.moduleTestNames:
            self.setUp()
            getattr(self, name)()
            self.tearDown()


def load(path: Path) -> Any:
    """Import a module's file by its name, with its folder on sys.path, and make its metadata object, as Slicer does."""
    name = path.stem
    specification = importlib.util.spec_from_file_location(name, path)
    python_module = importlib.util.module_from_spec(specification)
    sys.modules[name] = python_module
    specification.loader.exec_module(python_module)
    parent = pythonqt.wrap(qSlicerScriptedLoadableModule(str(path)))
    instance = getattr(python_module, name)(parent)
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
