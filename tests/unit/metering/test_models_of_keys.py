"""A key that is limited to models: which names it may ask for, now and after the catalogue has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audio_gateway.catalog.load import build_catalog
from audio_gateway.catalog.models import Catalog
from audio_gateway.deadline import Deadline
from audio_gateway.errors import PermissionDenied, UnknownModel
from audio_gateway.metering.account import Payer
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.use_cases.jobs.billing import new_hold
from audio_gateway.use_cases.reservation import Billing, RequestContext
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.meter import FakePendingSettlements
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.tables import TABLE

NOW_MS = 1_795_255_200_000
PAYER = Payer("key_1", "default")


def catalog_of(**aliases: list[str]) -> Catalog:
    provider = {"adapter": "openai", "base_url": "https://h"}
    models = [
        {"id": name, "aliases": others, "provider": "p", "endpoints": ["speech"], "price": {}}
        | {"price": {"usd_per_million_characters": "1"}, "cache": {"seconds": 60, "price_percent": "50"}}
        for name, others in aliases.items()
    ]
    return build_catalog({"providers": {"p": provider}, "models": models}, "test")


BEFORE = catalog_of(hibari=["tts-1", "tts-1-hd"], other=[])
AFTER = catalog_of(**{"hibari": ["tts-1", "tts-1-hd"], "other": [], "tts-1": []})
"""The operator has added the real model, which takes the name."""


class Key(MeterHarness):
    """A key, and whether it may ask for a name."""

    def __init__(self, dynamodb: FakeDynamoDB) -> None:
        super().__init__(dynamodb, NOW_MS)
        self.meter = DynamoMeter(self.client, TABLE, now_ms=self.clock)
        self.billing = Billing(self.meter, FakePendingSettlements())
        self.asked = 0

    def may(self, name: str, catalog: Catalog) -> bool:
        """Whether it may in each of the ways in which a request is admitted; they agree."""
        try:
            model = catalog.model_for(name, "speech")
        except UnknownModel:
            return False
        self.asked += 1
        context = RequestContext(f"req_{self.asked}", PAYER, Deadline.after(9))
        job = new_hold(f"job_{self.asked}", PAYER, "speech", (model,), 5, NOW_MS)
        cached = RequestContext(f"req_{self.asked}c", PAYER, Deadline.after(9))
        answers = {
            self._permits(lambda: self.billing.reserve(context, "speech", model, (model,), 5)),
            self._permits(lambda: self.billing.reserve_cached(cached, model, 5)),
            self._permits(lambda: self.billing.check(context, "speech", model, 5)),
            self._permits(lambda: self.meter.admit(PAYER, job.work)),
        }
        assert len(answers) == 1
        return answers.pop()

    @staticmethod
    def _permits(ask: Callable[[], Any]) -> bool:
        try:
            ask()
        except PermissionDenied:
            return False
        return True


@pytest.fixture
def key(dynamodb: FakeDynamoDB) -> Key:
    return Key(dynamodb)


@pytest.mark.parametrize(
    ("limit", "before", "after"),
    [
        (None, {"hibari", "tts-1", "tts-1-hd", "other"}, {"hibari", "tts-1", "tts-1-hd", "other"}),
        (("hibari",), {"hibari", "tts-1", "tts-1-hd"}, {"hibari", "tts-1-hd"}),
        (("tts-1",), {"hibari", "tts-1", "tts-1-hd"}, {"tts-1"}),
        (("tts-1-hd",), {"hibari", "tts-1", "tts-1-hd"}, {"hibari", "tts-1-hd"}),
        (("other",), {"other"}, {"other"}),
        (("gone",), set(), set()),
    ],
)
def test_a_limit_names_models_as_a_request_does(
    key: Key, limit: tuple[str, ...] | None, before: set[str], after: set[str]
) -> None:
    key.limit(models=limit)
    names = ("hibari", "tts-1", "tts-1-hd", "other", "tts-2")
    assert {name for name in names if key.may(name, BEFORE)} == before
    assert {name for name in names if key.may(name, AFTER)} == after


def test_the_aliases_are_stored_nowhere(key: Key) -> None:
    key.limit()
    assert key.may("tts-1", BEFORE)
    assert "tts-1" not in repr(key.client.scan(TableName=TABLE)["Items"])
