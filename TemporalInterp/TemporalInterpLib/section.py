"""What all sections of the module's panel share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from TemporalInterpLib.add_slices import Images
from TemporalInterpLib.logic import InterpolationLogic
from TemporalInterpLib.parameter_node import TemporalInterpParameterNode
from TemporalInterpLib.sequence_in_use import SequenceInUse, SequenceReader

SCENE = "the nodes of the scene"
"""What a section watches that follows nodes as they are added and removed, beside the names of parameters."""

PACKAGES = "the installed packages"
"""What a section watches that follows the installation of packages."""


@dataclass(eq=False)
class Context:
    """What all sections share.

    Attributes:
        logic: does the work.
        announce: tells all sections that watch it that SCENE or PACKAGES has changed.
        parameters: the user's choices; None while no scene is open.
    """

    logic: InterpolationLogic
    announce: Callable[[str], None]
    parameters: TemporalInterpParameterNode | None = None
    reader: SequenceReader = field(default_factory=SequenceReader)

    @property
    def in_use(self) -> SequenceInUse:
        """The chosen sequence, read once however many sections ask."""
        return self.reader.read(self.parameters.sequence if self.parameters is not None else None)

    @property
    def images(self) -> Images | None:
        """The images that slices are added to."""
        return self.parameters.slicesInput or self.parameters.sequence


class Section:
    """A section: it connects its widgets, follows what it watches, and stops its work on request.

    Attributes:
        title: of the collapsible section; "" for a strip without a title.
        place: sections are shown in this order.
        collapsed: whether it is closed at first.
        watches: names of parameters, SCENE or PACKAGES; `update` is called when one of them has changed. A parameter
            that is a sequence node has also changed where the node itself has.
    """

    title: ClassVar[str] = ""
    place: ClassVar[int] = 0
    collapsed: ClassVar[bool] = True
    watches: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, context: Context, ui: Any) -> None:
        """Connect the widgets; `ui` holds those of the section's .ui file by name."""
        self.context = context
        self.ui = ui
        self.logic = context.logic
        self._tooltips: dict[str, str] = {}
        self.connect()

    @property
    def parameters(self) -> TemporalInterpParameterNode:
        """The user's choices."""
        return self.context.parameters

    @property
    def cyclic(self) -> bool | None:
        """Whether the user says that the sequence is a loop; None takes it as it is: a loop is one unticked, too."""
        return self.parameters.cyclic or None

    def connect(self) -> None:
        """Connect the widgets."""

    def update(self) -> None:
        """Show what is watched."""

    def fold(self, collapsed: bool) -> None:
        """The user closes the section, or opens it."""

    def stop(self) -> None:
        """Stop all work, as the scene or the application closes."""

    def allow(self, *widgets: Any, unless: str = "") -> None:
        """Enable widgets, or disable them with the reason as their tooltip.

        Args:
            widgets: of this section.
            unless: why they cannot be used, "" where they can.
        """
        for widget in widgets:
            usual = self._tooltips.setdefault(widget.objectName, widget.toolTip)
            widget.enabled = not unless
            widget.toolTip = unless or usual
