"""A process that has imported the program, and starts commands as children of its own, each in a moment.

It reads a line of JSON for each command, {"arguments": [...], "folder": ..., "log": ...}, answers with the number of
the child, and when that has ended, with its status.
"""

import importlib
import json
import os
import pkgutil
import sys

import temporal_interp
from temporal_interp.signals import end_at_once


def import_all() -> None:
    """Import every module of the program: a command that starts then has but its work before it."""
    for module in pkgutil.walk_packages(temporal_interp.__path__, "temporal_interp."):
        importlib.import_module(module.name)


def become(arguments: list[str], folder: str, log: str) -> None:
    """Be a command from now on, to its end."""
    end_at_once()
    os.chdir(folder)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    from temporal_interp.cli import run

    sys.argv = ["temporal-interp", *arguments]
    run()


if __name__ == "__main__":
    import_all()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(**json.loads(line))
            sys.exit()
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
