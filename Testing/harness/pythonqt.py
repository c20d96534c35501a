"""Qt objects as PythonQt shows them to Python, on top of PySide6.

A Q_PROPERTY is an attribute and hides the getter of the same name; everything else is called; nothing can be added.
A class that is not from PySide6 (a stand-in of CTK or qMRML) shows only its properties, signals and slots, and what it
inherits from Qt, because PythonQt does not see the plain methods of C++ classes that it has no generated wrapper for.
"""

import ctypes
import enum
import inspect
import math
import re
import sys
import threading
import weakref
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets

from harness import faults

ABSENT_FROM_QT5 = {"checkStateChanged"}
PYSIDE_ONLY = {"emit", "receivers", "sender"}
BLOCKING = {"exec", "exec_"}


class QtEnum(int):
    """An enum value: an int as in PythonQt, which remembers the member that PySide6 asks for."""

    def __new__(cls, member: enum.Enum) -> "QtEnum":
        value = super().__new__(cls, member.value)
        value.member = member
        return value

    def __or__(self, other: int) -> int:
        if isinstance(other, QtEnum) and type(other.member) is type(self.member):
            return QtEnum(self.member | other.member)
        return int(self) | int(other)


class QtClass(type):
    """A class such as `qt.QPushButton`. As in PythonQt, no class derives from another: isinstance(button, QWidget) is
    false, and `type(button) == qt.QPushButton` true. Python code may derive from `qt.QObject`, for event filters alone.
    """

    def __new__(cls, name: str, bases: tuple, namespace: dict) -> "QtClass":
        if all(base is Wrapper for base in bases):
            return super().__new__(cls, name, bases, namespace)
        if [getattr(base, "_pyside", None) for base in bases] != [QtCore.QObject] or "eventFilter" not in namespace:
            raise TypeError(f"{name} derives from a Qt class, which the harness can not do: use plain callbacks")
        return super().__new__(cls, name, bases, {"__setattr__": object.__setattr__, **namespace})

    def __call__(cls, *arguments: Any) -> "Wrapper":
        if "eventFilter" not in vars(cls):
            return wrap(_call(cls._pyside, arguments))
        made = object.__new__(cls)
        made._qt = _EventFilter(made)
        made.__init__(*arguments)
        return made

    def __getattr__(cls, name: str) -> Any:
        attribute = getattr(cls._pyside, name, None)
        if isinstance(attribute, enum.Enum):
            return QtEnum(attribute)
        if inspect.isbuiltin(attribute) or isinstance(inspect.getattr_static(cls._pyside, name, None), staticmethod):
            return Method(attribute, name)
        raise AttributeError(f"{cls.__name__} has no enum value or static method named '{name}'")

    def __setattr__(cls, name: str, value: Any) -> None:
        raise AttributeError(f"'{name}' can not be set on the class {cls.__name__}")


class Method:
    """A method or slot, bound to its object; arguments by position only."""

    def __init__(self, function: Callable, name: str) -> None:
        self._function, self._name = function, name

    def __call__(self, *arguments: Any) -> Any:
        return wrap(_call(self._function, arguments))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Method) and self._function == other._function

    def __hash__(self) -> int:
        return hash(self._name)


class Signal:
    """A signal, `button.clicked`: of several overloads the first, as in PythonQt."""

    def __init__(self, owner: "Wrapper", signature: str) -> None:
        self._owner, self._signature = owner, signature

    def connect(self, callable_: Callable) -> bool:
        return self._owner.connect(self._signature, callable_)

    def disconnect(self, *callable_: Callable) -> bool:
        return self._owner.disconnect(self._signature, *callable_)

    def emit(self, *arguments: Any) -> None:
        name = self._signature.partition("(")[0]
        getattr(self._owner._qt, name).emit(*[unwrap(argument) for argument in arguments])


class Wrapper:
    """Base of all Qt objects that Python sees."""

    __slots__ = ("__weakref__", "_qt")

    def __getattr__(self, name: str) -> Any:
        qt_object = _living(self, name)
        if isinstance(qt_object, QtCore.QObject):
            return _member_of_qobject(self, qt_object, name)
        attribute = getattr(qt_object, name.removesuffix("_"), None)
        if isinstance(attribute, enum.Enum):
            return QtEnum(attribute)
        if name.startswith("__") or not callable(attribute):
            raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")
        return Method(attribute, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _set_property(self, _living(self, name), "objectName" if name == "name" else name, value)

    def connect(self, signal: str, receiver: Callable) -> bool:
        """Call a Python callable; False if there is no such signal, and the test fails."""
        qt_object = _living(self, "connect")
        signature = _signature_in_pyside(qt_object, signal)
        if signature is None:
            return _no_such_signal(qt_object, signal)
        if not callable(receiver):
            raise ValueError(f"connect({signal!r}, {receiver!r}): not callable")
        receive = _receiver(receiver)
        _connections(qt_object).append((signature, receiver, receive))
        return bool(QtCore.QObject.connect(qt_object, f"2{signature}", receive))

    def disconnect(self, signal: str, callable_: Callable | None = None) -> bool:
        """Undo one connection to a callable, or without one all to this signal; False if there was none."""
        qt_object = _living(self, "disconnect")
        signature = _signature_in_pyside(qt_object, signal)
        if signature is None:
            return _no_such_signal(qt_object, signal)
        made = _connections(qt_object)
        undone = [c for c in made if c[0] == signature and callable_ in (None, c[1])]
        for connection in undone if callable_ is None else undone[:1]:
            QtCore.QObject.disconnect(qt_object, f"2{signature}", connection[2])
            made.remove(connection)
        return bool(undone)

    def className(self) -> str:
        return type(self).__name__

    def delete(self) -> None:
        shiboken6.delete(self._qt)

    def __bool__(self) -> bool:
        return shiboken6.isValid(self._qt)

    def __eq__(self, other: object) -> bool:
        if other is None:
            return not self
        return isinstance(other, Wrapper) and (self._qt is other._qt or self._qt == other._qt)

    def __hash__(self) -> int:
        return hash(id(self._qt))

    def __repr__(self) -> str:
        return f"{type(self).__name__} ({self._qt!r})" if self else f"destroyed {type(self).__name__}"


class _EventFilter(QtCore.QObject):
    """The half in Qt of an object whose class Python code has derived from `qt.QObject`."""

    def __init__(self, python_half: Wrapper) -> None:
        super().__init__()
        self._python_half = weakref.ref(python_half)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        filtering = self._python_half()
        if filtering is None:
            return False
        try:
            return bool(filtering.eventFilter(wrap(watched), wrap(event)))
        except BaseException as error:  # printed, as in PythonQt
            faults.record(error)
            return False


_classes: dict[type, QtClass] = {}
_alive: "weakref.WeakSet[QtCore.QObject]" = weakref.WeakSet()


def qt_class(pyside_class: type) -> QtClass:
    """The class that Python sees for a class of PySide6, or for a stand-in derived from one."""
    if pyside_class not in _classes:
        namespace = {"_pyside": pyside_class, "__slots__": (), **_ADDED.get(pyside_class, {})}
        _classes[pyside_class] = QtClass(pyside_class.__name__, (Wrapper,), namespace)
    return _classes[pyside_class]


def _single_shot(milliseconds: int, callable_: Callable) -> None:
    timer = QtCore.QTimer(QtWidgets.QApplication.instance())
    timer.setSingleShot(True)
    timer.timeout.connect(_receiver(callable_))
    timer.timeout.connect(timer.deleteLater)
    _alive.add(timer)
    timer.start(milliseconds)


# The static method hides the property of the same name: setSingleShot and isSingleShot are for that.
_ADDED: dict[type, dict] = {QtCore.QTimer: {"singleShot": staticmethod(_single_shot)}}


def wrap(value: Any) -> Any:
    """A value of PySide6 as PythonQt gives it: objects wrapped, always the same wrapper while one is alive, enums as
    ints and lists as tuples.
    """
    if isinstance(value, enum.Enum):
        return QtEnum(value)
    if isinstance(value, list | tuple):
        return tuple(wrap(item) for item in value)
    if not isinstance(value, shiboken6.Object):
        return value
    known = getattr(value, "_wrapper", None)
    if known is not None and known() is not None:
        return known()
    wrapper = object.__new__(qt_class(type(value)))
    object.__setattr__(wrapper, "_qt", value)
    if isinstance(value, QtCore.QObject):
        value._wrapper = weakref.ref(wrapper)
        _alive.add(value)
    return wrapper


def unwrap(value: Any) -> Any:
    """What PySide6 wants for a value that Python code gave."""
    if isinstance(value, Wrapper):
        return value._qt
    if isinstance(value, QtEnum):
        return value.member
    if isinstance(value, QtClass):
        return value._pyside
    if isinstance(value, list | tuple):
        return [unwrap(item) for item in value]
    return value


def alive(pyside_class: type) -> list:
    """Objects of this class that Python has seen and that still exist."""
    return [found for found in list(_alive) if shiboken6.isValid(found) and isinstance(found, pyside_class)]


def _call(function: Callable, arguments: tuple) -> Any:
    try:
        return function(*[unwrap(argument) for argument in arguments])
    except TypeError as error:
        raise ValueError(f"wrong arguments {arguments}: {error}") from error


def _living(wrapper: Wrapper, name: str) -> Any:
    if threading.current_thread() is not threading.main_thread():
        raise AssertionError(f"'{name}' of a {type(wrapper).__name__} used outside the main thread: Slicer may crash")
    qt_object = wrapper._qt
    if not shiboken6.isValid(qt_object):
        raise ValueError(f"Trying to use '{name}' of a destroyed {type(wrapper).__name__} object")
    return qt_object


def _member_of_qobject(wrapper: Wrapper, qt_object: QtCore.QObject, name: str) -> Any:
    """Properties first, then signals and methods, enum values, dynamic properties and last children by their name."""
    name = "objectName" if name == "name" else name
    meta = qt_object.metaObject()
    if meta.indexOfProperty(name) >= 0:
        is_of_standin = isinstance(getattr(type(qt_object), name, None), QtCore.Property)
        return wrap(getattr(qt_object, name) if is_of_standin else qt_object.property(name))
    signature = _first_signal(meta, name) if name not in ABSENT_FROM_QT5 else ""
    if signature:
        return Signal(wrapper, signature)
    method = _visible_method(qt_object, name)
    if method is not None:
        return method
    attribute = getattr(type(qt_object), name, None)
    if isinstance(attribute, enum.Enum):
        return QtEnum(attribute)
    if name.encode() in [bytes(dynamic) for dynamic in qt_object.dynamicPropertyNames()]:
        return wrap(qt_object.property(name))
    for child in qt_object.children():
        if child.objectName() == name:
            return wrap(child)
    raise AttributeError(f"{type(wrapper).__name__} has no attribute named '{name}'")


def _visible_method(qt_object: QtCore.QObject, name: str) -> Method | None:
    if name in BLOCKING and isinstance(qt_object, QtWidgets.QDialog):
        raise AssertionError(f"{type(qt_object).__name__}.{name}() would wait for a user")
    name = name if hasattr(qt_object, name) else name.removesuffix("_")  # exec_ is exec
    attribute = getattr(qt_object, name, None)
    if name.startswith("_") or name in PYSIDE_ONLY or not callable(attribute):
        return None
    if name in ("findChild", "findChildren"):
        return Method(lambda *arguments: _find(qt_object, name, *arguments), name)
    owner = next((cls for cls in type(qt_object).__mro__ if name in vars(cls)), None)
    if owner is None or isinstance(attribute, QtCore.SignalInstance):
        return None
    if not owner.__module__.startswith("PySide6") and not _is_slot(qt_object.metaObject(), name):
        return None
    return Method(attribute, name)


def _find(parent: QtCore.QObject, method: str, kind: Any, name: str | None = None) -> Any:
    """findChild and findChildren, which take a class or its name."""
    found = parent.findChildren(QtCore.QObject if isinstance(kind, str) else kind, name)
    if isinstance(kind, str):
        found = [child for child in found if any(base.__name__ == kind for base in type(child).__mro__)]
    return found if method == "findChildren" else next(iter(found), None)


def _methods(meta: QtCore.QMetaObject, name: str) -> list[QtCore.QMetaMethod]:
    """Methods of the most derived class that has some of this name."""
    while meta is not None:
        own = [meta.method(index) for index in range(meta.methodOffset(), meta.methodCount())]
        named = [method for method in own if bytes(method.name()).decode() == name]
        if named:
            return named
        meta = meta.superClass()
    return []


def _is_slot(meta: QtCore.QMetaObject, name: str) -> bool:
    return any(method.methodType() == QtCore.QMetaMethod.MethodType.Slot for method in _methods(meta, name))


def _first_signal(meta: QtCore.QMetaObject, name: str) -> str:
    signal = QtCore.QMetaMethod.MethodType.Signal
    found = [method for method in _methods(meta, name) if method.methodType() == signal]
    return _signature_in_slicer(found[0].methodSignature().data().decode()) if found else ""


MRML_ARGUMENT = "PyObject"  # how Qt calls the argument of the stand-ins' signals, which is a node or a scene in Slicer


def _signature_in_slicer(signature: str) -> str:
    return signature.replace(MRML_ARGUMENT, "vtkMRMLScene*" if "Scene" in signature else "vtkMRMLNode*")


def _signature_in_pyside(qt_object: QtCore.QObject, signal: str) -> str | None:
    """The signature to connect to, None if there is no such signal."""
    if MRML_ARGUMENT in signal or signal.partition("(")[0] in ABSENT_FROM_QT5:
        return None
    normalized = QtCore.QMetaObject.normalizedSignature(signal).data().decode()
    signature = re.sub(r"vtkMRML(Node|Scene)\*", MRML_ARGUMENT, normalized)
    is_same = _signature_in_slicer(signature) == normalized
    return signature if is_same and qt_object.metaObject().indexOfSignal(signature) >= 0 else None


def _no_such_signal(qt_object: QtCore.QObject, signal: str) -> bool:
    name = type(qt_object).__name__
    faults.record(AttributeError(f"QObject::connect() signal '{signal}' does not exist on {name}"))
    return False


def _connections(qt_object: QtCore.QObject) -> list:
    if not hasattr(qt_object, "_connections_to_python"):
        qt_object._connections_to_python = []
    return qt_object._connections_to_python


def _receiver(callable_: Callable) -> Callable:
    """Passes on as many arguments as the callable takes by position; what it raises does not reach the emitter."""
    count = _positional_count(callable_)

    def receive(*arguments: Any) -> None:
        try:
            callable_(*[wrap(argument) for argument in arguments[:count]])
        except BaseException as error:  # a failure of pytest is not an Exception
            faults.record(error)

    return receive


def _positional_count(callable_: Callable) -> int | None:
    """None for all: PythonQt counts only for functions and methods written in Python."""
    bound = isinstance(callable_, MethodType)
    function = callable_.__func__ if bound else callable_
    if not isinstance(function, FunctionType) or function.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return function.__code__.co_argcount - bound


def _set_property(wrapper: Wrapper, qt_object: Any, name: str, value: Any) -> None:
    class_name = type(wrapper).__name__
    meta = qt_object.metaObject() if isinstance(qt_object, QtCore.QObject) else None
    index = meta.indexOfProperty(name) if meta and name != "singleShot" else -1
    if index < 0:
        if meta and name.encode() in [bytes(dynamic) for dynamic in qt_object.dynamicPropertyNames()]:
            qt_object.setProperty(name, unwrap(value))
            return
        raise AttributeError(f"'{name}' is no property of {class_name}, and can not be set or created on it")
    found = meta.property(index)
    if not found.isWritable():
        raise AttributeError(f"Property '{name}' of {class_name} object is not writable")
    try:
        converted = _CONVERSIONS.get(found.typeName(), unwrap)(value)
    except (TypeError, ValueError) as error:
        raise AttributeError(f"Property '{name}' of type '{found.typeName()}' does not accept {value!r}") from error
    if isinstance(getattr(type(qt_object), name, None), QtCore.Property):
        setattr(qt_object, name, converted)  # of a stand-in: its errors come through
    elif not qt_object.setProperty(name, converted):
        raise AttributeError(f"Property '{name}' of type '{found.typeName()}' does not accept {value!r}")


def _text(value: Any) -> str:
    if value is None:
        raise TypeError("Slicer would show the word None")
    return str(value)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        raise TypeError("a list of strings is needed")
    return [_text(item) for item in value]


_CONVERSIONS: dict[str, Callable] = {  # what PythonQt does with a value for a property of this type
    "bool": bool,
    "int": math.floor,
    "double": float,
    "QString": _text,
    "QStringList": _strings,
}


def _qt_message(kind: QtCore.QtMsgType, context: QtCore.QMessageLogContext, message: str) -> None:
    print(message, file=sys.stderr)
    harmless = "does not support" in message  # the offscreen platform, of what it cannot do
    if kind != QtCore.QtMsgType.QtDebugMsg and kind != QtCore.QtMsgType.QtInfoMsg and not harmless:
        faults.record(RuntimeError(f"Qt warns: {message}"))


def _keep_singletons_alive() -> None:
    """Give None, True and False references to spare: PySide6 6.12 takes one too many away with every method that
    returns them, and before Python 3.12, where they cannot die, the interpreter aborts when the last is gone.
    """
    if sys.version_info < (3, 12):
        for singleton in (None, True, False):
            ctypes.c_ssize_t.from_address(id(singleton)).value += 2**40


def start_application() -> QtWidgets.QApplication:
    """The one QApplication of this process."""
    _keep_singletons_alive()
    QtCore.qInstallMessageHandler(_qt_message)
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication(["slicer"])


def find_qt_class(name: str) -> type | None:
    """A class of Qt by its name."""
    for module in (QtCore, QtGui, QtWidgets):
        found = getattr(module, name, None)
        if inspect.isclass(found) and (name.startswith("Q") and name != "QtMsgType"):
            return found
    return None
