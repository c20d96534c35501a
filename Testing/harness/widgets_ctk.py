"""Stand-ins for the CTK widgets in use: their properties, signals and slots, and no more (CTK, Libs/Widgets)."""

import math

from PySide6.QtCore import Property, QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractButton,
    QDoubleSpinBox,
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from harness.properties import stored


class ctkSliderWidget(QWidget):
    """A slider and a spin box with one value.

    As in CTK the value is rounded to `decimals` (2 at first) and the slider can only be dragged in steps of
    `singleStep` (1 at first). Without tracking `valueChanged` waits for the end of a drag, and so does `value`.
    """

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = 0.0
        self._spin_box = QDoubleSpinBox(self)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._spin_box)
        self._spin_box.valueChanged.connect(self._spin_box_changed)
        self._slider.valueChanged.connect(self._slider_moved)
        self._slider.sliderReleased.connect(self._publish)
        self._place_slider()

    def _slider_moved(self, position: int) -> None:
        self._spin_box.setValue(self._spin_box.minimum() + position * self._spin_box.singleStep())

    def _spin_box_changed(self, value: float) -> None:
        self._place_slider()
        if not self.tracking:
            self.valueIsChanging.emit(value)
        if self.tracking or not self._slider.isSliderDown():
            self._publish()

    def _publish(self) -> None:
        if self._spin_box.value() != self._value:
            self._value = self._spin_box.value()
            self.valueChanged.emit(self._value)

    def _place_slider(self) -> None:
        low, high, step = self._spin_box.minimum(), self._spin_box.maximum(), self._spin_box.singleStep()
        if math.isinf(high - low):
            return
        self._slider.blockSignals(True)
        self._slider.setRange(0, math.floor((high - low) / step + 1e-9))
        self._slider.setValue(round((self._spin_box.value() - low) / step))
        self._slider.blockSignals(False)

    @Slot(float)
    def setValue(self, value: float) -> None:
        self._spin_box.setValue(value)

    def _spin_box_property(kind: type, name: str) -> Property:
        setter = f"set{name[0].upper()}{name[1:]}"

        def write(self, value) -> None:
            getattr(self._spin_box, setter)(value)
            self._place_slider()

        return Property(kind, lambda self: getattr(self._spin_box, name)(), write)

    def _show_spin_box(self, shown: bool) -> None:
        self._spin_box.setVisible(shown)

    value = Property(float, lambda self: self._value, setValue)
    spinBoxVisible = Property(bool, lambda self: not self._spin_box.isHidden(), _show_spin_box)
    minimum = _spin_box_property(float, "minimum")
    maximum = _spin_box_property(float, "maximum")
    singleStep = _spin_box_property(float, "singleStep")
    suffix = _spin_box_property(str, "suffix")
    decimals = _spin_box_property(int, "decimals")
    tracking = stored(bool, True)
    pageStep = stored(float, 10.0)


class ctkCollapsibleButton(QAbstractButton):
    """A title that shows and hides what is below it: checked is open, collapsed is not."""

    contentsCollapsed = Signal(bool)

    def __init__(self, *arguments: str | QWidget | None) -> None:
        super().__init__(next((a for a in arguments if isinstance(a, QWidget)), None))
        self.setText(next((a for a in arguments if isinstance(a, str)), ""))
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
        for child in self.children():
            if isinstance(child, QWidget):
                child.setVisible(shown)
        self.setMaximumHeight(16777215 if shown else self._title_height() + self.collapsedHeight)
        self.contentsCollapsed.emit(not shown)

    def childEvent(self, event: QEvent) -> None:
        if event.added() and isinstance(event.child(), QWidget) and not self.isChecked():
            event.child().hide()

    def paintEvent(self, event: QEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionButton()
        option.initFrom(self)
        option.text = ("▾ " if self.isChecked() else "▸ ") + self.text()
        option.rect.setHeight(self._title_height())
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)

    collapsed = Property(bool, lambda self: not self.isChecked(), _set_collapsed, notify=contentsCollapsed)
    collapsedHeight = stored(int, 14)


WIDGETS = {widget.__name__: widget for widget in (ctkSliderWidget, ctkCollapsibleButton)}
