"""The facts about Qt, CTK and qMRML that the self-test checks in Slicer hold on the stand-ins, too."""

import unittest

import pytest

from TemporalInterpLib.self_test import facts_parameters, facts_qt, facts_selector
from TemporalInterpLib.self_test.facts import FACTS, check_facts

pytestmark = pytest.mark.usefixtures("slicer_session")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_fact(fact):
    fact(unittest.TestCase())


def test_all_facts_are_checked_and_leave_nothing(scene):
    before = scene.GetNumberOfNodes()
    check_facts(unittest.TestCase())
    assert scene.GetNumberOfNodes() == before


def test_those_that_do_not_hold_are_named(monkeypatch):
    def it_rains(test):
        test.assertEqual(1, 2)  # noqa: PT009 - as facts do

    monkeypatch.setattr("TemporalInterpLib.self_test.facts.FACTS", (it_rains,))
    with pytest.raises(AssertionError, match="it_rains: 1 != 2"):
        check_facts(unittest.TestCase())


@pytest.mark.parametrize("module", [facts_parameters, facts_qt, facts_selector], ids=lambda module: module.__name__)
def test_every_fact_is_in_the_list(module):
    functions = [
        function
        for name, function in vars(module).items()
        if getattr(function, "__module__", "") == module.__name__ and not name.startswith("_")
    ]
    assert functions
    assert set(functions) == set(module.FACTS)
    assert set(functions) <= set(FACTS)
