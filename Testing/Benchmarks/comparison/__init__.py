"""The benchmark: our engines and established methods on the same frames, each in a process of its own."""
