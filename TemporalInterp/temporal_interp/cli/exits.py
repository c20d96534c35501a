"""Turns what went wrong into one line and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import typer
from typer.core import TyperGroup

from temporal_interp.cli.console import Console
from temporal_interp.cli.extras import missing_extra
from temporal_interp.errors import CancelledError, TemporalInterpError

if TYPE_CHECKING:  # typer.Context is a subclass of what a group is given, which typer does not export
    from typer._click import Context

USAGE, INVALID_INPUT, CANCELLED = 2, 3, 130

EXIT_CODES = (
    "Exit codes: 0 done; 2 wrong usage; 3 input or output that cannot be worked with; 130 cancelled (Ctrl-C), in "
    "which case nothing has been written but what is said to be kept."
)

UsageError = cast(type[typer.BadParameter], typer.BadParameter.__base__)
"""The class of every mistake in the arguments; typer does not export it by name."""


@contextmanager
def exit_on_error(console: Console) -> Iterator[None]:
    """Report an expected error in one line and leave with its exit code; let any other through."""
    try:
        yield
    except TemporalInterpError as error:
        console.error(str(error))
        raise typer.Exit(INVALID_INPUT) from error
    except ModuleNotFoundError as error:
        advice = missing_extra(error)
        if advice is None:
            raise
        console.error(advice)
        raise typer.Exit(INVALID_INPUT) from error
    except BrokenPipeError:  # the reader of our output has left, as in `... | head`: typer ends quietly
        raise
    except OSError as error:
        console.error(f"{error.filename or 'Reading or writing failed'}: {error.strerror or error}")
        raise typer.Exit(INVALID_INPUT) from error
    except (KeyboardInterrupt, CancelledError) as error:
        console.error(str(error) or "Cancelled; nothing has been written.")
        raise typer.Exit(CANCELLED) from error
    except UsageError as error:
        if not console.machine_readable:
            raise
        console.error(error.format_message())
        raise typer.Exit(USAGE) from error


class CommandGroup(TyperGroup):
    """The subcommands, every one run under `exit_on_error`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Note early whether errors go to a program: a subcommand's own options may be what is wrong."""
        ctx.obj = Console(machine_readable="--json" in args)
        with exit_on_error(ctx.obj):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> object:
        """Run the subcommand."""
        with exit_on_error(ctx.obj):
            return super().invoke(ctx)
