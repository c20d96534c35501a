"""Sequence browsers: finding them, adding one for new sequences, and keeping their selection while items change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import slicer
import vtk

from TemporalInterpLib.scene_transaction import nodes_of
from TemporalInterpLib.sequence_conversion import index_values_of


def browsers_of(sequence_node: slicer.vtkMRMLSequenceNode) -> list[slicer.vtkMRMLSequenceBrowserNode]:
    """Return the browsers in the scene that show a sequence, as master or synchronised."""
    browsers = nodes_of(sequence_node.GetScene(), "vtkMRMLSequenceBrowserNode")
    return [browser for browser in browsers if browser.IsSynchronizedSequenceNodeID(sequence_node.GetID(), True)]


def proxy_of(sequence: slicer.vtkMRMLSequenceNode | None) -> slicer.vtkMRMLNode | None:
    """Return the node that shows the current item of a sequence, None where there is none."""
    if sequence is None:
        return None
    return next((p for b in browsers_of(sequence) if (p := b.GetProxyNode(sequence)) is not None), None)


def proxies_in(scene: slicer.vtkMRMLScene | None) -> list[slicer.vtkMRMLNode]:
    """Return the nodes that show the current items of sequences."""
    proxies = []
    for browser in nodes_of(scene, "vtkMRMLSequenceBrowserNode"):
        of_browser = vtk.vtkCollection()
        browser.GetAllProxyNodes(of_browser)
        proxies += [of_browser.GetItemAsObject(number) for number in range(of_browser.GetNumberOfItems())]
    return proxies


@dataclass(frozen=True)
class SourceView:
    """The display of a sequence, for a derived sequence to be shown alike.

    Attributes:
        name: of the sequence for the user: that of its proxy, unless the browser overwrites that.
        browser: its browser, None where it has none.
        proxy: the volume node that shows its current item, None where there is none.
        overwrite_proxy_name: whether the browser writes the index value into the proxy's name.
    """

    name: str
    browser: slicer.vtkMRMLSequenceBrowserNode | None = None
    proxy: slicer.vtkMRMLVolumeNode | None = None
    overwrite_proxy_name: bool = False

    @classmethod
    def of(cls, sequence_node: slicer.vtkMRMLSequenceNode) -> SourceView:
        """Return how a sequence is shown by the first browser found."""
        browser = next(iter(browsers_of(sequence_node)), None)
        proxy = browser.GetProxyNode(sequence_node) if browser is not None else None
        if proxy is None:
            return cls(sequence_node.GetName(), browser)
        overwrite = browser.GetOverwriteProxyName(sequence_node)
        return cls(sequence_node.GetName() if overwrite else proxy.GetName(), browser, proxy, overwrite)


def add_proxy(
    sequence_node: slicer.vtkMRMLSequenceNode, name: str, source: SourceView, scene: slicer.vtkMRMLScene
) -> slicer.vtkMRMLTransformableNode:
    """Add a node to show the items of a sequence, under the parent transform of the source's proxy."""
    item = sequence_node.GetNthDataNode(0)
    proxy = scene.AddNewNodeByClass(item.GetClassName(), name)
    proxy.CopyContent(item, True)
    put_under_same_parent(proxy, source)
    return proxy


def put_under_same_parent(node: slicer.vtkMRMLTransformableNode, source: SourceView) -> None:
    """Put a node under the parent transform of the source's proxy, or under none."""
    parent = source.proxy.GetParentTransformNode() if source.proxy is not None else None
    node.SetAndObserveTransformNodeID(parent.GetID() if parent is not None else None)


def show_like(proxy: slicer.vtkMRMLScalarVolumeNode, source: SourceView) -> None:
    """Give a proxy volume the window, level, colours and thresholds of the source, fixed for all items."""
    proxy.CreateDefaultSequenceDisplayNodes()
    source_display = source.proxy.GetDisplayNode() if source.proxy is not None else None
    if source_display is not None:
        proxy.GetDisplayNode().CopyContent(source_display)
        proxy.GetDisplayNode().SetAutoWindowLevel(False)


def add_browser(
    name: str,
    sequences_and_proxies: Sequence[tuple[slicer.vtkMRMLSequenceNode, slicer.vtkMRMLNode]],
    source: SourceView,
    scene: slicer.vtkMRMLScene,
) -> slicer.vtkMRMLSequenceBrowserNode:
    """Add a browser for sequences that are already in the scene, played like the source; the first is the master."""
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", name)
    master = sequences_and_proxies[0][0]
    # one event at the end: at the first, Slicer makes proxies of its own for sequences without one
    with slicer.util.NodeModify(browser):
        browser.SetAndObserveMasterSequenceNodeID(master.GetID())
        for sequence_node, proxy in sequences_and_proxies:
            browser.AddSynchronizedSequenceNodeID(sequence_node.GetID())
            browser.AddProxyNode(proxy, sequence_node, False)
        browser.SetOverwriteProxyName(master, source.overwrite_proxy_name)
        if source.browser is not None:
            browser.SetPlaybackRateFps(source.browser.GetPlaybackRateFps())
            browser.SetPlaybackLooped(source.browser.GetPlaybackLooped())
            browser.SetPlaybackItemSkippingEnabled(source.browser.GetPlaybackItemSkippingEnabled())
            browser.SetIndexDisplayMode(source.browser.GetIndexDisplayMode())
            browser.SetIndexDisplayFormat(source.browser.GetIndexDisplayFormat())
    return browser


def show_in_toolbar(browser: slicer.vtkMRMLSequenceBrowserNode) -> None:
    """Let Slicer's own toolbar play a browser, as its readers do after loading; a setting of Slicer may forbid it."""
    slicer.modules.sequences.showSequenceBrowser(browser)


@contextmanager
def browsers_kept(sequence_node: slicer.vtkMRMLSequenceNode) -> Iterator[None]:
    """Let the items of a sequence change while its browsers stay where they are, by index value.

    Browsers select by number, so without this they would show another frame. Where the selected item goes away, the
    item nearest to it is selected. Playback is suspended meanwhile.

    Raises:
        InvalidInputError: the index of the sequence is not numeric, finite and rising.
    """
    values = index_values_of(sequence_node)
    with ExitStack() as stack:
        for browser in browsers_of(sequence_node):
            stack.enter_context(slicer.util.NodeModify(browser))  # proxies are updated once, at the end
            stack.callback(browser.SetPlaybackActive, browser.GetPlaybackActive())
            browser.SetPlaybackActive(False)
            selected = browser.GetSelectedItemNumber()
            if browser.GetMasterSequenceNode() is sequence_node and selected >= 0:
                stack.callback(_select_nearest, browser, values[selected])
        yield


def _select_nearest(browser: slicer.vtkMRMLSequenceBrowserNode, value: float) -> None:
    values = index_values_of(browser.GetMasterSequenceNode())
    browser.SetSelectedItemNumber(min(range(len(values)), key=lambda n: abs(values[n] - value)))
