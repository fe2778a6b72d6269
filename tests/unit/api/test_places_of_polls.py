"""The account limits how many polls wait. The official SDK is used unchanged."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from openai import OpenAI

from audio_gateway.jobs.job import Job
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import account_key, hold_text, new_account_item
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.waiting_polls import LIFE_S, WaitingPolls
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.front import Front, an_event_loop
from tests.fakes.gateway import API_CALLER, Answer
from tests.unit.api.test_jobs import TEXT, Gateway
from tests.unit.api.test_one_call import LinkedResults, Service

TABLE = "table"
KEY = API_CALLER["key_id"]


class Account:
    """A key with a concurrency of one, whose only hold is a job's."""

    def __init__(self) -> None:
        self.table = FakeDynamoDB()
        self.now_ms = 1_796_083_140_000
        self._one_at_a_time = threading.Lock()
        work = MeteredRequest("job_1", "speech", "speaker", "characters", 9, 9, 0)
        holds = {"M": {"job_1": {"S": hold_text(Hold(Payer(KEY, "default"), work, self.now_ms, 1))}}}
        item = new_account_item(KEY, Limits(concurrent_requests=1))
        self.table.put_item(TableName=TABLE, Item=item | {"holds": holds, "open_jobs": {"SS": ["job_1"]}})

    def update_item(self, **arguments: Any) -> Any:
        with self._one_at_a_time:
            return self.table.update_item(**arguments)

    def give_places_to(self, gateway: Gateway) -> None:
        def begin(key_id: str) -> str:  # each poll is in its own process
            return WaitingPolls(self, TABLE, lambda: self.now_ms).begin(key_id)  # type: ignore[arg-type] # all that it calls

        waits: Any = gateway.waits
        waits.begin = begin
        waits.end = WaitingPolls(self, TABLE).end  # type: ignore[arg-type]

    @property
    def waiting(self) -> list[str]:
        item = self.table.get_item(Key=account_key(KEY))["Item"]
        return list(item.get("waits", {"SS": []})["SS"])


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def client() -> Iterator[tuple[OpenAI, Front]]:
    with Front() as front, OpenAI(base_url=front.base_url, api_key="sk-x", max_retries=0) as client:
        front.wait_s = 25
        yield client, front


def test_a_key_with_one_place_waits_for_its_own_long_call(
    account: Account, client: tuple[OpenAI, Front], monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk, front = client
    results = LinkedResults()
    results.url = front.bucket_url
    front.behind = service = Service(results)
    account.give_places_to(service)
    seen: list[int] = []

    def sleep(_seconds: float) -> None:
        seen.append(len(account.waiting))
        service.pass_time()

    monkeypatch.setattr("audio_gateway.api.job_wait.time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    audio = sdk.audio.speech.create(model="slow-speaker", input=TEXT, voice="alloy", response_format="pcm").content
    front.finish()
    assert len(audio) == len(TEXT) * 480
    assert (seen, account.waiting) == ([1], [])
    assert (len(service.store.kept), len(service.accounts.rows)) == (1, 1)


def test_of_eight_simultaneous_polls_one_waits_and_the_others_are_refused_immediately(account: Account) -> None:
    gateway = Gateway()
    account.give_places_to(gateway)
    job: Job = gateway.store.kept[gateway.write(("background", "true")).json["id"]]
    redirected: list[Answer] = []
    seven = threading.Event()

    def poll() -> Answer:
        with an_event_loop():
            answer = gateway.content(job.id, wait="25")
        redirected.append(answer)
        if len(redirected) == 7:
            seven.set()
        return answer

    with ThreadPoolExecutor(8) as pool:
        polls = [pool.submit(poll) for _ in range(8)]
        assert seven.wait(20), "they are told before the job is over"
        assert len(account.waiting) == 1
        gateway.run(job)
        answers = [each.result(20) for each in polls]
    refused = [answer for answer in answers if answer.status == 429]
    assert sorted(answer.status for answer in answers) == [200, *[429] * 7]
    assert {(answer.headers["retry-after"], answer.error["code"]) for answer in refused} == {
        ("25", "rate_limit_exceeded")
    }
    assert account.waiting == []


def test_the_place_of_a_poll_that_was_killed_is_free_after_half_a_minute(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway()
    account.give_places_to(gateway)
    job: Job = gateway.store.kept[gateway.write(("background", "true")).json["id"]]
    gateway.waits.begin(KEY)
    assert gateway.content(job.id, wait="25").status == 429
    account.now_ms += (LIFE_S + 1) * 1000
    monkeypatch.setattr("time.sleep", lambda _seconds: gateway.run(job))
    assert gateway.content(job.id, wait="25").status == 200
    assert account.waiting == []
