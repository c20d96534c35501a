"""Slice synthesis without one of its parts: what is left out, and nothing else."""

from dataclasses import replace

import numpy as np

from slices_to_score import QUICK, a_volume
from temporal_interp.errors import no_progress
from temporal_interp.evaluation.slice_ablation import Part, slice_network_without, training_without
from temporal_interp.evaluation.slice_methods import (
    FittedSlices,
)
from temporal_interp.slices.fit_volume import new_model
from temporal_interp.slices.quality import shipped_model
from temporal_interp.slices.settings import SliceNetworkSettings


class TestAblation:
    def test_nothing_else_changes_without_a_part(self):
        """Table 3 and the in-plane learning, which is ours."""
        zero = {
            Part.DISTILLATION: {"coronal_distillation", "sagittal_distillation"},
            Part.CORONAL_DISTILLATION: {"coronal_distillation"},
            Part.SAGITTAL_DISTILLATION: {"sagittal_distillation"},
            Part.WAVELETS: {"wavelets"},
            Part.MEMORY: {"memory"},
            Part.IN_PLANE: {"in_plane"},
        }
        assert set(zero) == set(Part)
        for part, names in zero.items():
            settings = training_without(part, QUICK)
            assert all(getattr(QUICK, name) > 0 and getattr(settings, name) == 0 for name in names)
            assert replace(settings, **{name: getattr(QUICK, name) for name in names}) == QUICK

    def test_without_memory_there_is_no_memory_bank(self):
        assert slice_network_without(Part.MEMORY) == replace(SliceNetworkSettings(), memory_items=0)
        for part in (None, *Part):
            method = FittedSlices(QUICK, without=part, from_scratch=True)
            method.add(a_volume((4, 16, 18)), 2, keep_given=True, progress=no_progress)
            assert (method.model.slice_network.memory is None) == (part is Part.MEMORY)

    def test_what_is_left_out_is_in_the_name_and_changes_the_result(self):
        given = a_volume((6, 16, 18))
        whole, less = FittedSlices(QUICK), FittedSlices(QUICK, without=Part.WAVELETS)
        assert (whole.name, less.name) == ("fitted", "fitted without wavelets")
        one, other = (method.add(given, 2, keep_given=True, progress=no_progress).array for method in (whole, less))
        assert np.abs(one - other).max() > 0

    def test_fitting_starts_from_the_model_of_the_program_or_from_scratch(self):
        given = a_volume((4, 16, 18))
        for from_scratch, start in ((True, new_model(2)), (False, shipped_model(2)[0])):
            method = FittedSlices(QUICK, from_scratch=from_scratch)
            method.add(given, 2, keep_given=True, progress=no_progress)
            # one step moves every weight by the learning rate at most
            for fitted, before in zip(method.model.parameters(), start.parameters(), strict=True):
                assert (fitted - before).abs().max() < 2 * QUICK.learning_rate
