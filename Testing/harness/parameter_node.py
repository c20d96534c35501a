"""`slicer.parameterNodeWrapper` for the types that the module uses: typed parameters in a vtkMRMLScriptedModuleNode.

Values are text, an enum by its name, and a node is a reference; each widget shows the parameters it can in Slicer, and
no others. Source: Slicer, Base/Python/slicer/parameterNodeWrapper.
"""

import enum
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer
import vtk

UNIONS = (typing.Union, types.UnionType)
NUMBERS, NODE = (int, float), slicer.vtkMRMLNode


@dataclass
class WithinRange:
    """The condition that a number is in a range."""

    minimum: float
    maximum: float


class _Parameter:
    """One annotated attribute of a wrapped class."""

    def __init__(self, name: str, kind: Any, given: list) -> None:
        bare, *self.limits = typing.get_args(kind) if typing.get_origin(kind) is typing.Annotated else (kind,)
        self.kinds = typing.get_args(bare) if typing.get_origin(bare) in UNIONS else (bare,)
        self.kind, self.name = self.kinds[0], name
        self.is_node = issubclass(self.kind, NODE)
        self.is_enum = issubclass(self.kind, enum.Enum)
        self.may_be_none = self.is_node or type(None) in self.kinds
        if not self.is_node and not self.is_enum and self.kind not in (*NUMBERS, bool, str):
            raise TypeError(f"the harness can not store a parameter of type {kind}")
        first = next(iter(self.kind)) if self.is_enum else None if self.may_be_none else self.kind()
        self.default = given[0] if given else first

    def read(self, owner: Any) -> Any:
        node = owner.parameterNode
        if self.is_node:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if self.may_be_none and not text:
            return None
        return self.kind[text] if self.is_enum else text == "True" if self.kind is bool else self.kind(text)

    def write(self, owner: Any, value: Any) -> None:
        self._check(value)
        node = owner.parameterNode
        if self.is_node:
            node.SetParameter(self.name, "")  # says that it is set, be it to None
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(self.name, "" if value is None else value.name if self.is_enum else str(value))

    def _check(self, value: Any) -> None:
        if value is None:
            if not self.may_be_none:
                raise ValueError("Value must not be None")
        elif not isinstance(value, NUMBERS if self.kind is float else self.kinds):
            raise TypeError(f"Value must be a {self.kinds}, is {value!r}")
        elif not all(limits.minimum <= value <= limits.maximum for limits in self.limits):
            raise ValueError(f"Value must be {self.limits}, is {value!r}")


class _Connector:
    """A widget that shows a parameter; raises RuntimeError where Slicer has none for such a pair."""

    PROPERTIES: typing.ClassVar = {
        ("QCheckBox", bool): ("checked", "stateChanged"),
        ("QSpinBox", int): ("value", "valueChanged"),
        ("QDoubleSpinBox", float): ("value", "valueChanged"),
        ("ctkSliderWidget", float): ("value", "valueChanged"),
        ("QLineEdit", str): ("text", "textChanged"),
        ("QComboBox", enum.Enum): ("currentIndex", "currentIndexChanged"),
        ("qMRMLNodeComboBox", NODE): ("currentNode", "currentNodeChanged"),
    }

    def __init__(self, widget: Any, parameter: _Parameter, changed: Callable[[_Parameter, Any], None]) -> None:
        self.widget, self.parameter, self.changed = widget, parameter, changed
        kind = enum.Enum if parameter.is_enum else NODE if parameter.is_node else parameter.kind
        pair = widget.className(), kind
        needs_range = pair[0] == "ctkSliderWidget" and not parameter.limits
        if pair not in self.PROPERTIES or needs_range or (parameter.may_be_none and not parameter.is_node):
            raise RuntimeError(f"Unable to create GUI connector from {parameter.kinds} to widget type '{pair[0]}'")
        self.property, self.signal = self.PROPERTIES[pair]
        for limits in parameter.limits:
            widget.minimum, widget.maximum = limits.minimum, limits.maximum
        if parameter.is_enum:
            widget.clear()
            widget.addItems([value.label() if hasattr(value, "label") else value.name for value in parameter.kind])
        if parameter.is_node:
            widget.nodeTypes = [kind.__name__ for kind in parameter.kinds if kind is not type(None)]

    def read(self) -> Any:
        if self.parameter.is_node:
            return self.widget.currentNode()
        value = getattr(self.widget, self.property)
        return list(self.parameter.kind)[value] if self.parameter.is_enum else value

    def write(self, value: Any) -> None:
        if self.parameter.is_node:
            self.widget.setCurrentNode(value)
        elif value != self.read():  # writing a text would move its cursor
            setattr(self.widget, self.property, list(type(value)).index(value) if self.parameter.is_enum else value)

    def connect(self) -> None:
        getattr(self.widget, self.signal).connect(self._from_gui)

    def disconnect(self) -> None:
        getattr(self.widget, self.signal).disconnect(self._from_gui)

    def _from_gui(self) -> None:
        self.changed(self.parameter, self.read())


class _Wrapped:
    """What every wrapped class gets."""

    def __init__(self, parameterNode: slicer.vtkMRMLScriptedModuleNode) -> None:
        self.parameterNode = parameterNode
        self._guis: dict[int, list[_Connector]] = {}
        self._is_updating = False
        for name, parameter in self.allParameters.items():
            if not parameterNode.HasParameter(name):
                parameter.write(self, parameter.default)

    def connectGui(self, gui: Any) -> int:
        """Connect all widgets that carry the dynamic property SlicerParameterName; returns a tag."""
        named = {widget.property("SlicerParameterName"): widget for widget in vars(gui).values()}
        return self.connectParametersToGui({name: widget for name, widget in named.items() if name})

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        unknown = mapping.keys() - self.allParameters.keys()
        if unknown:
            raise ValueError(f"Cannot find a param with the given name: {unknown}")
        made = [_Connector(widget, self.allParameters[name], self._from_gui) for name, widget in mapping.items()]
        for connector in made:
            connector.write(connector.parameter.read(self))
            connector.connect()
        tag = self.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, self._to_gui)
        self._guis[tag] = made
        return tag

    def disconnectGui(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)
        for connector in self._guis.pop(tag):
            connector.disconnect()

    def _from_gui(self, parameter: _Parameter, value: Any) -> None:
        if not self._is_updating:
            parameter.write(self, value)

    def _to_gui(self, *_event: object) -> None:
        if self._is_updating:
            return
        self._is_updating = True
        try:
            for connector in [connector for gui in self._guis.values() for connector in gui]:
                connector.write(connector.parameter.read(self))
        finally:
            self._is_updating = False


def parameterNodeWrapper(classtype: type) -> type:
    """Class decorator: every annotated attribute becomes a parameter."""
    parameters = {}
    for name, kind in typing.get_type_hints(classtype, include_extras=True).items():
        parameters[name] = _Parameter(name, kind, [vars(classtype)[name]] if name in vars(classtype) else [])
        setattr(classtype, name, property(parameters[name].read, parameters[name].write))
    for name, method in vars(_Wrapped).items():
        if isinstance(method, types.FunctionType):
            setattr(classtype, name, method)
    classtype.allParameters = parameters
    return classtype
