"""MiniStack's process: MiniStack with three changes.

Lambda functions run in the local stack, because MiniStack's own executor adds 50 ms per call and lacks AWS's runtime
client. IAM conditions that MiniStack does not know are evaluated (emulator_conditions.py). And slow functions of
MiniStack are replaced by faster ones (emulator_speed.py).
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import importlib
import json
import socket
import sys
from typing import Any, Final
from urllib.parse import quote

from local import emulator_conditions, emulator_speed
from local.http_server import HttpServer

_REPLACED: Final = ("_proxy_url_for", "_execute_function_proxy")

_PRELOADED: Final = ("cloudformation", "dynamodb", "iam", "s3", "sts", "cloudwatch_logs")


def invoke(function: dict[str, Any], event: Any, invoke_url: str, request_id: str) -> dict[str, Any]:
    """Call a function through the Invoke API. The result has the shape that MiniStack's executors return."""
    configuration = function.get("config") or function
    connection = http.client.HTTPConnection(invoke_url)
    try:
        connection.request(
            "POST",
            f"/2015-03-31/functions/{quote(configuration['FunctionName'], safe='')}/invocations",
            json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass"),
            {"Content-Type": "application/json", "X-Amzn-RequestId": request_id},
        )
        answer = connection.getresponse()
        payload = json.loads(answer.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return {"body": {"errorType": "Runtime.Unreachable", "errorMessage": str(error)}, "error": True}
    finally:
        connection.close()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:  # an error of Lambda itself; Step Functions prefixes its name
        name = payload.get("errorType", "Unknown")
        return {"body": {"errorType": f"Lambda.{name}", "errorMessage": payload.get("Message", "")}, "error": True}
    failed = answer.getheader("X-Amz-Function-Error") is not None
    return {"body": payload} | ({"error": True} if failed else {})


def _redirect_functions_to(invoke_url: str) -> None:
    from ministack.services import lambda_svc

    missing = [name for name in _REPLACED if not hasattr(lambda_svc, name)]
    if missing:
        sys.exit(f"this version of ministack has no lambda_svc.{missing[0]}; install the one in requirements/local.txt")
    lambda_svc._proxy_url_for = lambda _configuration: invoke_url  # noqa: SLF001 -- no public way; checked above
    lambda_svc._execute_function_proxy = invoke  # noqa: SLF001 -- likewise


def main() -> None:
    """Serve on an inherited socket: `python -m local.emulator_process <descriptor> <host:port of the Invoke API>`."""
    descriptor, invoke_url = sys.argv[1:]
    from ministack.app import app  # before the others: it sets the log level

    _redirect_functions_to(invoke_url)
    emulator_conditions.install()
    emulator_speed.install()
    # Otherwise the deployment's first request would import them. Process 1 is busy in the meantime.
    for service in _PRELOADED:
        importlib.import_module(f"ministack.services.{service}")

    # What exists now lives as long as the process. Searching it for garbage would delay some requests.
    gc.collect()
    gc.freeze()

    # MiniStack's own server, hypercorn with h11, takes three times as much CPU time per request.
    server = HttpServer({}, app, lifespan="on")
    asyncio.run(server.serve(sockets=[socket.socket(fileno=int(descriptor))]))


if __name__ == "__main__":
    main()
