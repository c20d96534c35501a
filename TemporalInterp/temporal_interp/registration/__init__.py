"""Registration of two volumes by a field fitted to them alone."""
