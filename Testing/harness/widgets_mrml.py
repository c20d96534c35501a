"""Stand-ins for the qMRML widgets in use: their properties, signals and slots, and no more (Slicer, Libs/MRML/Widgets).

A slot or signal that takes an object takes a node or the scene, as the name says.
"""

import weakref
from typing import ClassVar

import shiboken6
import slicer
import vtk
from PySide6.QtCore import Property, QObject, Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QTableView, QWidget

from harness.properties import getter, stored


class Observations:
    """VTK observers of a widget, which are silent once the widget is destroyed."""

    _made: ClassVar[weakref.WeakSet] = weakref.WeakSet()

    def __init__(self, widget: QWidget) -> None:
        self._made.add(self)
        self._widget = widget
        self._tags: list[tuple[vtk.vtkObject, int]] = []

    def add(self, observed: vtk.vtkObject, event: int | str, callback: object) -> None:
        def call(*_: object) -> None:
            if shiboken6.isValid(self._widget):
                callback()

        self._tags.append((observed, observed.AddObserver(event, call)))

    def clear(self) -> None:
        for observed, tag in self._tags:
            observed.RemoveObserver(tag)
        self._tags.clear()

    @classmethod
    def clear_all(cls) -> None:
        """Before the scene is given up."""
        for observations in cls._made:
            observations.clear()


class qMRMLWidget(QWidget):
    """A widget that knows the scene; at the top of every module's .ui file."""

    mrmlSceneChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = None

    mrmlScene = getter("mrmlScene", "_scene")

    @Slot(object)
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qMRMLSortFilterProxyModel(QObject):
    """What a node combo box offers."""

    changed = Signal()
    hiddenNodeIDs = stored("QStringList", [], then="_changed")

    def _changed(self) -> None:
        self.changed.emit()


class qMRMLNodeComboBox(QWidget):
    """Choice of a node of the scene; disabled until it has a scene, as in Slicer."""

    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    nodeActivated = Signal(object)
    nodeAdded = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene, self._requested_id, self._current_id = None, "", ""
        self._attributes: dict[str, tuple[str, str | None]] = {}
        self._nodes: list[str] = []
        self._of_scene, self._of_nodes = Observations(self), Observations(self)
        self._filter = qMRMLSortFilterProxyModel(self)
        self._filter.changed.connect(self._hide)
        self._combo_box = QComboBox(self)
        self._combo_box.activated.connect(self._activated)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo_box)
        self.setEnabled(False)

    # The scene

    mrmlScene = getter("mrmlScene", "_scene")

    @Slot(object)
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        if scene is self._scene:
            return
        self._of_scene.clear()
        wanted = self._current_id or self._requested_id
        self._scene, self._requested_id = scene, ""
        if scene is not None:
            for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent, scene.EndImportEvent):
                self._of_scene.add(scene, event, self._refresh)
        self._refresh()
        if wanted:
            self.setCurrentNodeID(wanted)
        self.setEnabled(scene is not None)

    def _accepts(self, node: slicer.vtkMRMLNode) -> bool:
        if (node.GetHideFromEditors() and not self.showHidden) or node.GetID() in self._filter.hiddenNodeIDs:
            return False
        for node_type in self.nodeTypes:
            if node.IsA(node_type) and (self.showChildNodeTypes or node.GetClassName() == node_type):
                return self._has_attribute(node, node_type)
        return not self.nodeTypes

    def _has_attribute(self, node: slicer.vtkMRMLNode, node_type: str) -> bool:
        if node_type not in self._attributes:
            return True
        name, wanted = self._attributes[node_type]
        self._of_nodes.add(node, vtk.vtkCommand.ModifiedEvent, self._refresh_if_needed)
        value = node.GetAttribute(name)
        return value is not None and wanted in (None, value)

    def _accepted(self) -> list[str]:
        scene = self._scene
        if scene is None:
            return []
        self._of_nodes.clear()
        nodes = [scene.GetNthNode(number) for number in range(scene.GetNumberOfNodes())]
        return [node.GetID() for node in nodes if self._accepts(node)]

    def _refresh_if_needed(self) -> None:
        if self._accepted() != self._nodes:
            self._refresh()

    def _refresh(self) -> None:
        """Follow the scene: a removed current node gives way to its neighbour, as in a QComboBox."""
        before = self._nodes
        self._nodes = self._accepted()
        has_extra_items = self.addEnabled or self.removeEnabled or self.renameEnabled
        current = self._current_id
        if current and current not in self._nodes:
            place = before.index(current) if current in before else 0
            current = self._nodes[min(place, len(self._nodes) - 1)] if self._nodes else ""
        elif not current and not before and len(self._nodes) == 1 and not (self.noneEnabled or has_extra_items):
            current = self._nodes[0]
        self._show()
        for node_id in [added for added in self._nodes if added not in before]:
            self.nodeAdded.emit(self._scene.GetNodeByID(node_id))
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

    def _select(self, node_id: str) -> None:
        self._combo_box.setCurrentIndex(self._combo_box.findData(node_id))
        if node_id != self._current_id:
            self._current_id = node_id
            node = self.currentNode()
            self.currentNodeChanged.emit(node)
            self.currentNodeChanged[bool].emit(node is not None)
            self.currentNodeIDChanged.emit(node_id)

    def _activated(self, index: int) -> None:
        self._select(self._combo_box.itemData(index))
        self.nodeActivated.emit(self.currentNode())

    # The choice

    @Slot(result=object)
    def currentNode(self) -> slicer.vtkMRMLNode | None:
        return self._scene.GetNodeByID(self._current_id) if self._scene is not None and self._current_id else None

    @Slot(object)
    def setCurrentNode(self, node: slicer.vtkMRMLNode | None) -> None:
        if node is not None and not isinstance(node, slicer.vtkMRMLNode):
            raise TypeError(f"setCurrentNode takes a node, not {node!r}")
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    @Slot(str)
    def setCurrentNodeID(self, node_id: str) -> None:
        if self._scene is None:
            self._requested_id = node_id
        else:
            self._select(node_id if node_id in self._nodes else "")

    @Slot(result=int)
    def nodeCount(self) -> int:
        return len(self._nodes)

    @Slot(int, result=object)
    def nodeFromIndex(self, index: int) -> slicer.vtkMRMLNode | None:
        return self._scene.GetNodeByID(self._nodes[index]) if 0 <= index < len(self._nodes) else None

    # Filters, and nodes made by the user

    sortFilterProxyModel = getter("sortFilterProxyModel", "_filter")

    @Slot(str, str, object)
    def addAttribute(self, node_type: str, name: str, value: object = None) -> None:
        self._attributes[node_type] = (name, None if value is None else str(value))
        self._refresh()

    currentNodeID = Property(str, lambda self: self._current_id, setCurrentNodeID, notify=currentNodeIDChanged)
    nodeTypes = stored("QStringList", [], then="_refresh")
    showHidden = stored(bool, False, then="_refresh")
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
        self._browser = None
        self._observations = Observations(self)
        self.setEnabled(False)

    def _follow(self, browser: slicer.vtkMRMLSequenceBrowserNode | None) -> None:
        if browser is not None and not isinstance(browser, slicer.vtkMRMLSequenceBrowserNode):
            raise TypeError(f"setMRMLSequenceBrowserNode takes a sequence browser node, not {browser!r}")
        self._observations.clear()
        self._browser = browser
        if browser is not None:
            self._observations.add(browser, vtk.vtkCommand.ModifiedEvent, self._update)
        self._update()

    def _update(self) -> None:
        self.setEnabled(self._browser is not None)


class qMRMLSequenceBrowserPlayWidget(_BrowserWidget):
    """Buttons that step through a sequence and play it; here without the buttons."""

    @Slot(object)
    def setMRMLSequenceBrowserNode(self, browser: slicer.vtkMRMLSequenceBrowserNode | None) -> None:
        self._follow(browser)

    @Slot()
    def onVcrNext(self) -> None:
        self._browser.SelectNextItem(1)


class qMRMLSequenceBrowserSeekWidget(_BrowserWidget):
    """Slider over the items of a sequence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.valueChanged.connect(self.setSelectedItemNumber)
        QHBoxLayout(self).addWidget(self._slider)

    slider = getter("slider", "_slider")

    @Slot(object)
    def setMRMLSequenceBrowserNode(self, browser: slicer.vtkMRMLSequenceBrowserNode | None) -> None:
        self._follow(browser)

    @Slot(int)
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

    mrmlSceneChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene, self._table = None, None
        self._observations = Observations(self)

    mrmlScene = getter("mrmlScene", "_scene")

    @Slot(object)
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)

    mrmlTableNode = getter("mrmlTableNode", "_table")

    @Slot(object)
    def setMRMLTableNode(self, table: slicer.vtkMRMLTableNode | None) -> None:
        if table is not None and not isinstance(table, slicer.vtkMRMLTableNode):
            raise TypeError(f"setMRMLTableNode takes a table node, not {table!r}")
        self._observations.clear()
        self._table = table
        if table is not None:
            self._observations.add(table, vtk.vtkCommand.ModifiedEvent, self._fill)
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
