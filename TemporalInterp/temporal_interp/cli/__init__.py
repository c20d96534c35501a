"""The command line, one file per subcommand.

Only the standard library, typer and `temporal_interp.errors` are imported at file scope, so that `--help` is quick;
torch and its company are imported inside the commands.
"""
