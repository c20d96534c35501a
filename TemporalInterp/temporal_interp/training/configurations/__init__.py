"""Configuration files that come with the program, by name."""
