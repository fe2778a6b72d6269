from __future__ import annotations

import http.server
import json
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local import emulator_process
from local.emulator_process import invoke


@contextmanager
def invoke_api(status: int, body: bytes, headers: dict[str, str]) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    seen: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


FUNCTION = {"config": {"FunctionName": "stack-Work-1"}}


def test_a_result_is_returned_parsed() -> None:
    with invoke_api(200, b'{"ok": "Gr\xc3\xbc\xc3\x9fe"}', {}) as (address, seen):
        assert invoke(FUNCTION, {"a": "Grüße"}, address, "r-1") == {"body": {"ok": "Grüße"}}

    ((path, body),) = seen
    assert path == "/2015-03-31/functions/stack-Work-1/invocations"
    assert json.loads(body) == {"a": "Grüße"}


def test_a_function_error_keeps_its_name() -> None:
    error = {"errorType": "KeyError", "errorMessage": "x"}
    with invoke_api(200, json.dumps(error).encode(), {"X-Amz-Function-Error": "Unhandled"}) as (address, _):
        assert invoke(FUNCTION, {}, address, "r-1") == {"body": error, "error": True}


def test_an_error_of_lambda_itself_has_its_name_in_step_functions() -> None:
    refused = json.dumps({"errorType": "TooManyRequestsException", "Message": "Rate Exceeded."}).encode()
    with invoke_api(429, refused, {"X-Amzn-ErrorType": "TooManyRequestsException"}) as (address, _):
        assert invoke(FUNCTION, {}, address, "r-1") == {
            "body": {"errorType": "Lambda.TooManyRequestsException", "errorMessage": "Rate Exceeded."},
            "error": True,
        }


def test_an_error_status_and_an_unreachable_invoke_api_are_errors() -> None:
    with invoke_api(404, b'{"Message": "Function not found"}', {}) as (address, _):
        assert invoke(FUNCTION, {}, address, "r-1")["error"] is True
    unreachable = invoke(FUNCTION, {}, address, "r-1")
    assert unreachable["body"]["errorType"] == "Runtime.Unreachable"
    assert unreachable["error"] is True


def test_another_version_of_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    services = types.ModuleType("ministack.services")
    services.lambda_svc = types.SimpleNamespace(_proxy_url_for=None)  # type: ignore[attr-defined] # a stand-in module
    monkeypatch.setitem(sys.modules, "ministack", types.ModuleType("ministack"))
    monkeypatch.setitem(sys.modules, "ministack.services", services)

    with pytest.raises(SystemExit, match=r"no lambda_svc\._execute_function_proxy; install"):
        emulator_process._redirect_functions_to("127.0.0.1:9")
