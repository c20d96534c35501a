"""Stand-ins for the qMRML widgets in use: their properties, signals and slots, and no more (Slicer, Libs/MRML/Widgets).

A slot or signal that takes an object takes a node or the scene, as the name says.
"""

import weakref
from collections.abc import Callable
from typing import ClassVar

import shiboken6
import slicer
import vtk
from PySide6.QtCore import Property, QObject, Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QTableView, QWidget

from harness.properties import getter, stored

MODIFIED = vtk.vtkCommand.ModifiedEvent


class Observations:
    """VTK observers of a widget, which are silent once the widget is destroyed."""

    _made: ClassVar[weakref.WeakSet] = weakref.WeakSet()

    def __init__(self, widget: QWidget, callback: Callable) -> None:
        self._made.add(self)
        self._widget, self._callback = widget, callback
        self._tags: list[tuple[vtk.vtkObject, int]] = []

    def _call(self, *_event: object) -> None:
        if shiboken6.isValid(self._widget):
            self._callback()

    def follow(self, *observed: vtk.vtkObject | None, events: tuple = (MODIFIED,)) -> None:
        """From now on these, and no others."""
        for followed, tag in self._tags:
            followed.RemoveObserver(tag)
        there = [new for new in observed if new is not None]
        self._tags = [(new, new.AddObserver(event, self._call)) for new in there for event in events]

    @classmethod
    def clear_all(cls) -> None:
        """Before the scene is given up."""
        for observations in cls._made:
            observations.follow()


def _checked(node: slicer.vtkMRMLNode | None, kind: type) -> slicer.vtkMRMLNode | None:
    if node is not None and not isinstance(node, kind):
        raise TypeError(f"it takes a {kind.__name__}, not {node!r}")
    return node


class qMRMLWidget(QWidget):
    """A widget that knows the scene; at the top of every module's .ui file."""

    mrmlSceneChanged = Signal(object)
    _scene = None

    mrmlScene = getter("_scene")

    @Slot(object)
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qMRMLSortFilterProxyModel(QObject):
    """What a node combo box offers, of which it is a child."""

    hiddenNodeIDs = stored("QStringList", [], then="_changed")

    def _changed(self) -> None:
        self.parent()._hide()


class qMRMLNodeComboBox(QWidget):
    """Choice of a node of the scene; disabled until it has a scene, as in Slicer."""

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene, self._requested_id, self._current_id = None, "", ""
        self._attributes: dict[str, tuple[str, str | None]] = {}
        self._nodes: list[str] = []
        self._of_scene = Observations(self, self._refresh)
        self._of_nodes = Observations(self, self._refresh_if_needed)
        self._filter = qMRMLSortFilterProxyModel(self)
        self._combo_box = QComboBox(self)
        self._combo_box.activated.connect(lambda index: self._select(self._combo_box.itemData(index)))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo_box)
        self.setEnabled(False)

    # The scene

    mrmlScene = getter("_scene")

    @Slot(object)
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        if scene is self._scene:
            return
        wanted = self._current_id or self._requested_id
        self._scene, self._requested_id = scene, ""
        events = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent")
        self._of_scene.follow(scene, events=tuple(getattr(slicer.vtkMRMLScene, name) for name in events))
        self._refresh()
        if wanted:
            self._set_id(wanted)
        self.setEnabled(scene is not None)

    def _accepts(self, node: slicer.vtkMRMLNode) -> bool:
        if node.GetHideFromEditors() or node.GetID() in self._filter.hiddenNodeIDs:
            return False
        for kind in self.nodeTypes:
            if node.IsA(kind) and (self.showChildNodeTypes or node.GetClassName() == kind):
                name, wanted = self._attributes.get(kind, ("", None))
                value = node.GetAttribute(name) if name else None
                return not name or (value is not None and wanted in (None, value))
        return not self.nodeTypes

    def _accepted(self) -> list[str]:
        count = self._scene.GetNumberOfNodes() if self._scene is not None else 0
        nodes = [self._scene.GetNthNode(number) for number in range(count)]
        self._of_nodes.follow(*[node for node in nodes if any(node.IsA(kind) for kind in self._attributes)])
        return [node.GetID() for node in nodes if self._accepts(node)]

    def _refresh_if_needed(self) -> None:
        if self._accepted() != self._nodes:
            self._refresh()

    def _refresh(self) -> None:
        """Follow the scene: a removed current node gives way to its neighbour, as in a QComboBox."""
        before, self._nodes = self._nodes, self._accepted()
        has_extra_items = self.addEnabled or self.removeEnabled or self.renameEnabled or self.noneEnabled
        current = self._current_id
        if current and current not in self._nodes:
            place = before.index(current) if current in before else 0
            current = self._nodes[min(place, len(self._nodes) - 1)] if self._nodes else ""
        elif not current and not before and len(self._nodes) == 1 and not has_extra_items:
            current = self._nodes[0]
        self._show()
        self._select(current)

    def _hide(self) -> None:
        """Nothing is chosen where the current node is no longer offered."""
        if self._current_id in self._filter.hiddenNodeIDs:
            self._select("")
        self._refresh_if_needed()

    def _show(self) -> None:
        self._combo_box.clear()
        if self.noneEnabled:
            self._combo_box.addItem(self.noneDisplay, "")
        for node_id in self._nodes:
            self._combo_box.addItem(self._scene.GetNodeByID(node_id).GetName(), node_id)
        self._combo_box.setCurrentIndex(self._combo_box.findData(self._current_id))

    # The choice

    def _select(self, node_id: str) -> None:
        self._combo_box.setCurrentIndex(self._combo_box.findData(node_id))
        if node_id != self._current_id:
            self._current_id = node_id
            node = self.currentNode()
            self.currentNodeChanged.emit(node)
            self.currentNodeChanged[bool].emit(node is not None)
            self.currentNodeIDChanged.emit(node_id)

    def _set_id(self, node_id: str) -> None:
        if self._scene is None:
            self._requested_id = node_id
        else:
            self._select(node_id if node_id in self._nodes else "")

    def currentNode(self) -> slicer.vtkMRMLNode | None:
        return self._scene.GetNodeByID(self._current_id) if self._scene is not None and self._current_id else None

    def setCurrentNode(self, node: slicer.vtkMRMLNode | None) -> None:
        self._set_id(_checked(node, slicer.vtkMRMLNode).GetID() if node is not None else "")

    def nodeCount(self) -> int:
        return len(self._nodes)

    def nodeFromIndex(self, index: int) -> slicer.vtkMRMLNode | None:
        return self._scene.GetNodeByID(self._nodes[index]) if 0 <= index < len(self._nodes) else None

    sortFilterProxyModel = getter("_filter")

    def addAttribute(self, node_type: str, name: str, value: str | None = None) -> None:
        self._attributes[node_type] = (name, value)
        self._refresh()

    currentNodeID = Property(str, lambda self: self._current_id, _set_id, notify=currentNodeIDChanged)
    nodeTypes = stored("QStringList", [], then="_refresh")
    showChildNodeTypes = stored(bool, True, then="_refresh")
    noneEnabled = stored(bool, False, then="_show")
    noneDisplay = stored(str, "None", then="_show")
    addEnabled = stored(bool, True)
    removeEnabled = stored(bool, True)
    renameEnabled = stored(bool, False)


class _BrowserWidget(qMRMLWidget):
    """What the two widgets of a sequence browser share."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._browser, self._observations = None, Observations(self, self._update)
        self.setEnabled(False)

    def setMRMLSequenceBrowserNode(self, browser: slicer.vtkMRMLSequenceBrowserNode | None) -> None:
        self._browser = _checked(browser, slicer.vtkMRMLSequenceBrowserNode)
        self._observations.follow(browser)
        self._update()

    def _update(self) -> None:
        self.setEnabled(self._browser is not None)


class qMRMLSequenceBrowserPlayWidget(_BrowserWidget):
    """Buttons that step through a sequence and play it; here without the buttons."""

    def onVcrNext(self) -> None:
        self._browser.SelectNextItem(1)


class qMRMLSequenceBrowserSeekWidget(_BrowserWidget):
    """Slider over the items of a sequence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.valueChanged.connect(self.setSelectedItemNumber)
        QHBoxLayout(self).addWidget(self._slider)
        self.layout().addWidget(QLabel(self, objectName="label_IndexValue"))

    slider = getter("_slider")

    def setSelectedItemNumber(self, number: int) -> None:
        if self._browser is not None:
            self._browser.SetSelectedItemNumber(number)

    def _update(self) -> None:
        super()._update()
        self._slider.blockSignals(True)
        self._slider.setRange(0, max(self._browser.GetNumberOfItems() - 1, 0) if self._browser is not None else 0)
        self._slider.setValue(self._browser.GetSelectedItemNumber() if self._browser is not None else 0)
        self._slider.blockSignals(False)


class qMRMLTableView(QTableView):
    """A table node as a table."""

    mrmlSceneChanged, mrmlScene, setMRMLScene = Signal(object), getter("_scene"), qMRMLWidget.setMRMLScene

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = self._table = None
        self._observations = Observations(self, self._fill)

    mrmlTableNode = getter("_table")

    def setMRMLTableNode(self, table: slicer.vtkMRMLTableNode | None) -> None:
        self._table = _checked(table, slicer.vtkMRMLTableNode)
        self._observations.follow(table)
        self._fill()

    def _head(self, name: str) -> str:
        titled = self._table is not None and self._table.GetUseColumnTitleAsColumnHeader()
        return (titled and self._table.GetColumnTitle(name)) or name

    def _fill(self) -> None:
        table = self._table.GetTable() if self._table is not None else vtk.vtkTable()
        rows, columns = range(table.GetNumberOfRows()), range(table.GetNumberOfColumns())
        model = QStandardItemModel(self)
        model.setHorizontalHeaderLabels([self._head(table.GetColumnName(column) or "") for column in columns])
        for row in rows:
            model.appendRow([QStandardItem(table.GetValue(row, column).ToString()) for column in columns])
        self.setModel(model)


_ALL = (
    *(qMRMLWidget, qMRMLNodeComboBox, qMRMLTableView),
    *(qMRMLSequenceBrowserPlayWidget, qMRMLSequenceBrowserSeekWidget),
)
WIDGETS = {widget.__name__: widget for widget in _ALL}
