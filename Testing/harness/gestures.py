"""What users do with the stand-ins."""

from typing import Any

import slicer


def drag(slider: Any, *values: float) -> None:
    """Press the slider of a ctkSliderWidget, move it to each value in turn as far as its steps allow, and let it go."""
    inner = slider._qt._slider
    inner.setSliderDown(True)
    for value in values:
        inner.setValue(round((value - slider.minimum) / slider.singleStep))
    inner.setSliderDown(False)


def choose(selector: Any, node: slicer.vtkMRMLNode | None) -> None:
    """Choose a node, or None, in the list of a qMRMLNodeComboBox."""
    combo_box = selector._qt._combo_box
    index = combo_box.findData(node.GetID() if node is not None else "")
    assert index >= 0, f"{node.GetName() if node is not None else None} is not offered"
    combo_box.setCurrentIndex(index)
    combo_box.activated.emit(index)
