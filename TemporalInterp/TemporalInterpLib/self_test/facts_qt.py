"""Facts about Qt and CTK through PythonQt that the panel relies on."""

# ruff: noqa: PT009, PT027 - the assertions of unittest, which is what Slicer runs, name the values that differ
# ruff: noqa: D103 - the name of a function is the fact

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import ctk
import qt
import slicer

if TYPE_CHECKING:
    import unittest


def a_property_is_an_attribute_and_all_else_is_called(test: unittest.TestCase) -> None:
    spin_box, button = qt.QSpinBox(), qt.QPushButton("Go")
    spin_box.value = 7
    test.assertEqual(spin_box.value, 7)
    with test.assertRaises(TypeError):
        spin_box.value()
    test.assertIs(button.isChecked(), False)
    button.setText("Stop")
    test.assertEqual(button.text, "Stop")


def an_attribute_that_does_not_exist_can_neither_be_read_nor_set(test: unittest.TestCase) -> None:
    slider = ctk.ctkSliderWidget()
    for name in ("vaule", "isVisble", "onClicked"):
        with test.assertRaises(AttributeError):
            getattr(slider, name)
        with test.assertRaises(AttributeError):
            setattr(slider, name, 1)


def of_a_class_of_ctk_only_properties_and_slots_are_seen(test: unittest.TestCase) -> None:
    slider = ctk.ctkSliderWidget()
    for name in ("setMinimum", "setRange", "setSingleStep", "setTracking"):
        with test.assertRaises(AttributeError):
            getattr(slider, name)
    slider.setValue(3.25)
    test.assertEqual(slider.value, 3.25)


def a_value_of_the_wrong_kind_or_for_a_property_that_is_read_only_is_refused(test: unittest.TestCase) -> None:
    with test.assertRaises(AttributeError):
        ctk.ctkSliderWidget().value = "much"
    with test.assertRaises(AttributeError):
        qt.QComboBox().count = 3


def lists_come_as_tuples_and_enums_as_numbers(test: unittest.TestCase) -> None:
    selector, label = slicer.qMRMLNodeComboBox(), qt.QLabel()
    selector.nodeTypes = ["vtkMRMLModelNode"]
    test.assertEqual(selector.nodeTypes, ("vtkMRMLModelNode",))
    test.assertEqual(qt.QMessageBox.Yes, 0x4000)
    label.alignment = qt.Qt.AlignRight | qt.Qt.AlignTop
    test.assertEqual(label.alignment, 0x22)


def parents_layouts_and_children_are_the_same_objects(test: unittest.TestCase) -> None:
    parent = qt.QWidget()
    layout, child = qt.QVBoxLayout(parent), qt.QPushButton("x")
    child.name = "child"
    layout.addWidget(child)
    test.assertEqual(child.objectName, "child")
    test.assertIs(parent.layout(), layout)
    test.assertIs(layout.itemAt(0).widget(), child)
    test.assertIs(child.parent(), parent)
    test.assertIs(parent.findChild(qt.QPushButton, "child"), child)
    test.assertIsNone(parent.findChild(qt.QLabel, "child"))


def a_destroyed_widget_is_false_and_unusable(test: unittest.TestCase) -> None:
    label = qt.QLabel()
    label.delete()
    test.assertFalse(label)
    with test.assertRaises(ValueError):
        _ = label.text


def arguments_of_a_signal_are_cut_to_what_the_callable_takes(test: unittest.TestCase) -> None:
    spin_box, got = qt.QSpinBox(), []
    test.assertIs(spin_box.connect("valueChanged(int)", lambda: got.append("none")), True)
    spin_box.connect("valueChanged(int)", lambda value: got.append(value))
    spin_box.value = 5
    test.assertEqual(got, ["none", 5])


def a_slot_can_be_disconnected_and_signals_blocked(test: unittest.TestCase) -> None:
    spin_box, got = qt.QSpinBox(), []
    slot = got.append
    spin_box.connect("valueChanged(int)", slot)
    was_blocked = spin_box.blockSignals(True)
    spin_box.value = 3
    spin_box.blockSignals(was_blocked)
    spin_box.value = 4
    test.assertEqual(got, [4])
    test.assertTrue(spin_box.disconnect("valueChanged(int)", slot))
    spin_box.value = 5
    test.assertEqual(got, [4])


def a_timer_fires_once_or_again_and_only_while_it_is_kept(test: unittest.TestCase) -> None:
    got = []
    qt.QTimer.singleShot(0, lambda: got.append("single"))
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.connect("timeout()", lambda: got.append("timer"))
    timer.start(1)
    test.assertTrue(timer.active)

    def start_and_forget() -> None:
        forgotten = qt.QTimer()
        forgotten.connect("timeout()", lambda: got.append("forgotten"))
        forgotten.start(0)

    start_and_forget()
    end = time.monotonic() + 10
    while len(got) < 2 and time.monotonic() < end:
        slicer.app.processEvents()
    test.assertEqual(sorted(got), ["single", "timer"])
    test.assertFalse(timer.active)


def a_slider_of_ctk_stays_in_its_range(test: unittest.TestCase) -> None:
    slider, got = ctk.ctkSliderWidget(), []
    slider.connect("valueChanged(double)", got.append)
    slider.minimum, slider.maximum = 0, 1
    slider.value = 0.25
    slider.value = 5
    test.assertEqual(slider.value, 1)
    slider.value = 1
    test.assertEqual(got, [0.25, 1.0])


def a_slider_of_ctk_keeps_more_decimals_than_it_shows(test: unittest.TestCase) -> None:
    slider = ctk.ctkSliderWidget()
    slider.minimum, slider.maximum = 0, 1
    test.assertEqual(slider.decimals, 2)
    slider.value = 0.123
    test.assertEqual(slider.value, 0.123)


def a_collapsed_section_hides_what_is_in_it(test: unittest.TestCase) -> None:
    section, got = ctk.ctkCollapsibleButton(), []
    layout, label = qt.QVBoxLayout(section), qt.QLabel("inside")
    layout.addWidget(label)
    section.connect("contentsCollapsed(bool)", got.append)
    section.show()
    section.collapsed = True
    test.assertEqual((section.checked, label.visible), (False, False))
    section.checked = True
    test.assertEqual((section.collapsed, label.visible), (False, True))
    test.assertEqual(got, [True, False])
    section.delete()


FACTS = (
    a_property_is_an_attribute_and_all_else_is_called,
    an_attribute_that_does_not_exist_can_neither_be_read_nor_set,
    of_a_class_of_ctk_only_properties_and_slots_are_seen,
    a_value_of_the_wrong_kind_or_for_a_property_that_is_read_only_is_refused,
    lists_come_as_tuples_and_enums_as_numbers,
    parents_layouts_and_children_are_the_same_objects,
    a_destroyed_widget_is_false_and_unusable,
    arguments_of_a_signal_are_cut_to_what_the_callable_takes,
    a_slot_can_be_disconnected_and_signals_blocked,
    a_timer_fires_once_or_again_and_only_while_it_is_kept,
    a_slider_of_ctk_stays_in_its_range,
    a_slider_of_ctk_keeps_more_decimals_than_it_shows,
    a_collapsed_section_hides_what_is_in_it,
)
