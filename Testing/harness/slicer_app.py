"""Stand-ins for `slicer.app`, its layout manager and module manager, on the real MRML logics of slicer-core."""

import tempfile
from pathlib import Path

import slicer
import vtk
from PySide6.QtCore import Property, QCoreApplication, QEventLoop, QObject, QSettings, Signal, Slot
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow

from harness.properties import constant, getter
from harness.widgets_mrml import qMRMLWidget


class qMRMLSliceView(QWidget):
    """The window of a slice view: actors can be added to it; nothing is drawn until somebody renders it."""

    def __init__(self) -> None:
        super().__init__()
        self._window = vtkEGLRenderWindow()
        self._window.AddRenderer(vtk.vtkRenderer())
        self.renders_asked_for = 0

    renderWindow = getter("renderWindow", "_window")

    @Slot()
    def scheduleRender(self) -> None:
        self.renders_asked_for += 1


class qMRMLSliceWidget(qMRMLWidget):
    """A slice view: its nodes and logic are real, nothing is drawn."""

    def __init__(self, logic: slicer.vtkMRMLSliceLogic) -> None:
        super().__init__()
        self._logic, self._view = logic, qMRMLSliceView()

    sliceView = getter("sliceView", "_view")

    @Slot(result=object)
    def mrmlSliceNode(self) -> slicer.vtkMRMLSliceNode:
        return self._logic.GetSliceNode()

    @Slot(result=object)
    def mrmlSliceCompositeNode(self) -> slicer.vtkMRMLSliceCompositeNode:
        return self._logic.GetSliceCompositeNode()

    sliceLogic = getter("sliceLogic", "_logic")

    @Slot()
    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()


class qSlicerLayoutManager(QObject):
    """Layouts and slice views. The view nodes of a layout are made by the real layout logic when it is chosen."""

    layoutChanged = Signal(int)

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        super().__init__()
        self._scene = scene
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
        self._layout_logic = slicer.vtkMRMLLayoutLogic()
        self._layout_logic.SetMRMLScene(scene)
        self._logics = vtk.vtkCollection()
        self._widgets: dict[str, qMRMLSliceWidget] = {}
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)

    def close(self) -> None:
        """Let go of the scene."""
        for number in range(self._logics.GetNumberOfItems()):
            self._logics.GetItemAsObject(number).SetMRMLScene(None)
        self._logics.RemoveAllItems()
        self._layout_logic.SetMRMLScene(None)

    def _make_slice_widgets(self) -> None:
        nodes = slicer.util.getNodesByClass("vtkMRMLSliceNode")
        for node in [node for node in nodes if node.GetLayoutName() not in self._widgets]:
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLScene(self._scene)
            logic.SetSliceNode(node)
            self._logics.AddItem(logic)
            self._widgets[node.GetLayoutName()] = qMRMLSliceWidget(logic)

    def _map_views(self) -> None:
        """Tell the slice views of the layout from others, as the real one does when it shows their widgets."""
        views = self._layout_logic.GetViewNodes()
        shown = [views.GetItemAsObject(number) for number in range(views.GetNumberOfItems())]
        for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            node.SetMappedInLayout(node in shown)

    def _shown(self) -> int:
        return self._layout_logic.GetLayoutNode().GetViewArrangement()

    @Slot(int)
    def setLayout(self, layout: int) -> None:
        node = self._layout_logic.GetLayoutNode()
        if not node.IsLayoutDescription(layout):
            raise ValueError(f"there is no layout {layout}")
        node.SetViewArrangement(layout)
        self._make_slice_widgets()
        self._map_views()
        self.layoutChanged.emit(layout)

    layoutLogic = getter("layoutLogic", "_layout_logic")

    @Slot(result=object)
    def sliceViewNames(self) -> list[str]:
        self._make_slice_widgets()
        return list(self._widgets)

    @Slot(str, result=object)
    def sliceWidget(self, name: str) -> qMRMLSliceWidget | None:
        self._make_slice_widgets()
        return self._widgets.get(name)

    @Slot(result=object)
    def mrmlSliceLogics(self) -> vtk.vtkCollection:
        self._make_slice_widgets()
        return self._logics

    @Slot()
    def resetSliceViews(self) -> None:
        for widget in self._widgets.values():
            widget.fitSliceToBackground()

    layout = Property(int, _shown, setLayout, notify=layoutChanged)


class qSlicerModuleManager(QObject):
    """The loaded modules by name."""

    moduleAboutToBeUnloaded = Signal(str)

    @Slot(str, result=object)
    def module(self, name: str) -> object:
        return getattr(slicer.modules, name.lower(), None)


class qSlicerApplication(QObject):
    """What modules use of `slicer.app`; in testing mode. Without a main window there is no layout manager."""

    startupCompleted = Signal()

    def __init__(self, scene: slicer.vtkMRMLScene, main_window: bool) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="slicer-")
        home = Path(self._folder.name)
        for ini_format in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
            QSettings.setPath(ini_format, QSettings.Scope.UserScope, str(home))
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QCoreApplication.setOrganizationName("slicer.org")
        QCoreApplication.setApplicationName("Slicer")
        self._scene = scene
        self._logic = slicer.vtkSlicerApplicationLogic()
        self._logic.SetMRMLScene(scene)
        self.plots_logic = slicer.vtkSlicerPlotsLogic()
        self.plots_logic.SetMRMLApplicationLogic(self._logic)
        self.plots_logic.SetMRMLScene(scene)
        self.color_logic = slicer.vtkSlicerColorLogic()  # without a scene, to which it would add all colour tables
        scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
        self._settings, self._manager = QSettings(), qSlicerModuleManager()
        self._layout_manager, self._main_window = None, None
        if main_window:
            self._main_window = QMainWindow()
            self._main_window.setObjectName("qSlicerMainWindow")
            self._layout_manager = qSlicerLayoutManager(scene)
            self._logic.SetSliceLogics(self._layout_manager.mrmlSliceLogics())

    def close(self) -> None:
        """Let go of the scene and of the temporary files."""
        if self._layout_manager is not None:
            self._layout_manager.close()
        self.plots_logic.SetMRMLScene(None)
        self._logic.SetMRMLScene(None)
        self._folder.cleanup()

    @Slot()
    @Slot(object)
    def processEvents(self, flags: QEventLoop.ProcessEventsFlag | None = None) -> None:
        QApplication.processEvents() if flags is None else QApplication.processEvents(flags)

    @Slot(result=bool)
    def testingEnabled(self) -> bool:
        return True

    mrmlScene = getter("mrmlScene", "_scene")

    applicationLogic = getter("applicationLogic", "_logic")

    layoutManager = getter("layoutManager", "_layout_manager")

    moduleManager = getter("moduleManager", "_manager")

    settings = getter("settings", "_settings")

    @Slot(object)
    def setOverrideCursor(self, cursor: QCursor) -> None:
        QApplication.setOverrideCursor(cursor)

    @Slot()
    def restoreOverrideCursor(self) -> None:
        QApplication.restoreOverrideCursor()

    @Slot(result=object)
    def topLevelWidgets(self) -> list[QWidget]:
        return [self._main_window] if self._main_window is not None else []

    applicationName = constant(str, "Slicer")
