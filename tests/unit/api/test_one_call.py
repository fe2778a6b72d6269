"""One call of the official, unchanged SDK is one job and is paid once, whatever fails."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from openai import OpenAI

from audio_gateway.errors import MeteringUnavailable, RateLimitReached, StorageUnavailable
from audio_gateway.idempotency.repetition import Repetitions
from tests.fakes.front import FAULTS, Front
from tests.fakes.gateway import Context, FakeStream, json_event, stream
from tests.fakes.idempotency import FakeAttempts, FakePayments
from tests.fakes.results import FakeResults
from tests.unit.api.harness import BODY, AudioHarness
from tests.unit.api.test_jobs import TEXT, Gateway
from tests.unit.use_cases.jobs.job_harness import AUDIO

CASES = [(kind, *[fault] * times) for kind, faults in FAULTS.items() for fault in faults for times in (1, 2)]
LARGE = [case for case in CASES if case[0] == "bucket" or case[:2] == ("post", "cut")]


class LinkedResults(FakeResults):
    """Results whose links lead to the front."""

    url = ""

    def link(self, key: str) -> str:
        return f"{self.url}/{key}"


class Service(Gateway):
    """The gateway behind a front."""

    def __init__(self, results: LinkedResults) -> None:
        self.given = results
        super().__init__(results)
        self.audio.make_all()

    def is_done(self, job_id: str) -> bool:
        return self.store.kept[job_id].is_final

    def control(self, path: str, body: Any) -> Any:
        raise NotImplementedError(path)

    def pass_time(self) -> None:
        for job in list(self.store.kept.values()):
            if not job.is_final:
                self.run(job)

    @contextlib.contextmanager
    def without_table(self) -> Iterator[None]:
        def silent(*_: Any) -> Any:
            raise StorageUnavailable("The table does not answer.")

        get, self.store.get = self.store.get, silent  # type: ignore[assignment] # for a while
        self.attempts.broken, self.accounts.refuses = True, MeteringUnavailable("The table does not answer.")
        try:
            yield
        finally:
            self.store.get = get
            self.attempts.broken, self.accounts.refuses = False, None

    def stored(self, key: str) -> bytes:
        if key in self.files.kept:
            return self.files.kept[key]
        return self.given.stored[int(key.rpartition("/")[2]) - 1].body


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with Front() as front:
        yield front


@pytest.fixture(scope="module")
def client(front: Front) -> Iterator[OpenAI]:
    with pytest.MonkeyPatch.context() as patch, OpenAI(base_url=front.base_url, api_key="sk-x") as client:
        # Only the pause after a lost connection is shortened; the SDK is not changed otherwise.
        patch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
        yield client


@pytest.fixture
def service(front: Front) -> Service:
    results = LinkedResults()
    results.url = front.bucket_url
    front.behind = service = Service(results)
    return service


def say(client: OpenAI, model: str, **more: Any) -> bytes:
    return client.audio.speech.create(model=model, input=TEXT, voice="alloy", response_format="pcm", **more).content


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_call_that_becomes_a_job_is_one_job_and_is_paid_once(
    service: Service, front: Front, client: OpenAI, monkeypatch: pytest.MonkeyPatch, case: tuple[str, ...]
) -> None:
    kind, *faults = case
    if kind == "bucket":
        monkeypatch.setattr("audio_gateway.api.job_content.MAX_BUFFERED_BYTES", 1000)
    front.next(kind, *faults)
    audio = say(client, "slow-speaker")
    front.finish()
    assert front.left == []
    assert len(audio) == len(TEXT) * 480
    assert (len(service.store.kept), len(service.accounts.rows), service.accounts.holds) == (1, 1, {})
    assert service.accounts.spent == 15 * len(TEXT)


@pytest.mark.parametrize(
    ("kind", "fault"), [("post", "cut"), ("post", "left"), ("waiting", "cut"), ("result", "throttled")]
)
def test_a_recording_that_becomes_a_job_is_one_job_and_is_paid_once(
    service: Service, front: Front, client: OpenAI, kind: str, fault: str
) -> None:
    front.next(kind, fault)
    heard = client.audio.transcriptions.create(model="slow", file=("a.wav", AUDIO))
    front.finish()
    assert (front.left, len(heard.text.split())) == ([], 60)
    assert (len(service.store.kept), len(service.accounts.rows), service.accounts.holds) == (1, 1, {})


@pytest.mark.parametrize("times", [1, 2])
def test_a_call_that_finds_no_place_to_wait_comes_back_and_gets_its_one_result(
    service: Service, front: Front, client: OpenAI, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    slept: list[float] = []
    get_all_done = service.pass_time

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == times:
            get_all_done()

    monkeypatch.setattr(front, "wait_s", 25)
    monkeypatch.setattr(service, "pass_time", lambda: None)
    monkeypatch.setattr("openai._base_client.time", SimpleNamespace(sleep=sleep, time=time.time))
    service.waits.refuses = RateLimitReached("So many wait.", limit="concurrent_requests", retry_after_s=25)
    assert len(say(client, "slow-speaker")) == len(TEXT) * 480
    assert len(slept) == times  # the front shortens them
    assert (len(service.store.kept), len(service.accounts.rows), service.accounts.holds) == (1, 1, {})
    assert service.waits.taken == set()


@pytest.mark.parametrize("fault", FAULTS["post"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_background_request_is_one_job_whichever_answer_is_lost(
    service: Service, front: Front, client: OpenAI, fault: str, times: int
) -> None:
    front.next("post", *[fault] * times)
    audio = client.audio.speech.with_raw_response.create(
        model="speaker", input=TEXT, voice="alloy", extra_body={"background": True}
    )
    front.finish()
    (job,) = service.store.kept
    assert (audio.http_response.status_code, audio.http_response.json()["id"]) == (202, job)
    assert audio.headers["location"] == f"/v1/audio/jobs/{job}"


@pytest.mark.parametrize("case", LARGE, ids="-".join)
def test_a_large_answer_is_paid_once_and_fetched_again(
    service: Service, front: Front, client: OpenAI, monkeypatch: pytest.MonkeyPatch, case: tuple[str, ...]
) -> None:
    monkeypatch.setattr("audio_gateway.api.idempotency.MAX_BUFFERED_BYTES", 1000)
    front.next(*case)
    audio = say(client, "one-breath")
    assert front.left == []
    assert len(audio) == len(TEXT) * 480
    assert (len(service.provider.asked), len(service.meter.settled), len(service.given.stored)) == (1, 1, 1)


# ------------------------------------------------------------ answers of ordinary size
class Attempts(AudioHarness):
    """The audio functions, and payments that follow from what the meter settled."""

    def __init__(self) -> None:
        self.attempts, self.payments = FakeAttempts(), FakePayments()
        super().__init__(repetitions=Repetitions(self.attempts, cast("Any", None), self.payments))

    def request(self, retries: int | None, number: int) -> dict[str, Any]:
        """Speech is asked for, at a moment of its own."""
        sent = json_event("/audio/speech", BODY)
        if retries is not None:
            sent["headers"]["X-Stainless-Retry-Count"] = str(retries)
            sent["multiValueHeaders"]["X-Stainless-Retry-Count"] = [str(retries)]
        now_ms = int(time.time() * 1000) - 1000 + number
        sent["requestContext"] |= {"requestTimeEpoch": now_ms, "extendedRequestId": "abc="}
        return sent

    def note_payments(self) -> None:
        self.payments.paid = {work.request_id for work in self.meter.settled}


def test_an_answer_that_an_sdk_asks_for_again_is_paid_once() -> None:
    harness = Attempts()
    answers = []
    for number in range(3):
        answers.append(stream(harness.handlers["speech"], harness.request(number, number)))
        harness.note_payments()
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len({answer.body for answer in answers}) == 1
    assert (len(harness.meter.settled), len(harness.meter.given), harness.meter.open) == (1, 2, [])
    assert [work.price_microusd > 0 for work in harness.meter.admitted] == [True, False, False]
    costs = [answer.headers["x-audio-gateway-cost-usd"] for answer in answers]
    assert costs[0] != "0"
    assert costs[1:] == ["0", "0"]


def test_a_buffered_answer_that_an_sdk_asks_for_again_is_paid_once() -> None:
    harness = Attempts()
    for number in range(2):
        assert harness.send(harness.request(number, number)).status == 200
        harness.note_payments()
    assert (len(harness.meter.settled), len(harness.meter.given)) == (1, 1)


def test_the_same_speech_asked_for_twice_by_an_sdk_is_paid_twice() -> None:
    harness = Attempts()
    for number in range(2):
        assert stream(harness.handlers["speech"], harness.request(0, number)).status == 200
        harness.note_payments()
    assert (len(harness.meter.settled), len(harness.meter.given)) == (2, 0)


def test_nothing_is_recorded_of_other_clients_and_nothing_before_the_last_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness = Attempts()
    assert stream(harness.handlers["speech"], harness.request(None, 1)).status == 200
    assert harness.attempts.writes == 0
    pieces_at_writes: list[int] = []
    response, acquire = FakeStream(), harness.attempts.acquire

    def noted(*args: Any, **options: Any) -> Any:
        pieces_at_writes.append(len(response.pieces))
        return acquire(*args, **options)

    monkeypatch.setattr(harness.attempts, "acquire", noted)
    cast("Any", harness.handlers["speech"]).stream(harness.request(0, 2), Context(900_000), response)
    assert pieces_at_writes == [len(response.pieces)]
