"""Where time goes: every stage is a function that exists, and what it takes is counted once."""

import itertools

import pytest

import profile_engine
from profile_engine import REST, STAGES, Ledger, staged
from temporal_interp.errors import InvalidInputError


def test_a_stage_within_another_counts_for_the_inner_one():
    clock = itertools.count()  # every reading is one later
    ledger = Ledger(lambda: float(next(clock)))
    with ledger.part("prepare"):
        with ledger.stage("fit"), ledger.stage("warp"):
            pass
        with ledger.stage("warp"):
            pass
    # between a change of stage and the next lies one tick
    assert ledger.amounts == {("prepare", REST): 3, ("prepare", "fit"): 2, ("prepare", "warp"): 2}
    assert ledger.calls["prepare", "warp"] == 2


def test_a_stage_that_the_program_no_longer_has_is_named(monkeypatch):
    monkeypatch.setitem(STAGES, "fit", ("registration.fit_velocity:fit_quickly",))
    with pytest.raises(InvalidInputError, match=r"no longer has registration\.fit_velocity:fit_quickly"), staged(str):
        pass


@pytest.mark.parametrize(
    ("engine", "stages"),
    [("velocity_field", {"fit", "coarsen", "integrate", "warp", "fuse"}), ("student", {"encode", "decode", "refine"})],
)
def test_shares_of_a_part_are_its_whole(engine, stages):
    rows = profile_engine.profile_engine(engine, (1, 32, 32))
    assert stages <= {row["stage"] for row in rows}
    for part in ("prepare", "at"):
        assert sum(row["share"] for row in rows if row["part"] == part) == pytest.approx(1)
    assert sum(row["gflop"] for row in rows) > 0


def test_nothing_stays_wrapped():
    from temporal_interp.registration import fit_velocity, register

    before = register.fit_velocity
    with staged(Ledger(lambda: 0.0).stage):
        assert register.fit_velocity is not before
    assert register.fit_velocity is before is fit_velocity.fit_velocity
