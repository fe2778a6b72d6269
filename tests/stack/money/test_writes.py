"""What is written: as often, as much and as little as it should be."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest
from openai import APIError

from tests.fakes.faulty_aws import SERVER_ERROR
from tests.sound import clip
from tests.stack.money.faulty_stack import PRICE, Customer, FaultyStack

pytestmark = pytest.mark.stack


def test_the_ledger_counts_as_the_provider_does(
    faulty_stack: FaultyStack, customer: Customer, pool: ThreadPoolExecutor
) -> None:
    behaviours = list(islice(cycle(["", "status=500", "", "", "cut", "status=429", ""]), 28))
    faulty_stack.upstream.script(*behaviours)
    texts = ["la " * length + "." for length in range(1, 29)]

    def say(text: str) -> tuple[str, str] | None:
        try:
            answer = customer.speak(text)
        except APIError:
            return None
        return answer.headers["x-request-id"], text

    answered = dict(filter(None, [call.result(60) for call in [pool.submit(say, text) for text in texts]]))
    assert len(faulty_stack.upstream.calls) == 28
    assert len(answered) == behaviours.count("")
    paid = {row.request_id: row.amount for row in customer.rows if row.outcome != "failed"}
    assert paid == {id_: len(text) for id_, text in answered.items()}
    unbilled = [row for row in customer.rows if row.outcome == "failed"]
    assert len(unbilled) == behaviours.count("cut")
    assert all((row.price_microusd, row.cost_microusd) == (0, row.held_amount) for row in unbilled)
    heard = sorted(call.value("input") for call in faulty_stack.upstream.calls)
    assert heard == sorted(texts)
    customer.assert_account_matches_ledger()


def test_the_cost_in_the_answer_is_the_row_s(customer: Customer) -> None:
    answers = [customer.speak(), customer.speak(model="dear-tts"), customer.transcribe(("a.wav", clip("austen-0880")))]
    reported = [round(float(answer.headers["x-audio-gateway-cost-usd"]) * 1e6) for answer in answers]
    assert reported == [row.price_microusd for row in customer.rows]
    assert reported[:2] == [PRICE, 5 * PRICE]
    assert [row.cost_microusd for row in customer.rows][:2] == [PRICE, 4 * PRICE]


@pytest.mark.parametrize(
    ("behaviour", "writes"),
    [("", ["UpdateItem", "PutItem", "UpdateItem"]), ("status=500", ["UpdateItem", "UpdateItem"])],
    ids=["answered", "failed"],
)
def test_a_request_writes_once_before_the_provider_and_twice_after_it(
    faulty_stack: FaultyStack, customer: Customer, behaviour: str, writes: list[str]
) -> None:
    faulty_stack.upstream.script(behaviour)
    if behaviour:
        customer.refused()
    else:
        customer.speak()
    # The one that was refused taught the function the key's limits.
    assert [call.operation for call in customer.writes if call.status == 200] == writes
    assert len([call for call in customer.writes if call.status != 200]) <= 1


def test_a_refused_request_writes_nothing(faulty_stack: FaultyStack) -> None:
    customer = faulty_stack.customer(monthly_budget_usd="0.000001")
    assert customer.refused().status == 429
    assert [(call.operation, call.status) for call in customer.writes] == [("UpdateItem", 400)] * 2
    assert customer.committed == 0


def test_no_text_audio_or_key_is_kept(faulty_stack: FaultyStack, customer: Customer) -> None:
    sound = clip("austen-0870")
    customer.speak("Xanadu measureless to man.", instructions="Whisper, Coleridge.")
    rule = customer.fault_in_row(SERVER_ERROR, times=None)
    transcript = customer.transcribe(("kubla-khan.wav", sound), prompt="Alph the sacred river").parse().text
    rule.stop()
    assert transcript
    secret = ["Xanadu", "Coleridge", "kubla", "Alph", transcript, *(other.key for other in faulty_stack.customers)]
    secret += [
        faulty_stack.info["api_key"],
        faulty_stack.info["admin_key"],
        base64.b64encode(sound[2000:2030]).decode(),
    ]
    for _ in ("with a pending settlement", "without"):
        kept = faulty_stack.everything_kept()
        assert [word for word in secret if word in kept] == []
        assert customer.key_id in kept, "it looked at something else"
        customer.expire_and_sweep()
