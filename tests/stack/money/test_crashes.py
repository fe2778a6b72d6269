"""Kill -9 of the function's process at every step: after the sweeper the account is right."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fakes.owners import process_of
from tests.stack.money.faulty_stack import ADMIT, PRICE, RELEASE, Customer, FaultyStack

pytestmark = pytest.mark.stack


def crash(faulty_stack: FaultyStack, customer: Customer, *, streams: bool, **moment: Any) -> None:
    """A call whose process is killed at a moment of its money, before or after its answer has begun."""
    pause = faulty_stack.aws.pause(kill=True, times=None, **moment)
    if streams:
        customer.interrupted()
    else:
        assert customer.refused().status == 502
    pause.drop()


def admission(customer: Customer) -> dict[str, Any]:
    return {"operation": "UpdateItem", "pk": customer.account, "containing": ADMIT}


def row(customer: Customer) -> dict[str, Any]:
    return {"operation": "PutItem", "pk": "LEDGER#", "containing": customer.key_id}


def release(customer: Customer) -> dict[str, Any]:
    return {"operation": "UpdateItem", "pk": customer.account, "containing": RELEASE}


ANSWERED, ABANDONED = ("answered", PRICE), ("abandoned", 0)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a process is killed, before or `after` the write took effect, and what comes of it."""

    step: Callable[[Customer], dict[str, Any]]
    after: bool
    held: bool
    swept: list[tuple[str, int]]


MOMENTS = {
    "before the admission": Moment(admission, after=False, held=False, swept=[]),
    "before the admission's answer": Moment(admission, after=True, held=True, swept=[ABANDONED]),
    "between the provider and the ledger": Moment(row, after=False, held=True, swept=[ABANDONED]),
    "when the row is written": Moment(row, after=True, held=True, swept=[ANSWERED]),
    "between the row and the release": Moment(release, after=False, held=True, swept=[ANSWERED]),
    "when all is settled": Moment(release, after=True, held=False, swept=[ANSWERED]),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_process_that_is_killed_leaves_the_account_right(
    faulty_stack: FaultyStack, known: Customer, moment: Moment
) -> None:
    crash(faulty_stack, known, streams=moment.step is not admission, after=moment.after, **moment.step(known))
    assert len(known.holds) == int(moment.held)
    assert len(faulty_stack.upstream.calls) == int(moment.step is not admission)
    known.expire_and_sweep()
    assert known.outcomes == [ANSWERED, *moment.swept]
    known.speak()
    known.assert_account_matches_ledger()


def test_a_process_that_is_killed_while_the_provider_works_leaves_the_account_right(
    faulty_stack: FaultyStack, known: Customer, pool: ThreadPoolExecutor
) -> None:
    faulty_stack.upstream.script("held")
    call = pool.submit(known.refused)
    known.wait_until(lambda: bool(faulty_stack.upstream.calls), "the provider was not asked")
    os.kill(process_of(faulty_stack.upstream.calls[0].connection, faulty_stack.upstream.port), signal.SIGKILL)
    assert call.result(60).status == 502
    assert len(known.holds) == 1
    known.expire_and_sweep()
    assert known.outcomes == [ANSWERED, ABANDONED]


def test_a_write_of_a_killed_process_may_arrive_late(faulty_stack: FaultyStack, known: Customer) -> None:
    pause = faulty_stack.aws.pause(kill=True, **row(known))
    known.interrupted()
    known.expire_and_sweep()
    before = faulty_stack.aws.count("PutItem", "LEDGER#")
    pause.forward()
    known.wait_until(lambda: faulty_stack.aws.count("PutItem", "LEDGER#") > before, "it never arrived")
    known.assert_account_matches_ledger()
    assert known.outcomes == [ANSWERED, ABANDONED]


def test_others_are_served_while_a_process_dies(
    faulty_stack: FaultyStack, known: Customer, pool: ThreadPoolExecutor
) -> None:
    pause = faulty_stack.aws.pause(kill=True, **row(known))
    outcomes = [call.result(60) for call in [pool.submit(known.outcome) for _ in range(9)]]
    pause.drop()
    assert Counter(outcomes) == {"answered": 8, "interrupted": 1}
    known.expire_and_sweep()
    assert sorted(known.outcomes) == sorted([ANSWERED] * 9 + [ABANDONED])
