"""What the command line, the Slicer layer and a script all call."""
