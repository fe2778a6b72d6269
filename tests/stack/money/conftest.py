"""The stack under fire, once for all tests, and one call that its provider never answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any

import pytest

from tests.fakes.faulty_aws import FaultyAws
from tests.fakes.upstream import FakeUpstream
from tests.sound import tone_wav
from tests.stack.conftest import RunningStack
from tests.stack.money.bank import CATALOG, TEXT, Bank, Customer, failing_project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for the endless call comes last of this folder, whatever the order: by then it has ended."""
    items.sort(key=lambda item: "endless" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="package")
def running_bank(run_stack: Callable[..., RunningStack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("fire")
    with FakeUpstream() as upstream, FaultyAws() as aws:
        catalog = folder / "catalog.toml"
        catalog.write_text(CATALOG.read_text().replace("@UPSTREAM@", upstream.base_url))
        project = failing_project(folder / "project", aws.endpoint_url)
        running = run_stack(project, AUDIO_GATEWAY_CATALOG=str(catalog), AUDIO_GATEWAY_SWEEP_SECONDS="1")
        bank = Bank(running, aws, upstream)
        bank.endless = _endless(bank)
        yield bank
        kept = bank.everything_kept()
        assert [secret for secret in (TEXT, *(customer.key for customer in bank.customers)) if secret in kept] == []
        bank.close()
        running.stop()


def _endless(bank: Bank) -> Any:
    """A customer, and what comes of a call that its provider does not answer: it takes as long as all other tests."""
    customer, outcome = bank.customer(), SimpleQueue[Any]()

    def call() -> None:
        started = monotonic()
        try:
            refused: Any = customer.refused(customer.write, ("a.wav", tone_wav(1)), model="endless-stt")
        except BaseException as error:  # noqa: BLE001 - whoever asks for the outcome wants to see it
            refused = error
        outcome.put((refused, monotonic() - started))

    Thread(target=call, daemon=True).start()
    customer.wait_until(lambda: bool(bank.upstream.calls), "the provider was not asked")
    return customer, outcome


@pytest.fixture(scope="package")
def endless(running_bank: Bank) -> Any:
    """See `_endless`."""
    return running_bank.endless


@pytest.fixture
def bank(running_bank: Bank) -> Iterator[Bank]:
    """The bank, with nothing to fail and a provider that has heard nothing yet."""
    running_bank.aws.reset()
    running_bank.upstream.reset()
    yield running_bank
    running_bank.aws.reset()
    running_bank.upstream.reset()


@pytest.fixture
def known(customer: Customer, bank: Bank) -> Customer:
    """A customer whose limits the function has learned, so that its next write decides; one answer is paid."""
    customer.say()
    bank.upstream.reset()
    return customer


@pytest.fixture
def customer(bank: Bank) -> Customer:
    """Somebody without limits."""
    return bank.customer()


@pytest.fixture(scope="package")
def pool() -> Iterator[ThreadPoolExecutor]:
    """For calls that run while the test does something else."""
    with ThreadPoolExecutor(32) as pool:
        yield pool
