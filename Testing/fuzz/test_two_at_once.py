"""Two commands at once: the registry, a training's folder and a result are whole afterwards, and the second is told."""

import os
import shutil
from collections import Counter

import pytest

from interrupted import Starter, left_in, write_inputs
from temporal_interp.io import read_sequence
from temporal_interp.models.model_file import load_model
from temporal_interp.models.registry import Registry

STARTS = int(os.environ.get("FUZZ_STARTS", "0"))
"""Starts of two at once, of every kind; 0 is one of each that takes no time."""

ADD = "models add {in}/m.safetensors --name "
INTERPOLATE = "interpolate {in}/cine.seq.nrrd -o {out}/fine.seq.nrrd --engine linear_blend --factor 2"
TRAIN = "train teacher --config {in}/tiny.yaml -o {out}/run --accelerator cpu --devices 1"

REGISTRY = {
    "one name": ((), (ADD + "mine", ADD + "mine"), [0, 3], {"mine"}),
    "two names": ((), (ADD + "mine", ADD + "other"), [0, 0], {"mine", "other"}),
    "removed twice": ((ADD + "mine",), ("models remove mine", "models remove mine"), [0, 3], set()),
    "removed and added": ((ADD + "mine",), ("models remove mine", ADD + "other"), [0, 0], {"other"}),
    "repaired twice": ((ADD + "mine", "damage"), ("models repair", "models repair"), None, {"mine"}),
}
"""What comes before, the two, their exit codes, and the models there are then."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no fork")


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    """A process that starts commands."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "in").mkdir()
    write_inputs(folder / "in")
    made = Starter(folder)
    yield made
    made.stop()


@pytest.fixture
def out(starter):
    """The empty folder of outputs."""
    return emptied(starter)


def emptied(starter):
    shutil.rmtree(starter.folder / "out", ignore_errors=True)
    (starter.folder / "out" / "tmp").mkdir(parents=True)
    return starter.folder / "out"


@pytest.mark.parametrize("name", list(REGISTRY) if STARTS else ["one name"])
def test_the_registry_is_whole(starter, name, record_property):
    before, both, codes, models = REGISTRY[name]
    for _ in range(STARTS or 1):
        out = emptied(starter)
        for line in before:
            if line == "damage":
                (out / "models" / "models.json").write_text("{")
            else:
                assert starter.run(line).code == 0
        ended = starter.run_both(*both)
        found = sorted(one.code for one in ended)
        assert found == codes or (codes is None and found in ([0, 0], [0, 3])), ended
        registry = Registry(user=out / "models")
        assert {entry.name for entry in registry.of_the_user()} == models
        for entry in registry.of_the_user():
            registry.verify(entry)
        assert {path.name for path in (out / "models").glob("*.safetensors")} == {
            f"{one}.safetensors" for one in models
        }
        assert not [path for path in left_in(out) if ".temporal_interp-" in path]
        assert all("Traceback" not in one.said for one in ended)
    record_property("fuzzed", f"two at once, {name}: {STARTS or 1} starts, all whole")


@pytest.mark.skipif(not STARTS, reason="takes minutes")
def test_a_folder_is_trained_in_by_one_and_the_other_is_told_by_whom(starter, record_property):
    ends = Counter()
    for _ in range(max(1, STARTS // 4)):
        out = emptied(starter)
        ended = starter.run_both(TRAIN, TRAIN)
        codes = sorted(one.code for one in ended)
        assert codes in ([0, 0], [0, 3]), ended
        if codes == [0, 3]:
            said = next(one.said for one in ended if one.code)
            assert "is in use by process" in said, said
            assert "Wait for it, stop it, or choose another folder" in said, said
        ends["refused" if codes == [0, 3] else "one after the other"] += 1
        assert load_model(out / "run" / "teacher" / "teacher.safetensors").kind == "teacher"
        assert not [path for path in left_in(out) if ".temporal_interp-" in path or path.endswith(".in-use")]
    record_property("fuzzed", f"two at once, trainings: {dict(ends)}, all whole")


@pytest.mark.skipif(not STARTS, reason="two are enough in the tests of files")
def test_a_result_is_that_of_one(starter, record_property):
    for _ in range(STARTS):
        out = emptied(starter)
        ended = starter.run_both(INTERPOLATE, INTERPOLATE)
        assert sorted(one.code for one in ended) == [0, 3], ended
        assert len(read_sequence(out / "fine.seq.nrrd")) == 5
        assert set(left_in(out)) == {"fine.seq.nrrd", "tmp"}
    record_property("fuzzed", f"two at once, one result: {STARTS} starts, all whole")
