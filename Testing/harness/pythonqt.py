"""Qt objects as PythonQt shows them to Python, on top of PySide6.

A Q_PROPERTY is an attribute and hides the getter of the same name; everything else is called; nothing can be added. The
stand-ins of CTK and qMRML declare what PythonQt sees of these: properties, signals, slots, and what Qt has.
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

LACKING = {"checkStateChanged", "emit", "receivers", "sender"}
"""Names that PySide6 has beyond the Qt 5 of Slicer."""

BLOCKING = {"exec", "exec_"}
MRML_ARGUMENT = "PyObject"  # how Qt calls the argument of the stand-ins' signals, which is a node or a scene in Slicer


class QtEnum(int):
    """An enum value: an int as in PythonQt, which remembers the member that PySide6 asks for."""

    def __new__(cls, member: enum.Enum) -> "QtEnum":
        value = super().__new__(cls, member.value)
        value.member = member
        return value

    def __or__(self, other: int) -> int:
        alike = isinstance(other, QtEnum) and type(other.member) is type(self.member)
        return QtEnum(self.member | other.member) if alike else int(self) | int(other)


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
            return Method(attribute)
        raise AttributeError(f"{cls.__name__} has no enum value or static method named '{name}'")


class Method:
    """A method or slot, bound to its object; arguments by position only."""

    def __init__(self, function: Callable) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return wrap(_call(self._function, arguments))


class Signal:
    """A signal, `button.clicked`: of several overloads the first, as in PythonQt."""

    def __init__(self, owner: "Wrapper", signature: str) -> None:
        self._owner, self._signature = owner, signature

    def connect(self, callable_: Callable) -> bool:
        return self._owner.connect(self._signature, callable_)

    def disconnect(self, *callable_: Callable) -> bool:
        return self._owner.disconnect(self._signature, *callable_)

    def emit(self, *arguments: Any) -> None:
        getattr(self._owner._qt, self._signature.partition("(")[0]).emit(*[unwrap(value) for value in arguments])


class Wrapper:
    """Base of all Qt objects that Python sees."""

    __slots__ = ("__weakref__", "_qt")

    def __getattr__(self, name: str) -> Any:
        """Properties first, then signals, enum values and methods."""
        qt_object, name = _living(self, name), "objectName" if name == "name" else name
        signature = ""
        if isinstance(qt_object, QtCore.QObject):
            meta = qt_object.metaObject()
            if meta.indexOfProperty(name) >= 0:
                return wrap(getattr(qt_object, name) if _is_of_standin(qt_object, name) else qt_object.property(name))
            signature = _first_signal(meta, name)
        if name in BLOCKING and isinstance(qt_object, QtWidgets.QDialog):
            raise AssertionError(f"{type(qt_object).__name__}.{name}() would wait for a user")
        attribute = getattr(qt_object, name, None) or getattr(qt_object, name.removesuffix("_"), None)  # exec_ is exec
        if name in LACKING or name.startswith("_") or not (signature or callable(attribute)):
            if isinstance(attribute, enum.Enum):
                return QtEnum(attribute)
            raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")
        if name in ("findChild", "findChildren"):
            return Method(lambda *arguments: _find(qt_object, name, *arguments))
        return Signal(self, signature) if signature else Method(attribute)

    def __setattr__(self, name: str, value: Any) -> None:
        qt_object, name, kind = _living(self, name), "objectName" if name == "name" else name, self.className()
        meta = qt_object.metaObject() if isinstance(qt_object, QtCore.QObject) else None
        index = meta.indexOfProperty(name) if meta and name != "singleShot" else -1
        if index < 0:
            raise AttributeError(f"'{name}' is no property of {kind}, and can not be set or created on it")
        found = meta.property(index)
        if not found.isWritable():
            raise AttributeError(f"Property '{name}' of {kind} object is not writable")
        refusal = AttributeError(f"Property '{name}' of type '{found.typeName()}' does not accept {value!r}")
        try:
            converted = _CONVERSIONS.get(found.typeName(), unwrap)(value)
        except (TypeError, ValueError) as error:
            raise refusal from error
        if _is_of_standin(qt_object, name):
            setattr(qt_object, name, converted)  # its errors come through
        elif not qt_object.setProperty(name, converted):
            raise refusal

    def connect(self, signal: str, receiver: Callable) -> bool:
        """Call a Python callable; False if there is no such signal, and the test fails."""
        qt_object = _living(self, "connect")
        signature = _signature_in_pyside(qt_object, signal)
        if not callable(receiver):
            raise ValueError(f"connect({signal!r}, {receiver!r}): not callable")
        if signature:
            receive = _receiver(receiver)
            _connections(qt_object).append((signature, receiver, receive))
            QtCore.QObject.connect(qt_object, f"2{signature}", receive)
        return bool(signature)

    def disconnect(self, signal: str, callable_: Callable | None = None) -> bool:
        """Undo one connection to a callable, or without one all to this signal; False if there was none."""
        qt_object = _living(self, "disconnect")
        signature = _signature_in_pyside(qt_object, signal)
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
        # the static method hides the property of the same name: setSingleShot and isSingleShot are for that
        own = {"singleShot": staticmethod(_single_shot)} if pyside_class is QtCore.QTimer else {}
        namespace = {"_pyside": pyside_class, "__slots__": (), **own}
        _classes[pyside_class] = QtClass(pyside_class.__name__, (Wrapper,), namespace)
    return _classes[pyside_class]


def _single_shot(milliseconds: int, callable_: Callable) -> None:
    timer = QtCore.QTimer(QtWidgets.QApplication.instance())
    timer.setSingleShot(True)
    timer.timeout.connect(_receiver(callable_))
    timer.timeout.connect(timer.deleteLater)
    _alive.add(timer)
    timer.start(milliseconds)


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
    known = getattr(value, "_wrapper", lambda: None)()
    if known is not None:
        return known
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
    return [unwrap(item) for item in value] if isinstance(value, list | tuple) else value


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
    if not shiboken6.isValid(wrapper._qt):
        raise ValueError(f"Trying to use '{name}' of a destroyed {type(wrapper).__name__} object")
    return wrapper._qt


def _is_of_standin(qt_object: QtCore.QObject, name: str) -> bool:
    return isinstance(getattr(type(qt_object), name, None), QtCore.Property)


def _find(parent: QtCore.QObject, method: str, kind: Any, name: str | None = None) -> Any:
    """findChild and findChildren, which take a class or its name."""
    found = parent.findChildren(QtCore.QObject if isinstance(kind, str) else kind, name)
    if isinstance(kind, str):
        found = [child for child in found if any(base.__name__ == kind for base in type(child).__mro__)]
    return found if method == "findChildren" else next(iter(found), None)


def _first_signal(meta: QtCore.QMetaObject, name: str) -> str:
    """The first signal of this name, of the most derived class that has some."""
    while meta is not None and name not in LACKING:
        for method in [meta.method(index) for index in range(meta.methodOffset(), meta.methodCount())]:
            if method.methodType() == QtCore.QMetaMethod.MethodType.Signal and bytes(method.name()).decode() == name:
                return _signature_in_slicer(method.methodSignature().data().decode())
        meta = meta.superClass()
    return ""


def _signature_in_slicer(signature: str) -> str:
    return signature.replace(MRML_ARGUMENT, "vtkMRMLScene*" if "Scene" in signature else "vtkMRMLNode*")


def _signature_in_pyside(qt_object: QtCore.QObject, signal: str) -> str:
    """The signature to connect to, "" if there is no such signal, which is a fault."""
    normalized = QtCore.QMetaObject.normalizedSignature(signal).data().decode()
    signature = re.sub(r"vtkMRML(Node|Scene)\*", MRML_ARGUMENT, normalized)
    is_there = qt_object.metaObject().indexOfSignal(signature) >= 0 and signal.partition("(")[0] not in LACKING
    if is_there and _signature_in_slicer(signature) == normalized:
        return signature
    faults.record(AttributeError(f"connect: signal '{signal}' does not exist on {type(qt_object).__name__}"))
    return ""


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


def _text(value: Any) -> str:
    if value is None:
        raise TypeError("Slicer would show the word None")
    return str(value)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        raise TypeError("a list of strings is needed")
    return [_text(item) for item in value]


_CONVERSIONS: dict[str, Callable] = {  # what PythonQt does with a value for a property of this type
    **{"bool": bool, "int": math.floor, "double": float},
    **{"QString": _text, "QStringList": _strings},
}


def _qt_message(kind: QtCore.QtMsgType, context: QtCore.QMessageLogContext, message: str) -> None:
    print(message, file=sys.stderr)
    harmless = "does not support" in message  # the offscreen platform, of what it cannot do
    if kind not in (QtCore.QtMsgType.QtDebugMsg, QtCore.QtMsgType.QtInfoMsg) and not harmless:
        faults.record(RuntimeError(f"Qt warns: {message}"))


def start_application() -> QtWidgets.QApplication:
    """The one QApplication of this process."""
    if sys.version_info < (3, 12):
        # PySide6 6.12 takes one reference too many away with every method that returns one of these; before
        # Python 3.12, where they cannot die, the interpreter aborts when the last is gone
        for singleton in (None, True, False):
            ctypes.c_ssize_t.from_address(id(singleton)).value += 2**40
    QtCore.qInstallMessageHandler(_qt_message)
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication(["slicer"])


def find_qt_class(name: str) -> type | None:
    """A class of Qt by its name."""
    for module in (QtCore, QtGui, QtWidgets):
        found = getattr(module, name, None)
        if inspect.isclass(found) and name.startswith("Q") and name != "QtMsgType":
            return found
    return None
