"""The loaders of a training and of its validation, as a data module of Lightning."""

from __future__ import annotations

import lightning
import torch
from torch.utils.data import DataLoader

from temporal_interp.data.training_sample import SampleSource, TrainingSample
from temporal_interp.training.datasets.batch import Batch, DrawnSamples, EpochSampler, ValidationSampler
from temporal_interp.training.settings import TrainingSettings


class SampleData(lightning.LightningDataModule):
    """Loaders of the batches drawn from two sources.

    Args:
        training: source of the training samples.
        validation: source of the samples that choose the best checkpoint, from which no network learns, or None.
        settings: settings of the training.
    """

    def __init__(self, training: SampleSource, validation: SampleSource | None, settings: TrainingSettings) -> None:
        super().__init__()
        self.training = training
        self.validation = validation
        self.settings = settings

    def train_dataloader(self) -> DataLoader[TrainingSample]:
        """Return the training batches of this process, which has its share of every batch."""
        rank, processes = self._share()
        sampler = EpochSampler(len(self.training), self.settings.seed, rank=rank, processes=processes)
        return self._loader(self.training, sampler, drop_last=len(sampler) >= self.settings.batch_size // processes)

    def val_dataloader(self) -> DataLoader[TrainingSample] | list[DataLoader[TrainingSample]]:
        """Return the validation batches of this process; none without validation samples."""
        if self.validation is None:
            return []
        rank, processes = self._share()
        return self._loader(self.validation, ValidationSampler(len(self.validation), rank=rank, processes=processes))

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Return a batch on the device of the network."""
        return batch.to(device)

    def _share(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    def _loader(
        self, source: SampleSource, sampler: EpochSampler | ValidationSampler, *, drop_last: bool = False
    ) -> DataLoader[TrainingSample]:
        return DataLoader(
            DrawnSamples(source, self.settings.seed),
            batch_size=max(1, self.settings.batch_size // self._share()[1]),
            sampler=sampler,
            num_workers=self.settings.workers,
            persistent_workers=self.settings.workers > 0,
            collate_fn=Batch.of,
            drop_last=drop_last,
        )
