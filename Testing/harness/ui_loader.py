"""Qt's own loader of .ui files, which makes the stand-ins too, after a check that every class and property exists."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from PySide6 import QtCore, QtUiTools, QtWidgets

from harness import pythonqt, widgets_ctk, widgets_mrml

STANDINS = {**widgets_ctk.WIDGETS, **widgets_mrml.WIDGETS}

LAYOUT_PROPERTIES = {"margin", "spacing", "leftMargin", "topMargin", "rightMargin", "bottomMargin"}
LAYOUT_PROPERTIES |= {"horizontalSpacing", "verticalSpacing"}
"""What Qt Designer writes of layouts in words of its own."""


class UiFileError(ValueError):
    """A .ui file that Qt Designer or Slicer would not understand, or would half ignore."""


class QUiLoader(QtCore.QObject):
    """What `slicer.util.loadUI` uses."""

    def load(self, file: QtCore.QFile) -> QtWidgets.QWidget:
        text = Path(file.fileName()).read_text(encoding="utf-8")
        root = ElementTree.fromstring(text)
        objects = [*root.iter("widget"), *root.iter("layout")]
        names = [element.get("name", "") for element in objects]
        for element in objects:
            widget_class(element.get("class", ""), QtWidgets.QLayout if element.tag == "layout" else QtWidgets.QWidget)
            if names.count(element.get("name", "")) > 1:
                raise UiFileError(f"two objects are called '{element.get('name')}'")
        buffer = QtCore.QBuffer()
        # in <connections>, nodes and scenes are arguments that the stand-ins declare as Python objects
        buffer.setData(re.sub(r"\(vtkMRML\w+\*\)", f"({pythonqt.MRML_ARGUMENT})", text).encode())
        top = _Loader().load(buffer)
        for element, name in zip(objects, names, strict=True):
            _check_properties(element, top if top.objectName() == name else top.findChild(QtCore.QObject, name))
        return top


class _Loader(QtUiTools.QUiLoader):
    """Makes each widget in Python, so that PySide6 keeps its Python half as long as the widget."""

    def createWidget(self, class_name: str, parent: QtWidgets.QWidget | None = None, name: str = "") -> object:
        widget = widget_class(class_name)(parent)
        widget.setObjectName(name)
        return widget


def widget_class(name: str, base: type = QtWidgets.QWidget) -> type:
    """The class of Qt or of a stand-in; raises `UiFileError` for any other."""
    found = STANDINS.get(name) or pythonqt.find_qt_class(name)
    if found is None or not issubclass(found, base):
        raise UiFileError(f"unknown class {name}: Slicer has no such class, or the harness no stand-in for it")
    return found


def _check_properties(element: ElementTree.Element, made: QtCore.QObject) -> None:
    """Refuse a property that its object lacks, unless it is written as a dynamic one."""
    for found in element.findall("property"):
        name = found.get("name", "")
        known = made.metaObject().indexOfProperty(name) >= 0 or found.get("stdset") == "0"
        if not known and not (element.tag == "layout" and name in LAYOUT_PROPERTIES):
            of = f"{element.get('class')} {element.get('name')}"
            raise UiFileError(f'{of} has no property {name} (a dynamic one has stdset="0")')
