"""The settings of a training."""

from temporal_interp.training.settings import TrainingSettings


def test_the_defaults_are_the_papers():
    settings = TrainingSettings()
    assert (settings.epochs, settings.batch_size, settings.learning_rate) == (200, 1, 1e-4)
    assert (settings.regularisation, settings.distillation, settings.alignment) == (0.1, 0.1, 1.0)
    assert (settings.motion, settings.averaging) == (0.0, 0.0)
