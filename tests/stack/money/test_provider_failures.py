"""A provider that fails is free, and leaves no hold; silence is paid."""

from __future__ import annotations

import pytest
from openai import APIError

from tests.sound import clip, tone_wav, wav
from tests.stack.money.faulty_stack import PRICE, Customer, FaultyStack, timed

pytestmark = pytest.mark.stack

FAILURES = {
    "429": ("status=429", {429}, False),
    "quota used up": ("status=429!code=insufficient_quota", {503}, False),
    "key refused": ("status=401", {502}, False),
    "500": ("status=500", {502, 503}, False),
    "503": ("status=503", {503}, False),
    "input rejected": ("status=400!message=No.", {400}, False),
    "connection broken": ("hangup", {502, 503}, True),
    "HTML with 200": ("html", {502}, True),
    "empty body": ("empty", {502}, True),
    "something else with 200": ("garbage", {502}, True),
}
SECOND_MS = 1000


def free(customer: Customer, *costs: int) -> bool:
    """Nothing is held or paid, and the provider may take these costs."""
    reported = [(row.outcome, row.price_microusd, row.amount, row.cost_microusd) for row in customer.rows]
    unpaid = [("failed", 0, 0, cost) for cost in costs]
    return (customer.holds, reported, customer.committed, customer.pending_settlements) == ([], unpaid, 0, [])


@pytest.mark.parametrize("endpoint", ["speech", "transcriptions"])
@pytest.mark.parametrize(("behaviour", "expected", "worked"), FAILURES.values(), ids=FAILURES)
def test_a_provider_s_failure_is_free(
    faulty_stack: FaultyStack, customer: Customer, behaviour: str, expected: set[int], worked: bool, endpoint: str
) -> None:
    faulty_stack.upstream.script(behaviour)
    refused = (
        customer.refused() if endpoint == "speech" else customer.refused(customer.transcribe, ("a.wav", tone_wav(1)))
    )
    assert refused.status in expected
    assert "x-audio-gateway-cost-usd" not in refused.headers
    assert len(faulty_stack.upstream.calls) == 1
    cost = PRICE if endpoint == "speech" else SECOND_MS
    assert free(customer, *[cost] * worked)


def test_a_provider_that_takes_longer_than_its_time_is_free(faulty_stack: FaultyStack, customer: Customer) -> None:
    faulty_stack.upstream.script("held")
    with timed(15):  # the platform's would be 26 s
        assert customer.refused(model="impatient-tts").status == 504
    assert free(customer, PRICE)


def test_an_answer_that_is_cut_is_free(faulty_stack: FaultyStack, customer: Customer) -> None:
    faulty_stack.upstream.script("cut", "cut")
    assert customer.refused(customer.transcribe, ("a.wav", tone_wav(1))).status in {502, 503}
    assert free(customer, SECOND_MS)
    customer.interrupted()
    assert free(customer, SECOND_MS, PRICE)


def test_a_stream_without_an_end_is_free(faulty_stack: FaultyStack, customer: Customer) -> None:
    faulty_stack.upstream.script("noend")
    events = customer.transcribe(("a.wav", tone_wav(1)), stream=True).parse()
    with pytest.raises(APIError), events:
        list(events)
    assert free(customer, SECOND_MS)


def test_an_answer_of_nothing_to_audible_speech_is_free(faulty_stack: FaultyStack, customer: Customer) -> None:
    faulty_stack.upstream.script("silent")
    assert customer.refused(customer.transcribe, ("a.wav", clip("austen-0880"))).status == 502
    (row,) = customer.rows
    assert row.cost_microusd == row.held_amount > 0
    assert free(customer, row.cost_microusd)


def test_silence_that_is_transcribed_as_nothing_is_an_answer_and_is_paid(
    faulty_stack: FaultyStack, customer: Customer
) -> None:
    answer = customer.transcribe(("a.wav", wav(bytes(2 * 16_000 * 2))))
    assert answer.parse().text == ""
    (row,) = customer.rows
    assert (row.unit, row.amount, row.price_microusd) == ("audio_ms", 2 * SECOND_MS, 2 * SECOND_MS)
    customer.assert_account_matches_ledger()


def test_a_failure_after_which_another_model_answers_costs_what_that_one_does(
    faulty_stack: FaultyStack, customer: Customer
) -> None:
    faulty_stack.upstream.script("status=500")
    assert customer.speak(model="dear-tts").headers["x-audio-gateway-model"] == "tts"
    assert [(row.model, row.price_microusd) for row in customer.rows] == [("tts", PRICE)]
    customer.assert_account_matches_ledger()
