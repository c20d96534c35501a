"""The facts about Qt, CTK and qMRML that the self-test checks in Slicer hold on the stand-ins, too."""

import unittest

import pytest

from TemporalInterpLib.self_test_facts import FACTS, check_facts

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

    monkeypatch.setattr("TemporalInterpLib.self_test_facts.FACTS", (it_rains,))
    with pytest.raises(AssertionError, match="it_rains: 1 != 2"):
        check_facts(unittest.TestCase())


def test_every_fact_is_in_the_list():
    from TemporalInterpLib import self_test_facts

    functions = [
        function
        for name, function in vars(self_test_facts).items()
        if callable(function)
        and getattr(function, "__module__", "") == self_test_facts.__name__
        and not name.startswith("_")
        and not isinstance(function, type)
    ]
    assert set(functions) - {check_facts} == set(FACTS)
