"""The operations that the command line, the Slicer layer and scripts call."""
