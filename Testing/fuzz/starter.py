"""A process that has imported the program, and starts commands as children of its own, each in a moment.

It reads a line of JSON for those that start at once, [{"arguments": [...], "folder": ..., "log": ...}, ...], answers
with the numbers of the children, and when they have ended, with their statuses.
"""

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from typing import Any

import temporal_interp
from temporal_interp.signals import ENDING, end_at_once


def import_all() -> None:
    """Import every module of the program: a command that starts then has but its work before it."""
    for module in pkgutil.walk_packages(temporal_interp.__path__, "temporal_interp."):
        importlib.import_module(module.name)


def become(arguments: list[str], folder: str, log: str) -> None:
    """Be a command from now on, to its end; Python itself, which has loaded far more than one needs, ends at once."""
    os.chdir(folder)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    end_at_once()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    from temporal_interp.cli import run

    sys.argv = ["temporal-interp", *arguments]
    try:
        run()
    except SystemExit as ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


def started(command: dict[str, Any]) -> int:
    """Start a command, and return the number of the child that it is."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # until it says where to write what it is sent
    child = os.fork()
    if child == 0:
        try:
            become(**command)
        except BaseException:  # as Python itself would
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    return child


if __name__ == "__main__":
    import_all()
    gc.freeze()  # the children share it
    print("ready", flush=True)
    for line in sys.stdin:
        children = [started(command) for command in json.loads(line)]
        print(json.dumps(children), flush=True)
        print(json.dumps([os.waitpid(child, 0)[1] for child in children]), flush=True)
