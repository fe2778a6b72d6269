"""One stack with faults for all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.faulty_aws import FaultyAws
from tests.fakes.upstream import FakeUpstream
from tests.stack.conftest import RunningStack
from tests.stack.money.faulty_stack import CATALOG, TEXT, Customer, FaultyStack, project_with_faults


@pytest.fixture(scope="package")
def running_faulty_stack(
    run_stack: Callable[..., RunningStack], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FaultyStack]:
    folder = tmp_path_factory.mktemp("fire")
    with FakeUpstream() as upstream, FaultyAws() as aws:
        catalog = folder / "catalog.toml"
        catalog.write_text(CATALOG.read_text().replace("@UPSTREAM@", upstream.base_url))
        project = project_with_faults(folder / "project", aws.endpoint_url)
        running = run_stack(project, AUDIO_GATEWAY_CATALOG=str(catalog), AUDIO_GATEWAY_SWEEP_SECONDS="1")
        faulty_stack = FaultyStack(running, aws, upstream)
        yield faulty_stack
        kept = faulty_stack.everything_kept()
        assert [
            secret for secret in (TEXT, *(customer.key for customer in faulty_stack.customers)) if secret in kept
        ] == []
        faulty_stack.close()
        running.stop()


@pytest.fixture
def faulty_stack(running_faulty_stack: FaultyStack) -> Iterator[FaultyStack]:
    """The stack, without faults and with a provider that has no calls yet."""
    running_faulty_stack.aws.reset()
    running_faulty_stack.upstream.reset()
    yield running_faulty_stack
    running_faulty_stack.aws.reset()
    running_faulty_stack.upstream.reset()


@pytest.fixture
def known(customer: Customer, faulty_stack: FaultyStack) -> Customer:
    """A customer whose limits the function has read already: its next write decides. One answer is paid."""
    customer.speak()
    faulty_stack.upstream.reset()
    return customer


@pytest.fixture
def customer(faulty_stack: FaultyStack) -> Customer:
    """A customer without limits."""
    return faulty_stack.customer()


@pytest.fixture(scope="package")
def pool() -> Iterator[ThreadPoolExecutor]:
    """For calls that run while the test does something else."""
    with ThreadPoolExecutor(32) as pool:
        yield pool
