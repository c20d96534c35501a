"""Stand-ins for `slicer.app`, its layout manager and module manager, on the real MRML logics of slicer-core."""

import tempfile

import slicer
import vtk
from PySide6.QtCore import Property, QCoreApplication, QEventLoop, QObject, QSettings, Signal
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow

from harness.properties import getter
from harness.widgets_ctk import ctkSliderWidget
from harness.widgets_mrml import qMRMLWidget


class qMRMLSliceView(QWidget):
    """The window of a slice view: actors can be added to it; nothing is drawn until somebody renders it."""

    def __init__(self) -> None:
        super().__init__()
        self._window = vtkEGLRenderWindow()
        self._window.AddRenderer(vtk.vtkRenderer())

    renderWindow = getter("_window")

    def scheduleRender(self) -> None:
        """Slicer renders soon."""


class qMRMLSliceControllerWidget(qMRMLWidget):
    """The bar of a slice view."""

    def __init__(self) -> None:
        super().__init__()
        self._slider = ctkSliderWidget(self)

    sliceOffsetSlider = getter("_slider")


class qMRMLSliceWidget(qMRMLWidget):
    """A slice view: its nodes and logic are real, nothing is drawn."""

    def __init__(self, logic: slicer.vtkMRMLSliceLogic) -> None:
        super().__init__()
        self._logic, self._view, self._controller = logic, qMRMLSliceView(), qMRMLSliceControllerWidget()

    sliceView = getter("_view")
    sliceController = getter("_controller")
    sliceLogic = getter("_logic")

    def mrmlSliceNode(self) -> slicer.vtkMRMLSliceNode:
        return self._logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> slicer.vtkMRMLSliceCompositeNode:
        return self._logic.GetSliceCompositeNode()


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

    def let_go(self) -> None:
        """Let go of the scene."""
        for number in range(self._logics.GetNumberOfItems()):
            self._logics.GetItemAsObject(number).SetMRMLScene(None)
        self._logics.RemoveAllItems()
        self._layout_logic.SetMRMLScene(None)

    layoutLogic = getter("_layout_logic")

    def setLayout(self, layout: int) -> None:
        node = self._layout_logic.GetLayoutNode()
        if not node.IsLayoutDescription(layout):
            raise ValueError(f"there is no layout {layout}")
        node.SetViewArrangement(layout)
        views = self._layout_logic.GetViewNodes()
        shown = [views.GetItemAsObject(number) for number in range(views.GetNumberOfItems())]
        for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
            view.SetMappedInLayout(view in shown)  # as the real one does when it shows their widgets
        self.layoutChanged.emit(layout)

    def _made(self) -> dict[str, qMRMLSliceWidget]:
        """The slice widgets by name, those of new slice nodes too."""
        nodes = slicer.util.getNodesByClass("vtkMRMLSliceNode")
        for node in [node for node in nodes if node.GetLayoutName() not in self._widgets]:
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLScene(self._scene)
            logic.SetSliceNode(node)
            self._logics.AddItem(logic)
            self._widgets[node.GetLayoutName()] = qMRMLSliceWidget(logic)
        return self._widgets

    def sliceViewNames(self) -> list[str]:
        return list(self._made())

    def sliceWidget(self, name: str) -> qMRMLSliceWidget | None:
        return self._made().get(name)

    def mrmlSliceLogics(self) -> vtk.vtkCollection:
        self._made()
        return self._logics

    layout = Property(int, lambda self: self._layout_logic.GetLayoutNode().GetViewArrangement(), setLayout)


class qSlicerModuleManager(QObject):
    """The loaded modules by name."""

    moduleAboutToBeUnloaded = Signal(str)

    def module(self, name: str) -> object:
        return getattr(slicer.modules, name.lower(), None)


class qSlicerApplication(QObject):
    """What modules use of `slicer.app`; in testing mode. Without a main window there is no layout manager."""

    startupCompleted = Signal()

    def __init__(self, scene: slicer.vtkMRMLScene, main_window: bool) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="slicer-")
        for ini_format in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
            QSettings.setPath(ini_format, QSettings.Scope.UserScope, self._folder.name)
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QCoreApplication.setOrganizationName("slicer.org")
        QCoreApplication.setApplicationName("Slicer")
        self._logic = slicer.vtkSlicerApplicationLogic()
        self._logic.SetMRMLScene(scene)
        plots = slicer.vtkSlicerPlotsLogic()
        plots.SetMRMLApplicationLogic(self._logic)
        plots.SetMRMLScene(scene)
        colors = slicer.vtkSlicerColorLogic()  # without a scene, to which it would add all colour tables
        self.logics = {"plots": plots, "colors": colors}
        scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
        self._settings, self._manager = QSettings(), qSlicerModuleManager()
        self._layout_manager = self._main_window = None
        if main_window:
            self._main_window = QMainWindow()
            self._main_window.setObjectName("qSlicerMainWindow")
            self._layout_manager = qSlicerLayoutManager(scene)
            self._logic.SetSliceLogics(self._layout_manager.mrmlSliceLogics())

    def let_go(self) -> None:
        """Let go of the scene and of the temporary files."""
        if self._layout_manager is not None:
            self._layout_manager.let_go()
        self.logics["plots"].SetMRMLScene(None)
        self._logic.SetMRMLScene(None)
        self._folder.cleanup()

    def processEvents(self, *flags: QEventLoop.ProcessEventsFlag) -> None:
        QApplication.processEvents(*flags)

    def topLevelWidgets(self) -> list[QWidget]:
        return [self._main_window] if self._main_window is not None else []

    applicationLogic = getter("_logic")
    layoutManager = getter("_layout_manager")
    moduleManager = getter("_manager")
    settings = getter("_settings")
    applicationName = Property(str, lambda self: "Slicer")
