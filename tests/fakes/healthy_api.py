"""A gateway's API that answers as it should and charges for it, until a test changes one of its answers."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import urlsplit

from audio_gateway.cli.doctor.api import ApiClient, HttpResponse
from audio_gateway.identity.directory import Directory
from audio_gateway.identity.key_store import KeyStore
from audio_gateway.identity.keys import hash_key
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.limits import limits_from_api, usd

PRICE: Final = 7
BUCKET: Final = "https://bucket.s3.example/"
_KNOWN: Final = ("/models", "/audio/", "/usage", "/webhook_endpoints", "/organization/")
_MOST_BYTES: Final = 6_000_000
_WAV: Final = b"RIFF and so on"
_LARGE: Final = b"RIFF" + bytes(5_000_000)
_MODELS: Final = [
    ("talker", "acme", ["speech"], {"usd_per_million_characters": "1"}),
    ("writer", "acme", ["transcriptions", "translations"], {"usd_per_minute": "0.006"}),
]


class HealthyApi(ApiClient):
    """In place of HTTP. `answers` are functions of what is sent, by method and path.

    Paths that hold one of `broken` are a 503; `charges` is whether answers get into the ledger; what it `streams` has
    no Content-Length; `remedy` is what is said of bodies that are too large.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        super().__init__("https://api.example/v1")
        self.directory = Directory(dynamodb, table)
        self.answers: dict[str, Callable[..., HttpResponse]] = {}
        self.charges = True
        self.streams = True
        self.broken: set[str] = set()
        self.remedy = "Send it as an upload."
        self.heard: list[str] = []
        self._keys = KeyStore(dynamodb, table)
        self._ledger = LedgerStore(dynamodb, table)
        self._kept: dict[str, HttpResponse] = {}
        self._hooks: list[str] = []
        self._job_looks = 0
        self._spent = 0

    def call(self, method: str, path: str, key: str | None = None, **content: Any) -> HttpResponse:
        parts = urlsplit(path)
        if parts.netloc == "bucket.s3.example":
            return answer(method, path, 204 if method == "POST" else 200, _WAV)
        place = parts.path.removeprefix("/v1")
        self.heard.append(f"{method} {place}")
        own = self.answers.get(f"{method} {place}")
        if own is not None:
            return own(key=key, **content)
        return self._routed(method, place, key, content)

    def charged(self, call: str, body: bytes, key: str, *, request_id: str = "", model: str = "talker") -> HttpResponse:
        """An answer that costs something, and its row in the ledger."""
        request_id = request_id or f"req_{uuid.uuid4().hex}"
        record = self._keys.get(hash_key(key))
        assert record is not None
        if self.charges:
            now_ms, self._spent = int(time.time() * 1000), self._spent + PRICE
            who = (now_ms, request_id, record.id, record.project_id)
            self._ledger.put(LedgerRow(*who, "speech", model, "characters", 24, PRICE, PRICE, "answered"))
        headers = {"x-audio-gateway-cost-usd": usd(PRICE), "x-audio-gateway-model": model, "x-request-id": request_id}
        if not self.streams:
            headers["content-length"] = str(len(body))
        method, place = call.split(" ")
        return answer(method, place, 200, body, headers)

    # ------------------------------------------------------------ routes
    def _routed(self, method: str, path: str, key: str | None, content: Any) -> HttpResponse:
        refused = self._refused(method, path, key, content)
        if refused is not None or key is None:
            return refused or refusal(method, path, 401)
        if path.startswith("/audio/"):
            return self._audio(method, path, key, content)
        if path.startswith("/webhook_endpoints"):
            return self._webhooks(method, path)
        if path.startswith("/organization/"):
            return found(method, path, self._admin(path, content))
        return found(method, path, {"used": {"monthly_budget_usd": usd(self._spent)}} if path == "/usage" else models())

    def _refused(self, method: str, path: str, key: str | None, content: Any) -> HttpResponse | None:
        record = self._keys.get(hash_key(key)) if key else None
        rules: list[tuple[bool, int, str | None]] = [
            (not path.startswith(_KNOWN), 404, "unknown_url"),
            (record is None, 401, "invalid_api_key"),
            (record is not None and record.status != "active", 401, "invalid_api_key"),
            (len(content.get("content", b"")) > _MOST_BYTES, 413, None),
            ((method, path) == ("DELETE", "/models"), 405, None),
            (any(part in path for part in self.broken), 503, None),
        ]
        for holds, status, code in rules:
            if holds:
                return refusal(method, path, status, code, self.remedy)
        return None

    def _admin(self, path: str, content: Any) -> dict[str, Any]:
        steps = path.split("/")
        if path == "/organization/projects":
            return {"id": self.directory.projects.create(content["json"]["name"]).id}
        if "service_accounts" in steps:
            limits = limits_from_api(content["json"]["limits"])
            account, key = self.directory.service_accounts.create(steps[3], content["json"]["name"], limits=limits)
            assert key is not None
            return {"id": account.id, "api_key": {"id": key.record.id, "value": key.value}}
        if "api_keys" in steps:
            return {"status": self.directory.api_keys.disable(steps[5]).status}
        return {"data": []}

    def _audio(self, method: str, path: str, key: str, content: Any) -> HttpResponse:
        known: dict[str, Any] = {
            "/audio/voices": {"data": [{"id": "alloy"}]},
            "/audio/uploads": {"id": "upload_1", "url": BUCKET, "fields": {"key": "uploads/1"}},
        }
        if path in known or method == "DELETE":
            return found(method, path, known.get(path))
        if path == "/audio/speech":
            return self._speech(f"{method} {path}", key, content)
        if path.endswith("/content"):
            return self._job(f"{method} {path}", key)
        if content.get("data", {}).get("background"):
            return answer(method, path, 202, b'{"id": "job_1"}')
        return self.charged(f"{method} {path}", b'{"text": "one"}', key, model="writer")

    def _job(self, call: str, key: str) -> HttpResponse:
        self._job_looks += 1
        if self._job_looks == 1:
            method, path = call.split(" ")
            return answer(method, path, 303, b"", {"location": f"/v1{path}?hop=1"})
        return self.charged(call, b'{"text": "one"}', key, request_id="job_1", model="writer")

    def _speech(self, call: str, key: str, content: Any) -> HttpResponse:
        if len(content["json"]["input"]) > 1000:
            large = self.charged(call, _LARGE if self.streams else b"", key)
            if self.streams:
                return large
            return HttpResponse(call, 303, {**large.headers, "location": BUCKET + "results/1"}, b"")
        name = content.get("headers", {}).get("Idempotency-Key", "")
        if name in self._kept:
            first = self._kept[name]
            return HttpResponse(call, 200, {**first.headers, "x-audio-gateway-replayed": "true"}, first.body)
        made = self.charged(call, _WAV, key)
        if name:
            self._kept[name] = made
        return made

    def _webhooks(self, method: str, path: str) -> HttpResponse:
        if method == "GET":
            return found(method, path, {"data": [{"id": each} for each in self._hooks]})
        if method == "POST":
            self._hooks.append(f"we_{len(self._hooks)}")
            return found(method, path, {"id": self._hooks[-1]})
        self._hooks.remove(path.rpartition("/")[2])
        return found(method, path, {"deleted": True})


def answer(method: str, path: str, status: int, body: bytes, headers: dict[str, str] | None = None) -> HttpResponse:
    always = {"x-request-id": "req_1", "date": formatdate(usegmt=True)}
    return HttpResponse(f"{method} {path}", status, always | (headers or {}), body)


def found(method: str, path: str, value: Any) -> HttpResponse:
    return answer(method, path, 200, json.dumps(value).encode())


def refusal(method: str, path: str, status: int, code: str | None = None, message: str = "No.") -> HttpResponse:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return answer(method, path, status, json.dumps({"error": error}).encode())


def models() -> dict[str, Any]:
    return {
        "data": [
            {"id": name, "owned_by": owner, "endpoints": endpoints, "voices": None, "price": price}
            for name, owner, endpoints, price in _MODELS
        ]
        + [{"id": "alias", "alias_of": _MODELS[0][0], "owned_by": "x", "endpoints": ["speech"], "price": _MODELS[0][3]}]
    }
