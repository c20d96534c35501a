"""Methods by their names, and which are there."""

import pytest

from temporal_interp.errors import InvalidInputError, MissingPackageError
from temporal_interp.evaluation import pairwise_syn
from temporal_interp.evaluation.pairwise_catalogue import METHOD_NAMES, create_method, default_method_names


class TestCatalogue:
    def test_every_name_makes_a_method_of_that_name(self):
        for name in default_method_names():
            assert create_method(name).name == name

    def test_an_unknown_name_is_refused_with_those_there_are(self):
        with pytest.raises(InvalidInputError, match=rf"'magic'.*{METHOD_NAMES[-1]}"):
            create_method("magic")

    def test_without_antspyx_syn_is_left_out_and_says_how_to_get_it(self, monkeypatch):
        monkeypatch.setattr(pairwise_syn, "find_spec", lambda name: None)
        assert "syn" not in default_method_names()
        assert "demons" in default_method_names()
        with pytest.raises(MissingPackageError, match=r"pip install antspyx"):
            create_method("syn")

    def test_what_takes_hours_or_needs_a_network_runs_only_by_its_name(self):
        assert not {"nmsr_v", "nmsr_paper", "nmsr_vi_paper"} & {*default_method_names()}
        assert {"nmsr_v", "nmsr_paper", "nmsr_vi_paper"} < {*METHOD_NAMES}
        with pytest.raises(InvalidInputError, match="--start-from FILE"):
            create_method("nmsr_v")
