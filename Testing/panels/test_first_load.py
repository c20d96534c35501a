"""PyTorch is loaded alongside the event loop, which does not wait for it, nor later for what it made."""

import gc
import os
import sys

import pytest

from temporal_interp.errors import no_progress
from TemporalInterpLib import first_load
from TemporalInterpLib.background import run_to_end, wait_for_threads
from TemporalInterpLib.parameter_node import Device


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(first_load, "SETTLING_S", 0.0)


@pytest.fixture
def collector():
    """The search for garbage is as it was afterwards."""
    assert gc.isenabled()
    gc.unfreeze()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.fixture
def imported(monkeypatch, collector):
    """Names of the modules that are imported, and whether garbage is searched for meanwhile."""
    seen = {}
    monkeypatch.setattr(first_load, "import_module", lambda name: seen.update({name: gc.isenabled()}))
    return seen


def test_no_garbage_is_searched_for_while_it_loads_nor_in_what_is_there_then(monkeypatch, imported):
    monkeypatch.setattr(first_load, "_is_loaded", lambda: False)
    monkeypatch.setattr(first_load, "_open_largest_library", lambda: None)
    there = run_to_end(first_load.load_ahead(), no_progress)
    assert Device.CPU in there
    assert imported == dict.fromkeys(first_load.FIRST_LOADS, False)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000


def test_cancelled_before_it_begins_nothing_is_loaded(monkeypatch, imported):
    monkeypatch.setattr(first_load, "SETTLING_S", 0.2)
    steps = first_load.load_ahead()
    next(steps)
    assert not imported
    steps.close()
    wait_for_threads(5)
    assert not imported


def test_what_is_garbage_by_then_is_kept_once_at_the_most(imported):
    pytest.importorskip("torch")
    run_to_end(first_load.load_ahead(), no_progress)  # it is loaded already
    assert gc.get_freeze_count() == 0


def test_what_fails_to_load_leaves_the_search_on(monkeypatch, collector):
    def fails(name):
        raise ImportError(name)

    monkeypatch.setattr(first_load, "import_module", fails)
    with pytest.raises(ImportError):
        run_to_end(first_load.load_ahead(), no_progress)
    assert gc.isenabled()


def test_a_search_that_was_off_stays_off(imported):
    gc.disable()
    run_to_end(first_load.load_ahead(), no_progress)
    assert not gc.isenabled()


@pytest.mark.parametrize(("before", "after"), [(None, "passive"), ("active", "active")])
def test_threads_sleep_while_they_wait_unless_the_user_says_otherwise(monkeypatch, imported, before, after):
    monkeypatch.setenv("OMP_WAIT_POLICY", "of the test")  # so that it is as it was afterwards
    monkeypatch.delenv("OMP_WAIT_POLICY")
    if before is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", before)
    run_to_end(first_load.load_ahead(), no_progress)
    assert os.environ["OMP_WAIT_POLICY"] == after


def test_it_does_not_load_in_the_thread_of_the_events(monkeypatch, imported):
    import threading

    threads = []
    monkeypatch.setattr(first_load, "import_module", lambda name: threads.append(threading.current_thread()))
    run_to_end(first_load.load_ahead(), no_progress)
    assert threading.main_thread() not in threads
    assert "torch" in sys.modules
