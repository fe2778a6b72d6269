"""POSTs that end in time and are sent once."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.deadline import Cancellation, Deadline
from audio_gateway.errors import ConfigurationError, ProviderBadAnswer, ProviderTimedOut, ProviderUnavailable
from audio_gateway.net import bounded_connection
from audio_gateway.providers.openai import http
from audio_gateway.providers.openai.http import Upstream
from tests.fakes.upstream import FakeUpstream

pytestmark = pytest.mark.slow

BODY = b'{"model": "tts-1", "input": "Hello", "voice": "alloy", "response_format": "pcm"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:  # one for each test, as a request that was given up may arrive late
        yield running


def upstream_at(url: str, timeout_seconds: float = 30) -> Upstream:
    return Upstream(url, provider="acme", timeout_seconds=timeout_seconds)


def ask(upstream: Upstream, seconds: float = 10, limit: int = 10_000_000) -> bytes:
    return upstream.post("/audio/speech", JSON, BODY, Deadline.after(seconds)).body(limit)


class Raw:
    """A server that does with each connection what the test says."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self.connections = 0
        self._behave = behave
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            try:
                self._behave(connection)
            except OSError:
                pass
            finally:
                connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def raw(request: pytest.FixtureRequest) -> Iterator[Raw]:
    server = Raw(request.param)
    yield server
    server.close()


def read_request(connection: socket.socket) -> None:
    data = b""
    while BODY not in data:
        data += connection.recv(65_536)


def answers(text: bytes) -> Callable[..., Any]:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(text)

    return behave


# ------------------------------------------------------------------------------------------------ time


@pytest.mark.parametrize(
    ("behaviour", "whose"),
    [
        ("slow=30", "deadline"),
        ("slow=30", "provider"),
        ("drip=0.2", "deadline"),
        ("drip-head=0.2", "deadline"),
        ("drip-head=0.2", "provider"),
    ],
)
def test_an_answer_that_does_not_end_is_given_up_in_time(fake: FakeUpstream, behaviour: str, whose: str) -> None:
    upstream = upstream_at(fake.base_url, timeout_seconds=0.2 if whose == "provider" else 30)
    fake.script(behaviour)
    started = time.monotonic()
    with pytest.raises(ProviderTimedOut) as caught:
        ask(upstream, 30 if whose == "provider" else 0.2)
    assert caught.value.worked
    assert time.monotonic() - started < 20


def test_with_no_time_left_nothing_is_sent(fake: FakeUpstream) -> None:
    with pytest.raises(ProviderTimedOut) as caught:
        ask(upstream_at(fake.base_url), 0)
    assert (fake.calls, caught.value.worked) == ([], False)


def stall(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.recv(65_536)  # until the other side gives up


@pytest.mark.parametrize("raw", [stall], indirect=True)
def test_a_tls_handshake_that_stalls_is_given_up_in_time(raw: Raw) -> None:
    started = time.monotonic()
    with pytest.raises(ProviderTimedOut):
        ask(upstream_at(raw.url.replace("http:", "https:")), 0.2)
    assert time.monotonic() - started < 20


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def says_nothing(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)  # until the other side gives up


def stops_after_a_piece(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(CHUNKED + b"5\r\nfirst\r\n")
    connection.recv(1)


@pytest.mark.parametrize("raw", [stops_after_a_piece], indirect=True)
def test_a_server_that_falls_silent_after_a_piece_is_given_up_after_the_provider_s_time(raw: Raw) -> None:
    answer = upstream_at(raw.url, timeout_seconds=0.2).post("/audio/speech", JSON, BODY, Deadline.after(600))
    pieces = answer.chunks(100)
    assert next(pieces) == b"first"
    with pytest.raises(ProviderTimedOut) as caught:
        next(pieces)
    assert caught.value.worked


@pytest.mark.parametrize("raw", [says_nothing], indirect=True)
def test_cancelling_ends_the_wait_for_the_head(raw: Raw) -> None:
    cancellation = Cancellation()
    threading.Timer(0.05, cancellation.cancel).start()
    with pytest.raises(ProviderTimedOut):
        upstream_at(raw.url).post("/audio/speech", JSON, BODY, replace(Deadline.after(600), cancellation=cancellation))


@pytest.mark.parametrize("raw", [stops_after_a_piece], indirect=True)
def test_cancelling_ends_the_wait_for_a_piece(raw: Raw) -> None:
    cancellation = Cancellation()
    deadline = replace(Deadline.after(600), cancellation=cancellation)
    pieces = upstream_at(raw.url).post("/audio/speech", JSON, BODY, deadline).chunks(100)
    assert next(pieces) == b"first"
    threading.Timer(0.05, cancellation.cancel).start()
    with pytest.raises(ProviderTimedOut):
        next(pieces)


def test_no_thread_and_no_descriptor_is_left_behind(fake: FakeUpstream) -> None:
    upstream = upstream_at(fake.base_url)
    ask(upstream)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for behaviour in ("", "status=500", "close", ""):
        fake.script(behaviour)
        ask(upstream)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1  # the server's end of a connection may linger
    assert [thread.name for thread in threading.enumerate()].count("watchdog") <= 1


# ------------------------------------------------------------------------------------------------ connections


def test_a_connection_is_used_again(fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_IDLE_S", 600.0)
    upstream = upstream_at(fake.base_url)
    for _ in range(3):
        ask(upstream)
    assert len({call.connection for call in fake.calls}) == 1


def test_a_connection_that_rested_too_long_is_not_used_again(
    fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = upstream_at(fake.base_url)
    ask(upstream)
    monkeypatch.setattr(http, "_IDLE_S", 0.0)
    ask(upstream)
    assert len({call.connection for call in fake.calls}) == 2


def test_the_wall_clock_counts_too_as_a_frozen_function_s_own_may_stand_still(
    fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = upstream_at(fake.base_url)
    ask(upstream)
    thawed = time.time() + 60
    monkeypatch.setattr(http.time, "time", lambda: thawed)  # type: ignore[attr-defined] # this module's own clock
    ask(upstream)
    assert len({call.connection for call in fake.calls}) == 2


def one_answer_then_close(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.mark.parametrize("raw", [one_answer_then_close], indirect=True)
def test_a_connection_that_the_server_closed_meanwhile_is_no_error(raw: Raw) -> None:
    upstream = upstream_at(raw.url)
    assert ask(upstream) == b"ok"
    deadline = Deadline.after(5)
    while not http._readable(upstream._idle[0][0].sock) and not deadline.passed:
        threading.Event().wait(0.005)
    assert ask(upstream) == b"ok"
    assert raw.connections == 2


@pytest.mark.parametrize("how", ["cut", "close"])
def test_a_connection_that_cannot_be_used_again_is_not(fake: FakeUpstream, how: str) -> None:
    upstream = upstream_at(fake.base_url)
    fake.script(how)
    try:
        ask(upstream)
    except ProviderUnavailable:
        assert how == "cut"
    ask(upstream)
    assert len({call.connection for call in fake.calls}) == 2


def test_closing_an_answer_unread_closes_its_connection(fake: FakeUpstream) -> None:
    upstream = upstream_at(fake.base_url)
    upstream.post("/audio/speech", JSON, BODY, Deadline.after(5)).close()
    ask(upstream)
    assert len({call.connection for call in fake.calls}) == 2


def test_many_callers_share_an_upstream(fake: FakeUpstream) -> None:
    upstream = upstream_at(fake.base_url)
    alone = ask(upstream)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(ask(upstream))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 12


# ------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize("behaviour", ["hangup", "cut"])
def test_a_post_that_broke_is_never_sent_again(fake: FakeUpstream, behaviour: str) -> None:
    upstream = upstream_at(fake.base_url)
    ask(upstream)
    fake.reset()
    fake.script(behaviour)
    with pytest.raises(ProviderUnavailable):
        ask(upstream)
    assert len(fake.calls) == 1


def test_an_address_without_a_server_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/v1"
    with pytest.raises(ProviderUnavailable) as caught:
        ask(upstream_at(url))
    assert "127.0.0.1" not in caught.value.message


def test_a_host_without_an_address_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(ProviderUnavailable):
        ask(upstream_at("http://nobody.invalid/v1"))


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (answers(b""), ProviderUnavailable),
        (answers(HEAD + b"Content-Length: 10\r\n\r\nhalf"), ProviderUnavailable),
        (answers(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), ProviderUnavailable),
        (answers(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\nhalf"), ProviderUnavailable),
        (answers(HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n"), ProviderUnavailable),
        (answers(b"SSH-2.0-OpenSSH_9.2\r\n"), ProviderBadAnswer),
        (answers(HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n"), ProviderBadAnswer),
        (answers(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"), ProviderBadAnswer),
    ],
    ids=["nothing", "half", "half of the chunks", "half of a chunk", "no chunk", "no http", "a huge header", "gzip"],
    indirect=["raw"],
)
def test_what_is_no_whole_answer_is_an_error(raw: Raw, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(upstream_at(raw.url))


@pytest.mark.parametrize("raw", [answers(HEAD + b"\r\nuntil the end")], indirect=True)
def test_a_body_may_end_with_the_connection(raw: Raw) -> None:
    assert ask(upstream_at(raw.url)) == b"until the end"


def test_a_body_has_a_limit(fake: FakeUpstream) -> None:
    with pytest.raises(ProviderBadAnswer):
        ask(upstream_at(fake.base_url), limit=1_000)


def refuse_early(connection: socket.socket) -> None:
    connection.recv(1_000)
    connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge")
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65_536):
        pass


@pytest.mark.parametrize("raw", [refuse_early], indirect=True)
def test_an_answer_before_the_body_was_read_is_an_answer(raw: Raw) -> None:
    answer = upstream_at(raw.url).post("/x", {}, bytes(20_000_000), Deadline.after(10))
    assert (answer.status, answer.body(100)) == (413, b"large")


# ------------------------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "url", ["", "ftp://x/v1", "http://", "//x", "http://x:y/", "https://u:p@x/v1", "http://x/v1?a=b", "http://[x/"]
)
def test_what_is_no_address_is_the_operator_s_mistake(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"providers\.acme\.base_url"):
        upstream_at(url)


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_path_is_kept(fake: FakeUpstream, slash: str) -> None:
    ask(upstream_at(fake.base_url + slash))
    assert fake.calls[0].path == "/v1/audio/speech"


# ------------------------------------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fake upstream")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "upstream.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> Iterator[FakeUpstream]:
    with FakeUpstream(certificate=certificate) as upstream:
        yield upstream


def test_tls_works_like_the_rest(tls: FakeUpstream, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_connection, "tls_context", lambda: ssl.create_default_context(cafile=certificate))
    monkeypatch.setattr(http, "_IDLE_S", 600.0)
    upstream = upstream_at(tls.base_url)
    assert ask(upstream) == ask(upstream)
    assert len({call.connection for call in tls.calls}) == 1
    tls.script("drip=0.02")
    with pytest.raises(ProviderTimedOut):
        ask(upstream, 0.2)


def test_a_certificate_of_an_untrusted_issuer_is_refused(tls: FakeUpstream) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        ask(upstream_at(tls.base_url))
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert tls.calls == []
