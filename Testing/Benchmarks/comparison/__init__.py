"""The benchmark: our engines beside what people use now, on the same frames, each in a process of its own."""
