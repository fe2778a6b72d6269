"""Kill -9 of the function's process at every step: after the sweeper the money is right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fakes.owners import process_of
from tests.stack.money.bank import ADMIT, PRICE, RELEASE, Bank, Customer, Refused, kill

pytestmark = pytest.mark.stack


def crash(bank: Bank, customer: Customer, pool: ThreadPoolExecutor, **moment: Any) -> Refused:
    """A call whose process is killed at a moment of its money."""
    pause = bank.aws.pause(times=2, **moment)  # it may take a moment to find the process
    call: Future[Refused] = pool.submit(customer.refused)
    kill(pause.arrived().process)
    refused = call.result(60)
    pause.drop()
    return refused


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
def test_a_process_that_is_killed_leaves_the_money_right(
    bank: Bank, known: Customer, pool: ThreadPoolExecutor, moment: Moment
) -> None:
    refused = crash(bank, known, pool, after=moment.after, **moment.step(known))
    assert refused.status == 502
    assert len(known.holds) == int(moment.held)
    assert len(bank.upstream.calls) == int(moment.step is not admission)
    known.settle_up()
    assert known.outcomes == [ANSWERED, *moment.swept]
    known.say()
    known.books_are_right()


def test_a_process_that_is_killed_while_the_provider_works_leaves_the_money_right(
    bank: Bank, known: Customer, pool: ThreadPoolExecutor
) -> None:
    bank.upstream.script("held")
    call = pool.submit(known.refused)
    known.wait_until(lambda: bool(bank.upstream.calls), "the provider was not asked")
    kill(process_of(bank.upstream.calls[0].connection, bank.upstream.port))
    assert call.result(60).status == 502
    assert len(known.holds) == 1
    known.settle_up()
    assert known.outcomes == [ANSWERED, ABANDONED]


def test_what_a_killed_process_had_sent_may_arrive_late(bank: Bank, known: Customer, pool: ThreadPoolExecutor) -> None:
    pause = bank.aws.pause(**row(known))
    call = pool.submit(known.refused)
    kill(pause.arrived().process)
    assert call.result(60).status == 502
    known.settle_up()
    before = bank.aws.count("PutItem", "LEDGER#")
    pause.forward()
    known.wait_until(lambda: bank.aws.count("PutItem", "LEDGER#") > before, "it never arrived")
    known.books_are_right()
    assert known.outcomes == [ANSWERED, ABANDONED]


def test_others_are_served_while_a_process_dies(bank: Bank, known: Customer, pool: ThreadPoolExecutor) -> None:
    pause = bank.aws.pause(**row(known))
    dying = pool.submit(known.refused)
    process = pause.arrived().process
    others = [pool.submit(known.say) for _ in range(8)]
    kill(process)
    assert dying.result(60).status == 502
    pause.drop()
    for other in others:
        assert other.result(60).content
    known.settle_up()
    assert sorted(known.outcomes) == sorted([ANSWERED] * 9 + [ABANDONED])
