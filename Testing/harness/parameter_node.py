"""`slicer.parameterNodeWrapper` for the types that the module uses: typed parameters in a vtkMRMLScriptedModuleNode.

Values are kept as Slicer keeps them, so that scenes can be exchanged: text, an enum by its name, a node as a reference
beside an empty text, a union under `name.0`, `name.1` of its types. Source: Slicer, Base/Python/slicer/
parameterNodeWrapper. Its lists, dictionaries, packs, ranges and colours are not here.
"""

import enum
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import slicer
import vtk

# Annotations


@dataclass
class Default:
    """Default value, or a function that makes one."""

    default: Any = None
    generator: Callable | None = None

    @property
    def value(self) -> Any:
        return self.generator() if self.generator else self.default


@dataclass
class Decimals:
    """Decimals of the widget."""

    value: int


@dataclass
class SingleStep:
    """Step of the widget."""

    value: float


class Validator:
    """Base of the conditions on a value."""

    def validate(self, value: Any) -> None:
        raise NotImplementedError


def _validator(name: str, fields: str, holds: Callable[[Any, Any], bool], error: type = ValueError) -> type:
    """A validator with these fields; `holds` takes it and the value."""

    def validate(self: Any, value: Any) -> None:
        if not holds(self, value):
            raise error(f"Value must be {self}, is {value!r}")

    return make_dataclass(name, fields.split(), bases=(Validator,), namespace={"validate": validate})


NotNone = _validator("NotNone", "", lambda self, value: value is not None)
IsInstance = _validator(
    "IsInstance", "classtype", lambda self, value: value is None or isinstance(value, self.classtype), TypeError
)
WithinRange = _validator("WithinRange", "minimum maximum", lambda self, value: self.minimum <= value <= self.maximum)
Minimum = _validator("Minimum", "minimum", lambda self, value: value >= self.minimum)
Maximum = _validator("Maximum", "maximum", lambda self, value: value <= self.maximum)
Choice = _validator("Choice", "choices", lambda self, value: value in self.choices)
Exclude = _validator("Exclude", "excludedValues", lambda self, value: value not in self.excludedValues)


# Storage


class _Text:
    """A value kept as text."""

    def __init__(self, kind: type, to_text: Callable, from_text: Callable, default: Any, validators: list) -> None:
        self.kind, self.to_text, self.from_text = kind, to_text, from_text
        self.default, self.validators = default, validators

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
        self.members, self.validators = members, []
        is_optional = len(members) == 2 and members[1].kind is type(None)
        self.default = None if is_optional else members[0].default

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
        for validator in found[0][1].validators:
            validator.validate(value)
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
    number = [NotNone(), IsInstance((int, float) if kind is float else int)]
    same = [NotNone(), IsInstance(kind)] if isinstance(kind, type) else []
    if kind in (int, float):
        return _Text(kind, str, kind, 0, number)
    if kind is bool:
        return _Text(bool, str, lambda text: text == "True", False, same)
    if kind is str:
        return _Text(str, str, str, "", same)
    if kind is Path:
        return _Text(Path, str, Path, Path(), same)
    if kind is type(None):
        return _Text(kind, lambda _: "True", lambda _: None, None, [])
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _Text(kind, lambda value: value.name, lambda text: kind[text], next(iter(kind)), [IsInstance(kind)])
    if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode):
        return _Node(kind, str, str, None, [IsInstance(kind)])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _Union([_serializer(_split(member)[0]) for member in typing.get_args(kind)])
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
        self.validators = [*self.storage.validators, *[a for a in annotations if isinstance(a, Validator)]]
        annotated = [a for a in annotations if isinstance(a, Default)]
        self.default = next(iter([*[Default(value) for value in given], *annotated, Default(self.storage.default)]))

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
        if self.signal:
            getattr(self.widget, self.signal).connect(callback)

    def disconnect(self) -> None:
        if self.signal and self.callback:
            getattr(self.widget, self.signal).disconnect(self.callback)
        self.callback = None


def _of_property(widget: Any, signal: str, name: str, cast: Callable = lambda value: value) -> _Connector:
    def write(value: Any) -> None:
        if value != getattr(widget, name):  # writing a text would move its cursor
            setattr(widget, name, value)

    return _Connector(widget, signal, lambda: cast(getattr(widget, name)), write)


def _of_number(widget: Any, bare: type, annotations: list) -> _Connector:
    find = {type(annotation): annotation for annotation in annotations}
    is_slider = widget.className() in ("ctkSliderWidget", "QSlider")
    low = find.get(WithinRange) or find.get(Minimum)
    high = find.get(WithinRange) or find.get(Maximum)
    if is_slider and not (low and high):
        raise RuntimeError(f"{widget.className()} needs WithinRange, or Minimum and Maximum")
    infinite = float("inf") if widget.className() in ("QDoubleSpinBox", "ctkSliderWidget") else 2**31 - 1
    if Decimals in find or (bare is int and widget.className() in ("QDoubleSpinBox", "ctkSliderWidget")):
        widget.decimals = 0 if bare is int else find[Decimals].value
    if SingleStep in find:
        widget.singleStep = find[SingleStep].value
    widget.minimum = low.minimum if low else -infinite
    widget.maximum = high.maximum if high else infinite
    return _of_property(widget, "valueChanged", "value", bare)


def _of_choice(widget: Any, bare: type, annotations: list) -> _Connector:
    if issubclass(bare, enum.Enum):
        choices = list(bare)
        texts = [bare.label(choice) if hasattr(bare, "label") else choice.name for choice in choices]
    else:
        limits = [annotation for annotation in annotations if isinstance(annotation, Choice)]
        if not limits:
            raise RuntimeError("QComboBox needs a Choice annotation or an Enum")
        choices = list(limits[0].choices)
        texts = [str(choice) for choice in choices]
    widget.clear()
    for text in texts:
        widget.addItem(text)

    def write(value: Any) -> None:
        widget.currentIndex = choices.index(value)

    return _Connector(widget, "currentIndexChanged", lambda: choices[widget.currentIndex], write)


def _connector(widget: Any, kind: Any) -> _Connector:
    """By the exact type of the widget and of the parameter, as in Slicer; raises RuntimeError for another pair."""
    bare, annotations = _split(kind)
    name = widget.className()
    if name == "QCheckBox" and bare is bool:
        return _of_property(widget, "stateChanged", "checked")
    if name == "QPushButton" and bare is bool:
        widget.checkable = True
        return _of_property(widget, "toggled", "checked")
    if (name in ("QSlider", "QSpinBox") and bare is int) or (
        name in ("QDoubleSpinBox", "ctkSliderWidget") and bare in (int, float)
    ):
        return _of_number(widget, bare, annotations)
    is_choice = isinstance(bare, type) and (bare in (int, float, str, bool) or issubclass(bare, enum.Enum))
    if name in ("QComboBox", "ctkComboBox") and is_choice:
        return _of_choice(widget, bare, annotations)
    if name in ("QLineEdit", "QLabel") and bare is str:
        return _of_property(widget, "textChanged" if name == "QLineEdit" else "", "text")
    node_types = _node_types(bare)
    if name == "qMRMLNodeComboBox" and node_types:
        widget.nodeTypes = node_types
        return _Connector(widget, "currentNodeChanged", widget.currentNode, widget.setCurrentNode)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{kind}' to widget type '{name}'")


def _node_types(bare: Any) -> list[str]:
    members = [_split(member)[0] for member in typing.get_args(bare)] or [bare]
    members = [member for member in members if member is not type(None)]
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
                parameter.write(self, parameter.default.value)

    @classmethod
    def _parameter(cls, name: str) -> _Parameter:
        if name not in cls.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; there are {list(cls.allParameters)}")
        return cls.allParameters[name]

    def default(self, name: str) -> Default:
        return self._parameter(name).default

    @classmethod
    def dataType(cls, name: str) -> Any:
        return cls._parameter(name).kind

    def isCached(self, name: str) -> bool:
        return bool(self._parameter(name))  # Slicer keeps values of all types that are here

    def getValue(self, name: str) -> Any:
        return self._parameter(name).read(self)

    def setValue(self, name: str, value: Any) -> None:
        self._parameter(name).write(self, value)

    def connectGui(self, gui: Any) -> int:
        """Connect all widgets that carry the dynamic property SlicerParameterName; returns a tag."""
        import qt

        is_widget = getattr(gui, "isWidgetType", lambda: False)()
        widgets = gui.findChildren(qt.QWidget) if is_widget else vars(gui).values()
        named = {widget.property("SlicerParameterName"): widget for widget in widgets}
        return self.connectParametersToGui({name: widget for name, widget in named.items() if name})

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        connectors = {name: _connector(widget, self.dataType(name)) for name, widget in mapping.items()}
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
        connectors, observer = self._guis.pop(tag, ({}, None))
        for connector in connectors.values():
            connector.disconnect()
        if observer is not None:
            self.RemoveObserver(observer)


def _of_node(name: str) -> Callable:
    return lambda self, *arguments: getattr(self.parameterNode, name)(*arguments)


for _name in ("StartModify", "EndModify", "AddObserver", "RemoveObserver", "Modified"):
    setattr(_Wrapped, _name, _of_node(_name))


def parameterNodeWrapper(classtype: type | None = None) -> Any:
    """Class decorator: every annotated attribute becomes a parameter."""
    if classtype is None:
        return parameterNodeWrapper
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
    classtype._is_parameter_node_wrapper = True
    return classtype


def isParameterNodeWrapper(thing: Any) -> bool:
    return getattr(thing, "_is_parameter_node_wrapper", False)


_PUBLIC = (
    *(Default, Decimals, SingleStep, Validator, NotNone, IsInstance, WithinRange, Minimum, Maximum, Choice, Exclude),
    *(parameterNodeWrapper, isParameterNodeWrapper),
)
EXPORTED = {thing.__name__: thing for thing in _PUBLIC}
