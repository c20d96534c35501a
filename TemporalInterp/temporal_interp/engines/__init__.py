"""The engines: methods that synthesise the instants between the frames of a sequence.

Every module of this package is light, without NumPy even: what an engine needs to compute is imported when it first
prepares a gap, so that `--help` is quick and the list of engines can be shown where PyTorch is not installed. A module
with a `SPEC` is an engine; `registry` finds it.
"""
