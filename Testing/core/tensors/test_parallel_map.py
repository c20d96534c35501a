"""Pieces of work on several threads: their order, their errors, and what is left behind."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from temporal_interp.tensors.parallel_map import parallel_map


@pytest.fixture(params=[1, 3], ids=["one thread", "three threads"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items(threads):
    assert parallel_map(lambda n: n * n, range(20)) == [n * n for n in range(20)]
    assert parallel_map(lambda n: n, []) == []


def test_as_many_items_as_threads_are_worked_on_at_once_by_one_thread_each(threads):
    together = threading.Barrier(threads, timeout=10)

    def work(_):
        together.wait()
        return torch.get_num_threads()

    assert parallel_map(work, range(3 if threads == 3 else 1)) == [1] * threads


def test_a_single_item_has_all_threads(threads):
    assert parallel_map(lambda _: torch.get_num_threads(), [0]) == [threads]


def test_threads_that_come_later_have_the_number_of_before(threads):
    parallel_map(torch.ones, range(6))
    assert torch.get_num_threads() == threads
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == threads


def test_an_error_is_raised_and_the_number_of_threads_kept(threads):
    def work(n):
        if n == 2:
            raise ValueError("two")
        return n

    with pytest.raises(ValueError, match="two"):
        parallel_map(work, range(6))
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("gradients", [False, True])
def test_threads_record_gradients_or_not_as_the_one_that_calls(threads, inference, gradients):
    with torch.set_grad_enabled(gradients), torch.inference_mode(inference):
        modes = parallel_map(lambda _: (torch.is_inference_mode_enabled(), torch.is_grad_enabled()), range(6))
        assert modes == [(torch.is_inference_mode_enabled(), torch.is_grad_enabled())] * 6
