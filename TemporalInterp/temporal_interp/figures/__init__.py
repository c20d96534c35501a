"""Pictures of sequences, predictions and fields, for reports and the README. Drawn without a screen."""
