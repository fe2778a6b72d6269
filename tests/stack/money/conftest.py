"""The stack under fire, once for all tests, and one call that its provider never answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.fakes.faulty_aws import FaultyAws
from tests.fakes.upstream import FakeUpstream
from tests.sound import tone_wav
from tests.stack.conftest import RunningStack
from tests.stack.money.bank import CATALOG, TEXT, Bank, Customer, Refused, failing_project


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


def _endless(bank: Bank) -> tuple[Customer, Future[Refused]]:
    """A customer, and a call that its provider does not answer: it takes as long as all other tests."""
    customer, pool = bank.customer(), ThreadPoolExecutor(1)
    call = pool.submit(customer.refused, customer.write, ("a.wav", tone_wav(1)), model="endless-stt")
    pool.shutdown(wait=False)
    customer.wait_until(lambda: bool(bank.upstream.calls), "the provider was not asked")
    return customer, call


@pytest.fixture(scope="package")
def endless(running_bank: Bank) -> tuple[Customer, Future[Refused]]:
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
