"""What a training draws in its epochs."""

from temporal_interp.training.datasets.batch import EpochSampler


def test_every_epoch_draws_its_own_samples_in_its_own_order(training, discs, tmp_path):
    notes = tmp_path / "notes.txt"
    training.teacher(epochs=3, source=discs(4, notes=notes), seed=2)
    sampler, expected = EpochSampler(4, seed=2), []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        expected += [index for _, index in sampler]
    assert [int(line) for line in notes.read_text().split()] == expected
