"""URLs of callers: what may be called, and what comes of it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import assume, given
from hypothesis import strategies as st

from audio_gateway.errors import ConfigurationError, FetchTimedOut, FileUnavailable, InvalidRequest, RequestTooLarge
from audio_gateway.net import bounded_connection, guarded_fetch
from audio_gateway.net.addresses import is_public
from audio_gateway.net.guarded_fetch import guarded_connection, remote_file
from audio_gateway.net.targets import AllowedHosts, target_of
from tests.fakes.file_server import FileServer

pytestmark = pytest.mark.slow

NOBODY = AllowedHosts()
PRIVATE_V4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4",
]  # fmt: skip
PRIVATE_V6 = [
    "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32",
    "2002::/16", "fc00::/7", "fd00:ec2::254/128", "fe80::/10", "fec0::/10", "ff00::/8", "::/96", "3fff::/20",
]  # fmt: skip


def addresses_in(networks: list[str]) -> Any:
    return st.sampled_from([ip_network(text) for text in networks]).flatmap(
        lambda net: st.integers(int(net.network_address), int(net.broadcast_address)).map(
            IPv4Address if net.version == 4 else IPv6Address
        )
    )


def spellings_of(address: IPv4Address) -> list[str]:
    """What some resolver takes for this address."""
    number, (a, b, c, d) = int(address), address.packed
    return [
        f"{a}.{b}.{c}.{d}", f"{number}", f"0x{number:x}", f"0X{number:X}", f"0{number:o}", f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}", f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a:03}.{b:03}.{c:03}.{d:03}", f"0x{a:x}.{number & 0xFFFFFF}", f"{a}.{b}.{c}.{d}.", f"{number}.",
        f"[::ffff:{a}.{b}.{c}.{d}]", f"[::{a}.{b}.{c}.{d}]", f"[64:ff9b::{a}.{b}.{c}.{d}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
        f"[2001:0:1:2:3:4:{~number >> 16 & 0xFFFF:x}:{~number & 0xFFFF:x}]",
        "".join(chr(ord(digit) + 0xFEE0) if digit.isdigit() else "。" for digit in f"{a}.{b}.{c}.{d}"),
        f"user@{a}.{b}.{c}.{d}", f"{a}.{b}.{c}.{d}#@example.com", f"{a}.{b}.{c}.{d}%00.example.com",
    ]  # fmt: skip


def connects(url: str) -> None:
    """Call it; a call that gets as far as to connect has failed."""
    with guarded_connection(url, NOBODY, seconds=1):
        raise AssertionError(f"{url} was connected")


@given(addresses_in(PRIVATE_V4), st.integers(0, 21))
def test_no_spelling_of_a_private_address_is_called(address: IPv4Address, spelling: int) -> None:
    found = spellings_of(address)
    url = f"https://{found[spelling % len(found)]}/a.mp3"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _never)
        with pytest.raises(InvalidRequest) as caught:
            connects(url)
    assert caught.value.param == "file_url"


def _never(sock: socket.socket, address: object) -> None:
    sock.close()  # whoever else is at work in this process (the servers of other tests) may not expect this error
    raise AssertionError(f"{address} was called")


@given(addresses_in(PRIVATE_V6))
def test_no_special_ipv6_address_is_public(address: IPv6Address) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_what_is_public_is_public_for_the_standard_library_too(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not any((address.is_private, address.is_multicast, address.is_reserved, address.is_link_local))


@given(st.ip_addresses(v=4))
def test_all_else_of_ipv4_is_public(address: IPv4Address) -> None:
    assume(address.is_global and not address.is_multicast)
    special = ("192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24")
    assume(not any(address in ip_network(text) for text in special))
    assert is_public(address)


@pytest.mark.parametrize("address", ["2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "2600:1f18::1"])
def test_public_ipv6_addresses_pass(address: str) -> None:
    assert is_public(IPv6Address(address))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.com", "/"),
        ("https://example.com:443/a%20b.mp3?x=1&y=%2F", "/a%20b.mp3?x=1&y=%2F"),
        ("HTTPS://Example.COM/ä.mp3#part", "/%C3%A4.mp3"),
        ("https://xn--bcher-kva.example/a", "/a"),
        ("https://my_bucket.s3.eu-central-1.amazonaws.com/key?X-Amz-Signature=ab", "/key?X-Amz-Signature=ab"),
        ("https://1.1.1.1/a", "/a"),
        ("https://[2606:4700:4700::1111]/a", "/a"),
    ],
)
def test_ordinary_urls_are_taken(url: str, path: str) -> None:
    target = target_of(url, NOBODY)
    assert (target.tls, target.port, target.path, target.any_address) == (True, 443, path, False)


@pytest.mark.parametrize(
    "url",
    [
        "", "speech.mp3", "//example.com/a", "http://example.com/a", "ftp://example.com/a", "file:///etc/passwd",
        "data:audio/wav;base64,AAAA", "gopher://example.com", "https://", "https:///a", "https:example.com/a",
        "https://user:secret@example.com/a", "https://@example.com/a", "https://example.com:8443/a",
        "https://example.com:0/a", "https://example.com:99999/a", "https://example.com:x/a", "https://exa mple.com/a",
        "https://example.com/a\r\nHost: inside", "https://example.com\\@inside/", "https://example.com\t/a",
        "https://bücher.example/a", "https://example.com./a", "https://.example.com/a", "https://a..b/a",
        "https://[::1", "https://[fe80::1%25eth0]/a", "https://[example.com]/a", "https://[127.0.0.1]/a",
        "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://example.0x7f/",
        "https://-a.example/", "https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "b/", " https://a.example",
        "https://example.com/" + "a" * 5000, "https://example.com/\ud800",
    ],
)  # fmt: skip
def test_urls_of_any_other_kind_are_refused_by_name(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        target_of(url, NOBODY)
    assert (caught.value.param, caught.value.code) == ("file_url", "invalid_url")


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name has these addresses; gives the names that are looked up, one by one."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "addresses",
    [("10.0.0.1",), ("93.184.216.34", "127.0.0.1"), ("::1",), ("::ffff:10.0.0.1",), ("64:ff9b::a00:1",), ()],
)
def test_a_name_that_leads_inside_reads_like_one_that_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    resolving(monkeypatch, *addresses)
    monkeypatch.setattr(socket.socket, "connect", _never)
    with pytest.raises(InvalidRequest) as caught:
        connects("https://inside.example/")
    message = (
        "'file_url' has no public address, or its host name cannot be resolved; "
        "send a URL that is reachable from the internet."
    )
    assert (caught.value.message, caught.value.code) == (message, "invalid_url")


def asks_where_it_leads(url: str) -> None:
    """As an endpoint is registered."""
    guarded_fetch.check_url(url, NOBODY, param="file_url")


@pytest.mark.parametrize("call", [connects, asks_where_it_leads])
def test_a_name_whose_lookup_lasts_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch, call: Callable[[str], None]
) -> None:
    over = threading.Event()

    def getaddrinfo(*_: object, **__: object) -> list[Any]:
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(guarded_fetch, "_CHECK_S", 0.05)
    started = time.monotonic()
    with pytest.raises(FetchTimedOut, match="resolved in time") as caught:
        call("https://slow.example/")
    over.set()
    assert caught.value.param == "file_url"
    assert time.monotonic() - started < 30


def test_eight_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, *(f"8.0.{number >> 8}.{number & 255}" for number in range(2000)))
    called = list[object]()

    def connect(_: object, address: object) -> None:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(FileUnavailable), guarded_connection("https://many.example/", NOBODY, seconds=60):
        raise AssertionError("it was connected")
    assert called == [(f"8.0.0.{number}", 443) for number in range(8)]


def test_an_address_behind_the_eighth_may_not_lead_inside_either(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, *["93.184.216.34"] * 20, "127.0.0.1")
    monkeypatch.setattr(socket.socket, "connect", _never)
    with pytest.raises(InvalidRequest):
        connects("https://inside.example/")


def test_no_further_address_is_tried_behind_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, *(f"8.8.8.{number}" for number in range(8)))
    called = list[object]()

    def connect(_: object, address: object) -> None:
        called.append(address)
        time.sleep(0.06)
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(FetchTimedOut), guarded_connection("https://many.example/", NOBODY, seconds=0.05):
        raise AssertionError("it was connected")
    assert len(called) == 1


def test_a_name_is_looked_up_once_and_the_checked_address_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, "93.184.216.34")
    called: list[object] = []

    def connect(_: object, address: object) -> None:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(FileUnavailable):
        connects("https://outside.example/")
    assert (asked, called) == (["outside.example"], [("93.184.216.34", 443)])


@pytest.mark.parametrize("text", ["a", "a:", ":1", "a:b", "a:0", "a:65536", "a:-1"])
def test_a_list_of_hosts_that_is_none_is_the_operators_mistake(text: str) -> None:
    with pytest.raises(ConfigurationError, match="AUDIO_GATEWAY_ALLOW_HOSTS"):
        AllowedHosts.parse(text)


def test_hosts_are_allowed_with_their_port_only() -> None:
    allow = AllowedHosts.parse(" 127.0.0.1:8081, [::1]:9 ,Files.test:443,")
    assert {("127.0.0.1", 8081), ("::1", 9), ("files.test", 443)} == allow.pairs
    assert target_of("http://127.0.0.1:8081/", allow).any_address
    with pytest.raises(InvalidRequest):
        target_of("http://127.0.0.1:8082/", allow)


# ---------------------------------------------------------------- against a server of bad manners
@pytest.fixture(scope="module")
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def fetched(server: FileServer, path: str, *, limit: int = 1_000_000, seconds: float = 60.0) -> bytes:
    allow = AllowedHosts.parse(server.host)
    with remote_file(server.url(path), allow, limit=limit, seconds=seconds) as pieces:
        return b"".join(pieces)


def test_a_file_is_fetched_with_nothing_of_the_callers(server: FileServer) -> None:
    server.files["/a?b=c"] = bytes(range(256)) * 3000
    assert fetched(server, "/a?b=c") == server.files["/a?b=c"]
    path, headers = server.heard[-1]
    assert path == "/a?b=c"
    assert headers == {
        "host": server.host, "accept": "*/*", "accept-encoding": "identity", "user-agent": "audio-gateway",
    }  # fmt: skip


def test_redirects_are_followed_five_times(server: FileServer) -> None:
    server.files["/end"] = b"found"
    for number in range(7):
        to = "/end" if number == 0 else server.url(f"/hop{number - 1}")
        server.answers[f"/hop{number}"] = (302, {"Location": to, "Content-Length": "0"}, b"")
    assert fetched(server, "/hop4") == b"found"
    with pytest.raises(FileUnavailable, match="redirects more than 5 times"):
        fetched(server, "/hop5")


@pytest.mark.parametrize(
    "location",
    ["https://127.0.0.1/", "http://127.0.0.1:1/", "https://169.254.169.254/latest", "https://[::1]/", "file:///etc/passwd",
     "//0x7f.1/", "https://localhost/", "ftp://example.com/"],
)  # fmt: skip
def test_a_redirect_is_checked_as_the_first_url(server: FileServer, location: str) -> None:
    server.answers["/away"] = (307, {"Location": location, "Content-Length": "0"}, b"")
    with pytest.raises(InvalidRequest) as caught:
        fetched(server, "/away")
    assert (caught.value.param, caught.value.code) == ("file_url", "invalid_url")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((404, {"Content-Length": "0"}, b""), "answered 404"),
        ((206, {"Content-Length": "1"}, b"a"), "answered 206"),
        ((500, {"Content-Length": "0"}, b""), "answered 500"),
        ((200, {"Content-Encoding": "gzip", "Content-Length": "1"}, b"a"), "encoding"),
        ((200, {"Content-Length": "10"}, b"short"), "closed the connection too early"),
        ((200, {"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n"), "closed the connection too early"),
        ((302, {"Content-Length": "0"}, b""), "without a Location"),
    ],
)
def test_anything_but_a_whole_file_is_refused(server: FileServer, answer: Any, says: str) -> None:
    server.answers["/bad"] = answer
    with pytest.raises(FileUnavailable, match=says) as caught:
        fetched(server, "/bad")
    assert caught.value.param == "file_url"


@pytest.mark.parametrize("headers", [{"Content-Length": "101"}, {}])
def test_no_more_than_the_limit_is_taken(server: FileServer, headers: dict[str, str]) -> None:
    server.answers["/big"] = (200, headers, b"a" * 101)
    assert len(fetched(server, "/big", limit=101)) == 101
    with pytest.raises(RequestTooLarge) as caught:
        fetched(server, "/big", limit=100)
    assert caught.value.param == "file_url"


@pytest.mark.parametrize("headers", [{"Content-Length": "400"}, {}])
def test_a_server_that_drips_is_cut_off_in_time(server: FileServer, headers: dict[str, str]) -> None:
    server.answers["/slow"] = (200, headers, b"a" * 400)
    server.drip.add("/slow")
    started = time.monotonic()
    with pytest.raises(FetchTimedOut):
        fetched(server, "/slow", seconds=0.3)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"abcdef"),
        ({"Content-Length": "6"}, b"abcdef"),
        ({"Transfer-Encoding": "chunked"}, b"6\r\nabcdef\r\n0\r\n\r\n"),
    ],
    ids=["to the end", "announced", "chunked"],
)
def test_pieces_are_passed_on_as_they_come(server: FileServer, headers: dict[str, str], body: bytes) -> None:
    server.answers["/slow"] = (200, headers, body)
    server.drip.add("/slow")
    with remote_file(server.url("/slow"), AllowedHosts.parse(server.host), limit=1000, seconds=60) as pieces:
        found = list(pieces)
    assert (b"".join(found), len(found) > 1) == (b"abcdef", True)


def test_headers_that_drip_are_cut_off_in_time(server: FileServer) -> None:
    server.drip_headers.add("/slow-headers")
    started = time.monotonic()
    with pytest.raises(FetchTimedOut):
        fetched(server, "/slow-headers", seconds=0.3)
    assert time.monotonic() - started < 15


def test_a_server_that_says_nothing_is_cut_off_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        for scheme in ("http", "https"):
            with (
                pytest.raises(FetchTimedOut),
                remote_file(f"{scheme}://{host}/", AllowedHosts.parse(host), limit=1, seconds=0.2) as pieces,
            ):
                list(pieces)


def test_a_server_that_does_not_speak_tls_has_its_own_error(server: FileServer) -> None:
    allow = AllowedHosts.parse(server.host)
    with (
        pytest.raises(FileUnavailable, match="closed the connection too early"),
        remote_file(f"https://{server.host}/", allow, limit=1, seconds=60) as pieces,
    ):
        list(pieces)


# ---------------------------------------------------------------- TLS
@pytest.fixture(scope="module")
def https_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A TLS server that answers every request, and the file with its certificate, which is for `files.test`."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    _write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve_tls, args=(listening, context), daemon=True)
        thread.start()
        yield f"{listening.getsockname()[1]}", str(certificate)
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve_tls(listening: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            raw, _ = listening.accept()
        except OSError:
            return
        with raw, suppress(OSError), context.wrap_socket(raw, server_side=True) as connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def _write_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "files.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("files.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.mark.parametrize(("name", "is_good"), [("files.test", True), ("other.test", False)])
def test_the_certificate_must_be_for_the_name_in_the_url(
    https_host: tuple[str, str], monkeypatch: pytest.MonkeyPatch, name: str, is_good: bool
) -> None:
    port, certificate = https_host
    resolving(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(bounded_connection, "tls_context", lambda: ssl.create_default_context(cafile=certificate))
    allow = AllowedHosts.parse(f"{name}:{port}")
    if is_good:
        with remote_file(f"https://{name}:{port}/", allow, limit=2, seconds=60) as pieces:
            assert b"".join(pieces) == b"ok"
    else:
        with (
            pytest.raises(FileUnavailable, match="no valid certificate"),
            remote_file(f"https://{name}:{port}/", allow, limit=2, seconds=60),
        ):
            raise AssertionError("it was trusted")


def test_a_certificate_of_an_unknown_issuer_is_refused(
    https_host: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.1")
    url, allow = f"https://files.test:{https_host[0]}/", AllowedHosts.parse(f"files.test:{https_host[0]}")
    with (
        pytest.raises(FileUnavailable, match="no valid certificate"),
        remote_file(url, allow, limit=2, seconds=60),
    ):
        raise AssertionError("it was trusted")
