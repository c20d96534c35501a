"""The self-test of the section: a cine comes from the sample, from the scene, and from a file."""

# ruff: noqa: PT009 - the assertions of unittest, which is what Slicer runs, name the values that differ

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import PREFIX, is_synthetic
from temporal_interp.data.volume import Volume
from TemporalInterpLib.add_sequence import add_sequence_to_scene
from TemporalInterpLib.dependencies import files_can_be_read
from TemporalInterpLib.sample_cine import NAME, PHASES, THICKNESS
from TemporalInterpLib.self_test.run import CYCLE_MS, Run, Step, array, items, remove_cine
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_conversion import attributes_of, index_values_of, sequence_from_node

SMALL = (slice(4, 6), slice(32, 96), slice(32, 96))
"""The part of the sample, (K, J, I), that the small cine keeps: two slices through both ventricles."""

OBLIQUE = ((0.8, -0.48, 0.36), (0.6, 0.64, -0.48), (0.0, 0.6, 0.8))
"""A double-oblique direction, exact in decimals."""


def _sample(run: Run) -> None:
    """Load the sample cine"""
    test = run.test
    sources = slicer.modules.sampleDataSources["TemporalInterp"]
    test.assertEqual([source.sampleName for source in sources], [NAME])
    test.assertIsNone(run.parameters.sequence)
    run.ui.sampleButton.click()
    run.wait_until(lambda: run.parameters.sequence is not None, "the sample")
    sequence = run.parameters.sequence
    test.assertEqual(sequence.GetName(), NAME)
    test.assertEqual((sequence.GetIndexName(), sequence.GetIndexUnit()), ("time", "ms"))
    np.testing.assert_allclose(index_values_of(sequence), np.arange(PHASES) * CYCLE_MS / PHASES, atol=1e-6)
    test.assertEqual(sequence_from_node(sequence).slice_thickness, THICKNESS)
    item = sequence.GetNthDataNode(0)
    test.assertEqual(item.GetImageData().GetDimensions(), (128, 128, 10))
    np.testing.assert_allclose(item.GetSpacing(), (1.5, 1.5, 10.0))
    test.assertFalse(any(is_synthetic(attributes_of(node)) for node in items(sequence)))
    test.assertIn(PREFIX + "Phantom", attributes_of(item))
    np.testing.assert_array_equal(array(proxy_of(sequence)), array(item))


def _small_cine(run: Run) -> None:
    """Choose another sequence: small, oblique, of signed integers, under a parent transform"""
    sample = run.parameters.sequence
    frames = sequence_from_node(sample)
    spacing, shape = frames.volumes[0].geometry.spacing, frames.volumes[0].array[SMALL].shape
    geometry = Geometry(shape, spacing, (-20.5, 31.0, 7.25), OBLIQUE)
    volumes = [Volume(volume.array[SMALL].astype(np.int16), geometry) for volume in frames.volumes]
    added = add_sequence_to_scene(replace(frames, volumes=volumes), "Small cine")
    parent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Patient position")
    parent.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag([-1.0, -1.0, 1.0, 1.0])))
    added.proxy.SetAndObserveTransformNodeID(parent.GetID())
    run.ui.sequenceSelector.setCurrentNode(added.sequence)
    run.test.assertIs(run.parameters.sequence, added.sequence)
    remove_cine(sample)


def _load_cine(run: Run) -> None:
    """Load a cine from a file: it is read alongside, chosen and shown"""
    test, before, section = run.test, run.parameters.sequence, run.panel.sections["sequence"]
    if not files_can_be_read():
        test.assertFalse(run.ui.loadButton.enabled)
        return
    from temporal_interp.io import write_sequence

    frames = sequence_from_node(before)
    path = run.folder / "Loaded cine.seq.nrrd"
    write_sequence(frames, path)
    section.open_place(path)
    test.assertFalse(run.ui.loadButton.enabled)
    run.wait_until(lambda: run.ui.loadButton.enabled, "loading")
    loaded = run.parameters.sequence
    test.assertEqual(loaded.GetName(), "Loaded cine.seq.nrrd")
    test.assertEqual(index_values_of(loaded), index_values_of(before))
    for item, frame in zip(items(loaded), frames.volumes, strict=True):
        np.testing.assert_array_equal(array(item), frame.array)
    run.parameters.sequence = before
    remove_cine(loaded)


def _loaded_scene(run: Run) -> None:
    """The sequence is chosen again"""
    run.test.assertIs(run.ui.sequenceSelector.currentNode(), run.parameters.sequence)


STEPS = (Step(10, _sample), Step(30, _small_cine), Step(35, _load_cine), Step(66, _loaded_scene))
