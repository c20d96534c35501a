"""Hostile values of every option of every command: refused in words, or worked with; nothing half is left."""

import os
import random
import resource
import shutil
import signal
import time
from collections import Counter

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from interrupted import COMMANDS, left_in, write_inputs
from temporal_interp.cli.main import app

TIMES = int(os.environ.get("FUZZ_OPTIONS", "0"))
"""Values for every option; 0 is one for each, in commands that take no time."""

WORDS = (
    *("nan", "inf", "-inf", "-1", "0", "1", "1e308", "1e-308", "-0.0", "9" * 30, "999999999", "2147483648", "1e3"),
    *(
        "",
        " ",
        "abc",
        "1,nan",
        "nan,nan",
        "0,0,0",
        ",",
        "1,,2",
        "0x10",
        "1_000",
        "\u0663",
        "%s",
        "a\nb",
        "\udcff",
        "x" * 5000,
    ),
)
PATHS = (
    *("", ".", "..", "/dev/null", "/proc/self/mem", "/proc/nowhere/a.nrrd", "nowhere", "nowhere/at/all.nrrd"),
    *(
        "a\nb.nrrd",
        "\udcff.nrrd",
        "x" * 300 + ".nrrd",
        "~nobody/a.nrrd",
        "a.nrrd",
        "a.seq.nrrd",
        "a.mha",
        "a.safetensors",
    ),
    *("{in}", "{in}/cine.seq.nrrd", "{in}/0.nrrd", "{in}/m.safetensors", "{in}/tiny.yaml", "{in}/fifo"),
)
MORE_WORK = {"iterations", "steps", "epochs", "passes", "subjects", "seeds", "synthetic", "test_subjects", "phases"}
"""Options that ask for as much work as they say; it can be cancelled."""

LONGEST, MOST = 10, 400
"""Seconds of the processor, and MB by which the process may grow."""

QUICK = ("blend", "register", "slices apply", "phantom", "info", "models add", "models verify")
LINES = {name: command.line for name, command in COMMANDS.items() if name not in ("frames", "student", "models repair")}
LINES["models remove"] = "models remove nobody"
LINES["demo"] = "demo -o {out}/demo --device cpu"


def options_of(line):
    """Return the options of a command that take a value, and how they are written."""
    command = get_command(app)
    for word in line.split():
        if not hasattr(command, "commands"):
            break
        command = command.commands[word]
    return [option for option in command.params if option.opts[0].startswith("-") and not option.is_flag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with inputs of all commands, and a FIFO."""
    made = tmp_path_factory.mktemp("options")
    (made / "in").mkdir()
    write_inputs(made / "in")
    os.mkfifo(made / "in" / "fifo")
    return made


def too_long(number, frame):
    raise KeyboardInterrupt


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.skipif(os.name == "nt", reason="no FIFO and no alarm")
@pytest.mark.parametrize("name", list(LINES) if TIMES else list(QUICK))
def test_a_hostile_value_is_refused_in_words_or_worked_with(name, folder, monkeypatch, record_property):
    monkeypatch.setenv("TEMPORAL_INTERP_MODELS", str(folder / "models"))
    places = {"in": folder / "in", "out": folder / "out"}
    sources = left_in(folder / "in")
    chance, ends, slowest = random.Random(name), Counter(), 0.0
    for option in options_of(LINES[name]):
        if not TIMES and option.name in MORE_WORK:
            continue
        is_path = any(word in (option.metavar or "") for word in ("FILE", "DIR", "OUT", "WARPED"))
        values = PATHS if is_path else WORDS
        for value in chance.sample(values, min(TIMES or 1, len(values))):
            shutil.rmtree(folder / "out", ignore_errors=True)
            (folder / "out").mkdir()
            monkeypatch.chdir(folder / "out")
            line = [part.format(**places) for part in LINES[name].split()]
            name_of = next(name for name in option.opts if name.startswith("--"))
            given = f"{name_of}={value.format(**places) if is_path else value}"
            before, started = memory(), time.process_time()
            signal.signal(signal.SIGALRM, too_long)
            signal.alarm(30)
            result = CliRunner().invoke(app, [*line, given])
            signal.alarm(0)
            seconds = time.process_time() - started
            about = (
                f"{name} {given!r}: {result.exit_code}, {seconds:.1f} s, {result.output[-600:]} {result.exception!r}"
            )
            if result.exit_code == 130:
                assert option.name in MORE_WORK or seconds < LONGEST, about
                ends["cancelled"] += 1
                continue
            assert result.exit_code in (0, 2, 3), about
            assert result.exception is None or isinstance(result.exception, SystemExit), about
            assert seconds < LONGEST or option.name in MORE_WORK, about
            assert memory() - before < MOST, about
            ends[result.exit_code] += 1
            slowest = max(slowest, seconds)
            if result.exit_code:
                assert result.stderr.strip(), about
                if not COMMANDS[name].keeps:
                    assert not left_in(folder / "out"), about
            assert left_in(folder / "in") == sources, about
    told = f"{sum(ends.values()):>6} tried, {ends[0]:>5} done, {ends[2] + ends[3]:>5} refused, slowest {slowest:4.1f} s"
    record_property("fuzzed", f"options, {name:<17} {told}")
