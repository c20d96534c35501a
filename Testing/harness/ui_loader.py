"""Qt's own loader of .ui files, which makes the stand-ins too, after a check that every class and property exists."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from PySide6 import QtCore, QtUiTools, QtWidgets

from harness import pythonqt, widgets_ctk, widgets_mrml

STANDINS = {**widgets_ctk.WIDGETS, **widgets_mrml.WIDGETS}


class UiFileError(ValueError):
    """A .ui file that Qt Designer or Slicer would not understand, or would half ignore."""


class QUiLoader(QtCore.QObject):
    """What `slicer.util.loadUI` uses."""

    @QtCore.Slot(object)
    def load(self, file: QtCore.QFile) -> QtWidgets.QWidget:
        path = Path(file.fileName())
        root = ElementTree.parse(path).getroot()
        _check_names(root)
        # in <connections>, nodes and scenes are arguments that the stand-ins declare as Python objects
        text = re.sub(r"\(vtkMRML\w+\*\)", f"({pythonqt.MRML_ARGUMENT})", path.read_text(encoding="utf-8"))
        buffer = QtCore.QBuffer()
        buffer.setData(text.encode())
        loader = _Loader()
        loader.setWorkingDirectory(QtCore.QDir(str(path.parent)))
        widget = loader.load(buffer)
        if widget is None:
            raise UiFileError(f"{path.name} could not be loaded")
        _check_properties(root, widget)
        return widget


class _Loader(QtUiTools.QUiLoader):
    """Makes each widget in Python, so that PySide6 keeps its Python half as long as the widget."""

    def createWidget(self, class_name: str, parent: QtWidgets.QWidget | None = None, name: str = "") -> object:
        if class_name == "Line":
            return super().createWidget(class_name, parent, name)
        widget = widget_class(class_name)(parent)
        widget.setObjectName(name)
        return widget


def widget_class(name: str) -> type:
    """The class of Qt or of a stand-in; raises `UiFileError` for any other."""
    found = STANDINS.get(name) or pythonqt.find_qt_class(name)
    if found is None or not issubclass(found, QtWidgets.QWidget):
        raise UiFileError(f"unknown widget class {name}: Slicer has no such class, or the harness no stand-in for it")
    return found


def _check_names(root: ElementTree.Element) -> None:
    """Refuse an unknown widget or layout class, and a name that is used twice."""
    names: set[str] = set()
    for element in [*root.iter("widget"), *root.iter("layout")]:
        name, class_name = element.get("name", ""), element.get("class", "")
        if name in names:
            raise UiFileError(f"two objects are called '{name}'")
        names.add(name)
        if element.tag == "widget" and class_name != "Line":
            widget_class(class_name)
        elif element.tag == "layout" and pythonqt.find_qt_class(class_name) is None:
            raise UiFileError(f"unknown layout {class_name}")


# What Qt Designer writes of layouts in words of its own.
LAYOUT_PROPERTIES = {
    *("leftMargin", "topMargin", "rightMargin", "bottomMargin", "margin"),
    *("horizontalSpacing", "verticalSpacing", "spacing"),
}


def _check_properties(root: ElementTree.Element, top: QtWidgets.QWidget) -> None:
    """Refuse a property that its object lacks, unless it is written as a dynamic one."""
    for element in [*root.iter("widget"), *root.iter("layout")]:
        name = element.get("name", "")
        meta = (top if top.objectName() == name else top.findChild(QtCore.QObject, name)).metaObject()
        for found in element.findall("property"):
            known = meta.indexOfProperty(found.get("name", "")) >= 0 or found.get("stdset") == "0"
            if not known and not (element.tag == "layout" and found.get("name") in LAYOUT_PROPERTIES):
                of = f"{element.get('class')} {name}"
                raise UiFileError(f'{of} has no property {found.get("name")} (a dynamic one has stdset="0")')
