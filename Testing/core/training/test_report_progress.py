"""The progress of a training."""

import re

import pytest


def test_progress_reaches_one(training):
    reports = []
    training.teacher(epochs=2, progress=lambda fraction, message: reports.append((fraction, message)))
    fractions = [fraction for fraction, _ in reports]
    assert fractions == pytest.approx([n / 6 for n in range(1, 7)])
    assert reports[3][1].startswith("epoch 2 of 2, loss 0.")


def test_the_progress_tells_how_long_an_epoch_takes(training):
    messages = []
    training.teacher(epochs=2, progress=lambda fraction, message: messages.append(message))
    assert not any("s an epoch" in message for message in messages[:3])
    assert all(re.search(r", \d[\d.e-]* s an epoch$", message) for message in messages[3:])
