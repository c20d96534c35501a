"""Slicer's colour legend, for what the module draws in colours."""

from __future__ import annotations

import slicer

RIGHT, LEFT = (0.98, 0.5), (0.02, 0.5)
"""Places in a slice view, as shares of the free width and height."""

SIZE = (0.09, 0.45)
"""Width and height, as shares of the view."""

FONT_SIZE = 14


def show_legend(
    display: slicer.vtkMRMLDisplayNode, title: str, *, place: tuple[float, float], decimals: int, shown: bool
) -> None:
    """Show the colours of a display node with their numbers in the slice views, where the node itself is shown.

    Args:
        display: in the scene, with a colour node.
        title: with the unit of the numbers.
        place: RIGHT or LEFT.
        decimals: of the numbers.
        shown: False takes the legend away.
    """
    logic = slicer.modules.colors.logic()
    if not shown and logic.GetColorLegendDisplayNode(display) is None:
        return
    legend = logic.AddDefaultColorLegendDisplayNode(display)
    with slicer.util.NodeModify(legend):
        legend.SetTitleText(title)
        legend.SetLabelFormat(f"%.{decimals}f")
        legend.SetPosition(*place)
        legend.SetSize(*SIZE)
        legend.SetNumberOfLabels(5)
        legend.SetUseColorNamesForLabels(False)
        for style in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
            style.SetFontSize(FONT_SIZE)
        legend.SetVisibility3D(False)
        legend.SetVisibility(shown)
    legend.Modified()  # Slicer looks at the layers of the views, and at the fonts, only then
