"""The sections of the module's panel, one class each; `widget` puts them together."""  # noqa: N999
