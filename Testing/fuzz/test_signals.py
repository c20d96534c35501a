"""Signals at random moments of every command: it ends in a word, nothing is left behind, and the next run works."""

import os
import random
import shutil
import signal
from collections import Counter

import pytest

from interrupted import COMMANDS, ENDS, Starter, left_in, write_inputs

TIMES = int(os.environ.get("FUZZ_SIGNALS", "0"))
"""Signals for every command; 0 is one for each of the quick ones."""

WORDS = ("Cancelled", "cancelled")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    """A process that starts commands."""
    folder = tmp_path_factory.mktemp("signals")
    (folder / "in").mkdir()
    write_inputs(folder / "in")
    made = Starter(folder)
    yield made
    made.stop()


def begin(starter, command):
    """Empty the folder of outputs, and do what comes before the command."""
    shutil.rmtree(starter.folder / "out", ignore_errors=True)
    (starter.folder / "out" / "tmp").mkdir(parents=True)
    for line in command.before:
        if line == "damage":
            (starter.folder / "out" / "models" / "models.json").write_text("{")
        else:
            assert starter.run(line).code == 0


def whole_again(starter, command, whole):
    """The next run does what the interrupted one did not; of what a training keeps, the names are the same."""
    out = starter.folder / "out"
    shutil.rmtree(out / "tmp")  # of the system, which empties it
    (out / "tmp").mkdir()
    again = starter.run(f"{command.line} {command.again}")
    assert again.code == 0, again.said
    found = left_in(out)
    if command.keeps:
        hidden = [path for path in found if ".temporal_interp-" in path or path.endswith(".in-use")]
        assert not hidden
        assert set(whole) <= set(found)
    else:
        assert same(command, found, whole)


def same(command, found, whole):
    """Tell whether the results are the same; of commands that write how long they took, whether there are as many."""
    return set(found) == set(whole) if command.timed else found == whole


def check_left(command, before, whole, found):
    """Nothing is left that is half, or that nobody asked for."""
    if command.keeps:
        assert not [path for path in found if ".temporal_interp-" in path or path.endswith(".in-use")], found
    else:
        assert found == before or same(command, found, whole)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if TIMES or not command.slow])
def test_a_signal_leaves_all_or_nothing(starter, name, record_property):
    command, out = COMMANDS[name], starter.folder / "out"
    begin(starter, command)
    let_alone = starter.run(command.line)
    assert let_alone.code == 0, let_alone.said
    whole = left_in(out)
    chance, ends = random.Random(name), Counter()
    for turn in range(TIMES or 1):
        number = ENDS[turn % len(ENDS)] if TIMES else chance.choice(ENDS)
        begin(starter, command)
        before = left_in(out)
        ended = starter.run(command.line, number=number, after=1.1 * chance.random() * let_alone.seconds)
        about = f"{name}, {signal.Signals(number).name}, status {ended.code}: {ended.said}"
        assert "Traceback" not in ended.said, about
        if ended.code == 0:
            ends["done"] += 1
            if not command.keeps:
                assert same(command, left_in(out), whole), about
            continue
        if number == signal.SIGKILL:
            ends["killed"] += 1
            assert ended.code == -number, about
        else:
            ends["cancelled"] += 1
            assert ended.code == 128 + number, about
            assert any(word in ended.said for word in WORDS), about
            check_left(command, before, whole, left_in(out))
        if not same(command, left_in(out), whole):
            whole_again(starter, command, whole)
    told = ", ".join(f"{count} {how}" for how, count in sorted(ends.items()))
    record_property("fuzzed", f"signals, {name} ({let_alone.seconds:.1f} s): {told}")
