"""`slicer.parameterNodeWrapper` for the types that the module uses: typed parameters in a vtkMRMLScriptedModuleNode.

Values are kept as Slicer keeps them, so that scenes can be exchanged: text, an enum by its name, a node as a reference
beside an empty text, a union under `name.0`, `name.1` of its types. Source: Slicer, Base/Python/slicer/
parameterNodeWrapper. Its lists, dictionaries, packs, ranges, colours, paths and other validators are not here.
"""

import enum
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer
import vtk


@dataclass
class WithinRange:
    """The condition that a number is in a range."""

    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be {self}, is {value!r}")


# Storage


class _Text:
    """A value kept as text."""

    can_be_none = False

    def __init__(self, kind: type, to_text: Callable, from_text: Callable, default: Any) -> None:
        self.kind, self.to_text, self.from_text, self.default = kind, to_text, from_text, default

    def validate(self, value: Any) -> None:
        if value is None and not self.can_be_none:
            raise ValueError("Value must not be None")
        if value is not None and not isinstance(value, (int, float) if self.kind is float else self.kind):
            raise TypeError(f"Value must be a {self.kind}, is {value!r}")

    def is_in(self, node: Any, name: str) -> bool:
        return node.HasParameter(name)

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, self.to_text(value))

    def read(self, node: Any, name: str) -> Any:
        return self.from_text(node.GetParameter(name))

    def remove(self, node: Any, name: str) -> None:
        node.UnsetParameter(name)


class _Node(_Text):
    """A reference to a node, and an empty text that says that it is set, be it to None."""

    can_be_none = True

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, "")
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, node: Any, name: str) -> Any:
        return node.GetNodeReference(name)

    def remove(self, node: Any, name: str) -> None:
        node.UnsetParameter(name)
        node.RemoveNodeReferenceIDs(name)


class _Union:
    """A value of one of several types, each kept under a name of its own."""

    def __init__(self, members: list) -> None:
        self.members = members
        is_optional = len(members) == 2 and members[1].kind is type(None)
        self.default = None if is_optional else members[0].default

    def validate(self, value: Any) -> None:
        self._member_for(value)

    def is_in(self, node: Any, name: str) -> bool:
        return any(member.is_in(node, f"{name}.{number}") for number, member in enumerate(self.members))

    def write(self, node: Any, name: str, value: Any) -> None:
        number, member = self._member_for(value)
        with slicer.util.NodeModify(node):
            self.remove(node, name)
            member.write(node, f"{name}.{number}", value)

    def _member_for(self, value: Any) -> tuple[int, Any]:
        found = [(n, m) for n, m in enumerate(self.members) if type(value) is m.kind or isinstance(value, m.kind)]
        if not found:
            raise TypeError(f"Unable to write value {value!r} of type {type(value)}")
        return found[0]

    def read(self, node: Any, name: str) -> Any:
        for number, member in enumerate(self.members):
            if member.is_in(node, f"{name}.{number}"):
                return member.read(node, f"{name}.{number}")
        raise KeyError(name)

    def remove(self, node: Any, name: str) -> None:
        for number, member in enumerate(self.members):
            member.remove(node, f"{name}.{number}")


def _serializer(kind: Any) -> Any:
    if kind in (int, float):
        return _Text(kind, str, kind, 0)
    if kind is bool:
        return _Text(bool, str, lambda text: text == "True", False)
    if kind is str:
        return _Text(str, str, str, "")
    if kind is type(None):
        return _Text(kind, lambda _: "True", lambda _: None, None)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _Text(kind, lambda value: value.name, lambda text: kind[text], next(iter(kind)))
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return _Node(kind, str, str, None)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _Union([_serializer(member) for member in typing.get_args(kind)])
    raise TypeError(f"the harness can not store a parameter of type {kind}")


def _split(kind: Any) -> tuple[Any, list]:
    """The type without its annotations, and these."""
    if typing.get_origin(kind) is typing.Annotated:
        bare, *annotations = typing.get_args(kind)
        return bare, annotations
    return kind, []


class _Parameter:
    """One annotated attribute of a wrapped class: a property."""

    def __init__(self, name: str, kind: Any, given: list) -> None:
        self.name, self.kind = name, kind
        bare, annotations = _split(kind)
        self.storage = _serializer(bare)
        self.validators = [self.storage, *annotations]
        self.default = next(iter([*given, self.storage.default]))

    def read(self, owner: Any) -> Any:
        return self.storage.read(owner.parameterNode, self.name)

    def write(self, owner: Any, value: Any) -> None:
        for validator in self.validators:
            validator.validate(value)
        self.storage.write(owner.parameterNode, self.name, value)


def _as_property(parameter: _Parameter) -> property:
    return property(lambda self: parameter.read(self), lambda self, value: parameter.write(self, value))


# Widgets


@dataclass
class _Connector:
    """Reads and writes a widget, and knows the signal that says that the user changed it."""

    widget: Any
    signal: str
    read: Callable
    write: Callable
    callback: Callable | None = None

    def connect(self, callback: Callable) -> None:
        self.callback = callback
        getattr(self.widget, self.signal).connect(callback)

    def disconnect(self) -> None:
        getattr(self.widget, self.signal).disconnect(self.callback)


def _of_property(widget: Any, signal: str, name: str, cast: Callable = lambda value: value) -> _Connector:
    def write(value: Any) -> None:
        if value != getattr(widget, name):  # writing a text would move its cursor
            setattr(widget, name, value)

    return _Connector(widget, signal, lambda: cast(getattr(widget, name)), write)


def _of_number(widget: Any, bare: type, annotations: list) -> _Connector:
    if widget.className() == "ctkSliderWidget" and not annotations:
        raise RuntimeError("ctkSliderWidget needs WithinRange")
    for limits in annotations:
        widget.minimum, widget.maximum = limits.minimum, limits.maximum
    return _of_property(widget, "valueChanged", "value", bare)


def _of_choice(widget: Any, bare: type) -> _Connector:
    choices = list(bare)
    widget.clear()
    for choice in choices:
        widget.addItem(bare.label(choice) if hasattr(bare, "label") else choice.name)

    def write(value: Any) -> None:
        widget.currentIndex = choices.index(value)

    return _Connector(widget, "currentIndexChanged", lambda: choices[widget.currentIndex], write)


def _connector(widget: Any, kind: Any) -> _Connector:
    """By the exact type of the widget and of the parameter, as in Slicer; raises RuntimeError for another pair."""
    bare, annotations = _split(kind)
    name = widget.className()
    if name == "QCheckBox" and bare is bool:
        return _of_property(widget, "stateChanged", "checked")
    if (name == "QSpinBox" and bare is int) or (name in ("QDoubleSpinBox", "ctkSliderWidget") and bare is float):
        return _of_number(widget, bare, annotations)
    if name == "QComboBox" and isinstance(bare, type) and issubclass(bare, enum.Enum):
        return _of_choice(widget, bare)
    if name == "QLineEdit" and bare is str:
        return _of_property(widget, "textChanged", "text")
    node_types = _node_types(bare)
    if name == "qMRMLNodeComboBox" and node_types:
        widget.nodeTypes = node_types
        return _Connector(widget, "currentNodeChanged", widget.currentNode, widget.setCurrentNode)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{kind}' to widget type '{name}'")


def _node_types(bare: Any) -> list[str]:
    members = [member for member in typing.get_args(bare) or [bare] if member is not type(None)]
    if not all(isinstance(member, type) and issubclass(member, slicer.vtkMRMLNode) for member in members):
        return []
    return [member().GetClassName() for member in members]


# The wrapped class


class _Wrapped:
    """Methods that every wrapped class gets."""

    allParameters: typing.ClassVar[dict[str, _Parameter]] = {}

    def __init__(self, parameterNode: slicer.vtkMRMLScriptedModuleNode, prefix: str | None = None) -> None:
        self.parameterNode = parameterNode
        self._guis: dict[int, tuple[dict[str, _Connector], int]] = {}
        self._next_tag, self._is_updating = 0, False
        for parameter in self.allParameters.values():
            if not parameter.storage.is_in(parameterNode, parameter.name):
                parameter.write(self, parameter.default)

    @classmethod
    def _parameter(cls, name: str) -> _Parameter:
        if name not in cls.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; there are {list(cls.allParameters)}")
        return cls.allParameters[name]

    def getValue(self, name: str) -> Any:
        return self._parameter(name).read(self)

    def setValue(self, name: str, value: Any) -> None:
        self._parameter(name).write(self, value)

    def connectGui(self, gui: Any) -> int:
        """Connect all widgets that carry the dynamic property SlicerParameterName; returns a tag."""
        named = {widget.property("SlicerParameterName"): widget for widget in vars(gui).values()}
        return self.connectParametersToGui({name: widget for name, widget in named.items() if name})

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        connectors = {name: _connector(widget, self._parameter(name).kind) for name, widget in mapping.items()}
        self._next_tag += 1
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.connect(self._from_gui(name, connector))
        observer = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._to_gui())
        self._guis[self._next_tag] = connectors, observer
        return self._next_tag

    def _from_gui(self, name: str, connector: _Connector) -> Callable:
        def changed() -> None:
            if not self._is_updating:
                self.setValue(name, connector.read())

        return changed

    def _to_gui(self) -> None:
        if self._is_updating:
            return
        self._is_updating = True
        try:
            for connectors, _ in self._guis.values():
                for name, connector in connectors.items():
                    connector.write(self.getValue(name))
        finally:
            self._is_updating = False

    def disconnectGui(self, tag: int) -> None:
        connectors, observer = self._guis.pop(tag)
        for connector in connectors.values():
            connector.disconnect()
        self.RemoveObserver(observer)


def _of_node(name: str) -> Callable:
    return lambda self, *arguments: getattr(self.parameterNode, name)(*arguments)


for _name in ("StartModify", "EndModify", "AddObserver", "RemoveObserver", "Modified"):
    setattr(_Wrapped, _name, _of_node(_name))


def parameterNodeWrapper(classtype: type) -> type:
    """Class decorator: every annotated attribute becomes a parameter."""
    parameters = {}
    for name, kind in typing.get_type_hints(classtype, include_extras=True).items():
        given = [vars(classtype)[name]] if name in vars(classtype) else []
        parameters[name] = parameter = _Parameter(name, kind, given)
        setattr(classtype, name, _as_property(parameter))
    for name in [name for name in vars(_Wrapped) if not name.startswith("__")]:
        if name in vars(classtype):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        setattr(classtype, name, vars(_Wrapped)[name])
    classtype.__init__ = _Wrapped.__init__
    classtype.allParameters = parameters
    return classtype


EXPORTED = {"WithinRange": WithinRange, "parameterNodeWrapper": parameterNodeWrapper}
