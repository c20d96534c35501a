"""The module's panel: its sections, and the parameter node they share."""

from __future__ import annotations

from typing import Any

import ctk
import qt
import slicer
import vtk

from TemporalInterpLib.background import wait_for_threads
from TemporalInterpLib.logic import InterpolationLogic
from TemporalInterpLib.parameter_node import TemporalInterpParameterNode
from TemporalInterpLib.section import SCENE, Context, Section
from TemporalInterpLib.sections import section_classes, ui_file

SPACING = 4
"""Pixels between sections."""

MARGINS = (6, 4, 6, 6)
"""Pixels around the contents of a section: left, above, right, below."""

WIDTH = 310
"""Pixels that the panel is wide at least, whichever sections are open: with fewer, choices are cut."""

CLOSING_SECONDS = 5.0
"""Time to wait for cancelled work when the panel is closed."""


class ModulePanel:
    """Keeps sections, parameters and scene synchronised: a section hears of what it watches, and of nothing else.

    Attributes:
        context: what the sections share.
        sections: by the name of their folder, in the order of the panel.

    Args:
        widget: a qMRMLWidget that the sections are added to.
        logic: does the work.
    """

    def __init__(self, widget: Any, logic: InterpolationLogic) -> None:
        self.context = Context(logic, self._announce)
        self.sections: dict[str, Section] = {}
        self._widget = widget
        self._gui_tag: int | None = None
        self._seen: dict[str, object] = {}
        self._pending: set[str] = set()
        self._updating = False
        self._scene_changed = False
        self._observations: list[tuple[vtk.vtkObject, int]] = []
        self._sequences: dict[slicer.vtkMRMLSequenceNode, int] = {}
        widget.minimumWidth = WIDTH
        layout = qt.QVBoxLayout(widget)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for name, section in section_classes().items():
            contents = slicer.util.loadUI(str(ui_file(name)))
            contents.setMRMLScene(slicer.mrmlScene)
            _keep_width(contents)
            shown = _collapsible(contents, name, section) if section.title else contents
            layout.addWidget(shown)
            self.sections[name] = section(self.context, slicer.util.childWidgetVariables(contents))
            if section.title:
                shown.connect("contentsCollapsed(bool)", self.sections[name].fold)
        layout.addStretch(1)
        self._watched = frozenset().union(*(section.watches for section in self.sections.values()))
        self._texts = {label: label.text for label in _labels_of(widget)}

    def use(self, parameters: TemporalInterpParameterNode | None) -> None:
        """Follow these parameters from now on, or none while there is no scene.

        Where they cannot be connected, the error is raised and the panel is off: it follows none.
        """
        self._release()
        if parameters is None:
            return
        self._widget.enabled = False
        self._gui_tag = parameters.connectGui(slicer.util.childWidgetVariables(self._widget))
        self._widget.enabled = True
        self.context.parameters = parameters
        self._observe(parameters.parameterNode, vtk.vtkCommand.ModifiedEvent, self._changed)
        scene = parameters.parameterNode.GetScene()
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent):
            self._observe(scene, event, self._scene_has_changed)
        self._pending |= self._watched
        self._changed()

    def stop(self) -> None:
        """Release the parameters, cancel all work and remove the preview from the scene."""
        self.use(None)  # first: a selector may change as the preview is removed, and its followers would start again
        for section in self.sections.values():
            section.stop()
        for label, text in self._texts.items():  # what was said and drawn is of a scene that closes
            label.clear()
            label.text = text
        self.context.reader.forget()

    def close(self) -> None:
        """Stop finally."""
        self.stop()
        wait_for_threads(CLOSING_SECONDS)

    def _release(self) -> None:
        if self.context.parameters is not None:
            self.context.parameters.disconnectGui(self._gui_tag)
        for node, tag in [*self._observations, *self._sequences.items()]:
            node.RemoveObserver(tag)
        self.context.parameters = self._gui_tag = None
        self._observations, self._sequences = [], {}
        self._seen, self._pending = {}, set()

    def _observe(self, node: vtk.vtkObject, event: int | str, function: Any) -> None:
        self._observations.append((node, node.AddObserver(event, function)))

    def _changed(self, *_event: object) -> None:
        """Update the sections that watch what has changed; what changes meanwhile is shown in another round."""
        if self.context.parameters is None:
            return
        self._pending |= self._changed_parameters()
        if self._updating:
            return
        self._updating = True
        try:
            while self._pending and self.context.parameters is not None:
                changed, self._pending = self._pending, set()
                for section in self.sections.values():
                    if self.context.parameters is not None and changed & section.watches:
                        section.update()
        finally:
            self._updating = False

    def _changed_parameters(self) -> set[str]:
        known = TemporalInterpParameterNode.__annotations__
        now = {name: getattr(self.context.parameters, name) for name in self._watched if name in known}
        changed = {name for name, value in now.items() if name not in self._seen or self._seen[name] != value}
        self._seen = now
        if changed:
            self._follow({node for node in now.values() if isinstance(node, slicer.vtkMRMLSequenceNode)})
        return changed

    def _follow(self, sequences: set[slicer.vtkMRMLSequenceNode]) -> None:
        """Observe the sequences that parameters refer to, and no others."""
        for node in set(self._sequences) - sequences:
            node.RemoveObserver(self._sequences.pop(node))
        for node in sequences - set(self._sequences):
            self._sequences[node] = node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._sequence_has_changed)

    def _sequence_has_changed(self, node: vtk.vtkObject, _event: str) -> None:
        self._pending |= {name for name, value in self._seen.items() if value is node}
        self._changed()

    def _scene_has_changed(self, *_event: object) -> None:
        """Tell the sections once, after all nodes of an import or a result have come."""
        if not self._scene_changed:
            self._scene_changed = True
            qt.QTimer.singleShot(0, self._tell_of_scene)

    def _tell_of_scene(self) -> None:
        self._scene_changed = False
        self._announce(SCENE)

    def _announce(self, what: str) -> None:
        self._pending.add(what)
        self._changed()


def _collapsible(contents: Any, name: str, section: type[Section]) -> Any:
    button = ctk.ctkCollapsibleButton()
    button.objectName = f"{name}Section"
    button.text = section.title
    button.collapsedHeight = 0  # otherwise a closed section leaves an empty line
    layout = qt.QVBoxLayout(button)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(contents)
    contents.layout().setContentsMargins(*MARGINS)
    button.collapsed = section.collapsed
    return button


def _labels_of(widget: Any) -> list[Any]:
    return [label for label in widget.findChildren(qt.QLabel) if label.objectName]


def _keep_width(contents: Any) -> None:
    """Let no message, picture, choice or player widen the panel: it would take the room of the slice views."""
    choices = [*contents.findChildren(qt.QComboBox), *contents.findChildren(slicer.qMRMLNodeComboBox)]
    players = [
        *contents.findChildren(slicer.qMRMLSequenceBrowserPlayWidget),
        *contents.findChildren(slicer.qMRMLSequenceBrowserSeekWidget),
    ]
    of_players = {label for player in players for label in player.findChildren(qt.QLabel)}  # are laid out by Slicer
    messages = [label for label in _labels_of(contents) if label.wordWrap or not label.text]
    for widget in (*(label for label in messages if label not in of_players), *choices, *players):
        policy = widget.sizePolicy
        policy.setHorizontalPolicy(qt.QSizePolicy.Ignored)
        widget.setSizePolicy(policy)
