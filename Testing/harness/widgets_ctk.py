"""Stand-ins for the CTK widgets in use: their properties, signals and slots, and no more (CTK, Libs/Widgets)."""

import math

from PySide6 import QtWidgets
from PySide6.QtCore import Property, QEvent, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from harness.properties import stored


class _SpinBox(QtWidgets.QDoubleSpinBox):
    """Its value keeps more digits than are shown."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown = 2
        super().setDecimals(12)

    def decimals(self) -> int:
        return self._shown

    def setDecimals(self, decimals: int) -> None:
        self._shown = decimals

    def textFromValue(self, value: float) -> str:
        return f"{value:.{self._shown}f}"


class ctkSliderWidget(QWidget):
    """A slider and a spin box with one value.

    As in CTK the value keeps more digits than the `decimals` (2 at first) that are shown, and the slider can only be
    dragged in steps of `singleStep` (1 at first).
    """

    valueChanged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spin_box = _SpinBox(self)
        self._slider = QtWidgets.QSlider(Qt.Orientation.Horizontal, self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._spin_box)
        self._spin_box.valueChanged.connect(self._changed)
        self._slider.valueChanged.connect(self._slider_moved)
        self._place_slider()

    def _slider_moved(self, position: int) -> None:
        self._spin_box.setValue(self._spin_box.minimum() + position * self._spin_box.singleStep())

    def _changed(self, value: float) -> None:
        self._place_slider()
        self.valueChanged.emit(value)

    def _place_slider(self) -> None:
        low, high, step = self._spin_box.minimum(), self._spin_box.maximum(), self._spin_box.singleStep()
        if math.isinf(high - low):
            return
        self._slider.blockSignals(True)
        self._slider.setRange(0, math.floor((high - low) / step + 1e-9))
        self._slider.setValue(round((self._spin_box.value() - low) / step))
        self._slider.blockSignals(False)

    def setValue(self, value: float) -> None:
        self._spin_box.setValue(value)

    def _of_spin_box(kind: type, name: str) -> Property:
        def write(self, value) -> None:
            getattr(self._spin_box, f"set{name[0].upper()}{name[1:]}")(value)
            self._place_slider()

        return Property(kind, lambda self: getattr(self._spin_box, name)(), write)

    value = Property(float, lambda self: self._spin_box.value(), setValue)
    spinBoxVisible = Property(
        bool, lambda self: not self._spin_box.isHidden(), lambda self, on: self._spin_box.setVisible(on)
    )
    minimum = _of_spin_box(float, "minimum")
    maximum = _of_spin_box(float, "maximum")
    singleStep = _of_spin_box(float, "singleStep")
    suffix = _of_spin_box(str, "suffix")
    decimals = _of_spin_box(int, "decimals")
    pageStep = stored(float, 10.0)


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A title that shows and hides what is below it: checked is open, collapsed is not."""

    contentsCollapsed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.setContentsMargins(0, self._title_height(), 0, 0)
        self.toggled.connect(self._show_contents)

    def _title_height(self) -> int:
        return self.fontMetrics().height() + 8

    def _set_collapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    def _show_contents(self, shown: bool) -> None:
        for child in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            child.setVisible(shown)
        self.setMaximumHeight(16777215 if shown else self._title_height() + self.collapsedHeight)
        self.contentsCollapsed.emit(not shown)

    def childEvent(self, event: QEvent) -> None:
        if event.added() and isinstance(event.child(), QWidget) and not self.isChecked():
            event.child().hide()

    def paintEvent(self, event: QEvent) -> None:
        painter, option = QtWidgets.QStylePainter(self), QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.text = ("▾ " if self.isChecked() else "▸ ") + self.text()
        option.rect.setHeight(self._title_height())
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)

    collapsed = Property(bool, lambda self: not self.isChecked(), _set_collapsed, notify=contentsCollapsed)
    collapsedHeight = stored(int, 14)


WIDGETS = {widget.__name__: widget for widget in (ctkSliderWidget, ctkCollapsibleButton)}
