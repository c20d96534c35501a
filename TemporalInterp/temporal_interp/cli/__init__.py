"""The command line, one file per subcommand.

Only the standard library, typer and `temporal_interp.errors` are imported at file scope, so that `--help` is quick;
torch and other slow packages are imported inside the commands.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper

from temporal_interp.cli.extras import missing_extra
from temporal_interp.signals import end_at_once


def run() -> None:
    """Run `temporal-interp`; without the extra `cli`, tell in one line how to install it."""
    end_at_once()
    for stream in (sys.stdout, sys.stderr):  # the name of a file need not be text
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        from temporal_interp.cli.main import main
    except ModuleNotFoundError as error:
        advice = missing_extra(error)
        if advice is None:
            raise
        sys.exit(f"Error: {advice}")
    main()
