"""See `panel`."""
