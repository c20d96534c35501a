"""Hold-out evaluation: frames of a real sequence are hidden, synthesised by the engines, and compared."""
