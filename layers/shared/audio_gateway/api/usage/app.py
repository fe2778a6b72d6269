"""GET /organization/usage/…, /organization/costs, /organization/ledger and /usage (contract section 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fastapi import FastAPI, Request, Response

from audio_gateway.api.http.app import caller_of, create_app, deadline_of
from audio_gateway.api.http.parameters import Parameters
from audio_gateway.api.http.redirects import to_link
from audio_gateway.api.http.responses import json_response
from audio_gateway.api.usage.ledger_export import CSV_TYPE, ExportSource, export, export_query
from audio_gateway.api.usage.own import own_usage
from audio_gateway.api.usage.query import costs_query, usage_query
from audio_gateway.api.usage.reports import LISTENING, SPEECH, costs_report, usage_report
from audio_gateway.clock import now_ms
from audio_gateway.metering.account import Usage
from audio_gateway.metering.account_item import Account, no_account
from audio_gateway.usage.reports import UsageReports


class Accounts(Protocol):
    """The accounts of keys."""

    def get(self, key_id: str, now_ms: int) -> tuple[Account, Usage] | None:
        """The account of a key and its usage at this moment; None if there is none."""
        ...


def usage_app(
    *, reports: UsageReports, exports: ExportSource, accounts: Accounts, now_ms: Callable[[], int] = now_ms
) -> FastAPI:
    """The app of the usage function. `now_ms` is the clock in Unix milliseconds."""
    app = create_app("usage", caller={"/organization/": "admin", "/usage": "api"})
    _add_reports(app, reports, now_ms)
    _add_ledger(app, exports, now_ms)
    _add_own_usage(app, accounts, now_ms)
    return app


def _add_reports(app: FastAPI, reports: UsageReports, now_ms: Callable[[], int]) -> None:
    @app.get("/organization/usage/audio_speeches")
    async def audio_speeches(request: Request) -> Response:
        query = usage_query(request.query_params.multi_items(), now_ms() // 1000)
        return json_response(usage_report(reports, query, SPEECH, "audio_speeches"))

    @app.get("/organization/usage/audio_transcriptions")
    async def audio_transcriptions(request: Request) -> Response:
        query = usage_query(request.query_params.multi_items(), now_ms() // 1000)
        return json_response(usage_report(reports, query, LISTENING, "audio_transcriptions"))

    @app.get("/organization/costs")
    async def costs(request: Request) -> Response:
        return json_response(costs_report(reports, costs_query(request.query_params.multi_items(), now_ms() // 1000)))


def _add_ledger(app: FastAPI, exports: ExportSource, now_ms: Callable[[], int]) -> None:
    @app.get("/organization/ledger")
    async def ledger_as_csv(request: Request) -> Response:
        query = export_query(request.query_params.multi_items(), now_ms() // 1000)
        exported = export(query, exports, deadline_of(request))
        if exported.url is not None:
            return to_link(exported.url)
        disposition = f'attachment; filename="{query.filename}"'
        return Response(exported.body, headers={"content-type": CSV_TYPE, "content-disposition": disposition})


def _add_own_usage(app: FastAPI, accounts: Accounts, now_ms: Callable[[], int]) -> None:
    @app.get("/usage")
    async def own(request: Request) -> Response:
        caller = caller_of(request)
        Parameters(request.query_params.multi_items()).refuse_the_rest()
        at_ms = now_ms()
        found = accounts.get(caller.key_id, at_ms)
        if found is None:
            raise no_account()
        return json_response(own_usage(*found, at_ms))
