"""Dense tracking: the motion through a sequence, and what follows from it: points, contours, strain and flow."""
