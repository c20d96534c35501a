"""Turns errors into one line and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import typer
from typer.core import TyperGroup

from temporal_interp.cli.console import Console
from temporal_interp.cli.extras import missing_extra
from temporal_interp.errors import CancelledError, TemporalInterpError
from temporal_interp.memory import free_memory, in_words, is_out_of_memory
from temporal_interp.signals import NOTHING_WRITTEN, at_work, received

if TYPE_CHECKING:  # a group is given a base class of typer.Context, which typer does not export
    from typer._click import Context

USAGE, INVALID_INPUT, CANCELLED = 2, 3, 130

EXIT_CODES = (
    "Exit codes: 0 done; 2 wrong usage; 3 unusable input or output; 130 cancelled (Ctrl-C), 143 by a signal to end. A "
    "cancelled command writes nothing, unless it says that it kept something."
)

NO_MEMORY = (
    "Close other programs, or give fewer frames or a smaller region; the linear blend (--engine linear_blend) needs "
    "the least."
)

UsageError = cast(type[typer.BadParameter], typer.BadParameter.__base__)
"""The class of every mistake in the arguments; typer does not export it by name."""


@contextmanager
def exit_on_error(console: Console) -> Iterator[None]:
    """Report an expected error in one line and exit with its code; let any other through."""
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
    except BrokenPipeError:  # the reader of our output is gone, as in `... | head`: typer ends quietly
        raise
    except OSError as error:
        if is_out_of_memory(error):
            raise _no_memory(console) from error
        console.error(f"{error.filename or 'Reading or writing failed'}: {error.strerror or error}")
        raise typer.Exit(INVALID_INPUT) from error
    except (KeyboardInterrupt, CancelledError) as error:
        console.error(str(error) or NOTHING_WRITTEN)
        raise typer.Exit(128 + received() if received() else CANCELLED) from error
    except MemoryError as error:
        raise _no_memory(console) from error
    except UsageError as error:
        if not console.machine_readable:
            raise
        console.error(error.format_message())
        raise typer.Exit(USAGE) from error
    except Exception as error:
        if received():  # a package that is being imported makes something else of a KeyboardInterrupt
            console.error(NOTHING_WRITTEN)
            raise typer.Exit(128 + received()) from error
        if is_out_of_memory(error):
            raise _no_memory(console) from error
        raise


def _no_memory(console: Console) -> typer.Exit:
    """Say that an allocation failed, and return what ends the program."""
    free = free_memory()
    there = "" if free is None else f"; {in_words(free)} are free"
    console.error(f"There is not enough memory for this{there}. {NO_MEMORY}")
    return typer.Exit(INVALID_INPUT)


class CommandGroup(TyperGroup):
    """The subcommands, every one run under `exit_on_error`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Note early whether errors go to a program: the error may be in a subcommand's own options."""
        ctx.obj = Console(machine_readable="--json" in args)
        with exit_on_error(ctx.obj):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> object:
        """Run the subcommand."""
        with exit_on_error(ctx.obj), at_work():  # before, nothing would tell of a signal in words
            return super().invoke(ctx)
