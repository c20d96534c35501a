"""The scripted module of 3D Slicer: the classes that Slicer looks for; the rest is in TemporalInterpLib."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from TemporalInterpLib.check_results import images_behind_errors
from TemporalInterpLib.dicom_plugin import register_dicom_plugin
from TemporalInterpLib.file_reader import FileReader
from TemporalInterpLib.fitting_sequences import take_first_fitting
from TemporalInterpLib.frame_marks import mark_frames
from TemporalInterpLib.item_names import name_synthetic_items
from TemporalInterpLib.layout import register_layouts
from TemporalInterpLib.logic import InterpolationLogic
from TemporalInterpLib.parameter_node import TemporalInterpParameterNode, bring_up_to_date
from TemporalInterpLib.slice_views import bring_images_back


class TemporalInterp(ScriptedLoadableModule):
    """The metadata of the module, for Slicer's lists and help."""

    def __init__(self, parent: object) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("TemporalInterp")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Sequences")]
        self.parent.dependencies = ["Sequences", "Markups", "Segmentations", "Plots"]
        self.parent.contributors = ["The TemporalInterp contributors"]
        self.parent.helpText = _(
            "Synthesises the frames between the acquired frames of a sequence of volumes, such as a cardiac cine: "
            "choose two phases, drag the time slider, or fill a new sequence. Every synthetic frame is marked as such. "
            "Also follows points through the sequence, measures strain, and adds slices between those of a stack. "
            "Not for diagnosis. See the tutorial in the extension's README."
        )
        self.parent.acknowledgementText = _(
            "The network follows TM-MSDF (Zhang et al., MICCAI 2025), the velocity field NeVF; see the README."
        )
        icon = icon_path()
        if icon.is_file():
            self.parent.icon = qt.QIcon(str(icon))
        slicer.mrmlScene.AddObserver(slicer.mrmlScene.EndImportEvent, show_images_again)
        slicer.mrmlScene.AddObserver(slicer.mrmlScene.EndImportEvent, name_items_again)
        slicer.app.connect("startupCompleted()", register_layouts)
        slicer.app.connect("startupCompleted()", register_sample_data)
        register_dicom_plugin()
        slicer.app.connect("startupCompleted()", mark_frames)


def icon_path() -> Path:
    """Return the file of the module's icon: next to the installed module, or at the top of a source tree."""
    icon = Path("Resources", "Icons", "TemporalInterp.png")
    module = Path(__file__).resolve().parent
    return module / icon if (module / icon).is_file() else module.parent / icon


def show_images_again(scene: slicer.vtkMRMLScene, event: str) -> None:
    """Let no loaded scene show an error map alone, or an empty view where the preview was."""
    bring_images_back(scene, images_behind_errors(scene))


def name_items_again(scene: slicer.vtkMRMLScene, event: str) -> None:
    """Give synthetic frames of a loaded scene the names that Slicer does not save."""
    name_synthetic_items(scene)


def register_sample_data() -> None:
    """Offer the sample cine in the Sample Data module."""
    import SampleData

    from TemporalInterpLib.sample_cine import NAME

    # no files: the sample is drawn here. Slicer needs lists of one length
    files = {key: [] for key in ("uris", "fileNames", "nodeNames", "loadFiles", "loadFileTypes", "checksums")}
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="TemporalInterp",
        sampleName=NAME,
        customDownloader=lambda source: [InterpolationLogic().load_sample_cine().proxy],
        **files,
    )


class TemporalInterpWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Loads the .ui file and passes Slicer's events on to the panel."""

    def __init__(self, parent: object = None) -> None:
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.panel = None
        self.in_use = self.follows = self.told = False
        ScriptedLoadableModuleWidget.__init__(self, parent)  # last: without a parent it calls setup

    def setup(self) -> None:
        """Build the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        from TemporalInterpLib.widget import ModulePanel

        widget = slicer.qMRMLWidget()
        self.layout.addWidget(widget)
        mark_frames()  # where the module came after Slicer had started
        self.logic = TemporalInterpLogic()
        self.panel = ModulePanel(widget, self.logic)
        self.ui = slicer.util.childWidgetVariables(widget)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.use_scene()

    def use_scene(self) -> None:
        """Follow the parameter node of the scene; choose the first fitting sequence if none is chosen.

        Slicer goes on calling this widget whatever happens here, so an error is told, once, and leaves the panel off.
        """
        from TemporalInterpLib.work_button import tell_error

        self.in_use = True
        try:
            parameters = self.logic.getParameterNode()
            if parameters.sequence is None:
                take_first_fitting(parameters)
            self.panel.use(parameters)
        except Exception as error:
            if not self.told:
                tell_error(error)
            self.told = True
        else:
            self.told = False

    def enter(self) -> None:
        """The user enters the module."""
        self.use_scene()

    def exit(self) -> None:
        """The user leaves the module: work continues, and its results are kept in the parameters."""
        self.in_use = False

    def cleanup(self) -> None:
        """The module is closed or reloaded."""
        panel, self.panel = self.panel, None
        if panel is not None:  # Slicer calls this again as it quits, when the widgets may be gone
            self.removeObservers()
            panel.close()

    def onSceneStartClose(self, caller: object, event: str) -> None:
        """Stop all work on nodes that are about to be removed."""
        self.panel.stop()

    def onSceneEndClose(self, caller: object, event: str) -> None:
        """Start again with the empty scene."""
        if self.in_use:
            self.use_scene()

    def onSceneStartImport(self, caller: object, event: str) -> None:
        """Release the parameters, which the file may overwrite."""
        self.follows = self.panel.context.parameters is not None
        self.panel.use(None)

    def onSceneEndImport(self, caller: object, event: str) -> None:
        """Read the parameters again: references that were read before their nodes existed would stay None."""
        if self.in_use or self.follows:
            self.use_scene()


class TemporalInterpFileReader(FileReader):
    """The reader of files, which Slicer finds by its name."""


class TemporalInterpLogic(ScriptedLoadableModuleLogic, InterpolationLogic):
    """The functions of the module, for the Python console and for scripts.

    >>> from TemporalInterp import TemporalInterpLogic
    >>> logic = TemporalInterpLogic()
    >>> cine = logic.load_sample_cine().sequence
    >>> first, last = logic.proposed_phases(cine)
    >>> result = logic.interpolate(cine, first, last, 10)
    """

    def getParameterNode(self) -> TemporalInterpParameterNode:
        """Return the module's parameters, typed."""
        node = super().getParameterNode()
        bring_up_to_date(node)
        return TemporalInterpParameterNode(node)


class TemporalInterpTest(ScriptedLoadableModuleTest):
    """The user's path through the module, inside Slicer."""

    def runTest(self) -> None:
        """Run all of it; on an error the test fails."""
        from TemporalInterpLib.self_test import run_self_test

        run_self_test(self)
