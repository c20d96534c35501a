"""What all fits share: the schedule, the detection of a plateau, and resuming from a checkpoint."""
