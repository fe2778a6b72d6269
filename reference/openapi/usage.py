"""The operations that report usage and costs."""

from __future__ import annotations

from typing import Any, Final, get_args

from audio_gateway.api.usage.ledger_export import MAX_DIRECT_BYTES
from audio_gateway.api.usage.pages import COSTS_WIDTH, USAGE_WIDTHS
from audio_gateway.api.usage.query import COSTS_FIELDS, MAX_TIME_S, USAGE_FIELDS
from audio_gateway.catalog.line_items import Unit
from audio_gateway.metering.account import Outcome
from audio_gateway.metering.limits import DEFAULT_JOBS, DEFAULT_PENDING_BYTES, DEFAULT_WAITS, MAX_OPEN_HOLDS
from audio_gateway.usage.ledger_csv import COLUMNS
from reference.openapi.build import (
    Schema,
    constant,
    integer,
    listed,
    many,
    number,
    or_null,
    record,
    reference,
    text,
)
from reference.openapi.operations import READING, json_answer, named, ok, parameter, refusals

_REFUSED: Final = (*READING, 503)
_ADMIN: Final[list[Schema]] = [{"adminKey": []}]


def usage_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    return {
        "/usage": {"get": _own()},
        "/organization/usage/audio_speeches": {
            "get": _usage(
                "usageSpeeches", "Usage of speech", "Reports the number of spoken characters.", "SpeechUsagePage"
            )
        },
        "/organization/usage/audio_transcriptions": {
            "get": _usage(
                "usageTranscriptions",
                "Usage of transcriptions and translations",
                "Reports the seconds of transcribed and translated audio, added together.",
                "TranscriptionUsagePage",
            )
        },
        "/organization/costs": {"get": _costs()},
        "/organization/ledger": {"get": _ledger()},
    }


# ---------------------------------------------------------------- operations
_BUCKETS: Final = " Empty buckets are included. Requires an admin key."


def _own() -> Schema:
    return {
        "operationId": "ownUsage",
        "summary": "Retrieve your limits and usage",
        "description": "Returns the limits of the key that makes this request, and its usage up to the last request.",
        "responses": {"200": json_answer("The limits and usage.", "OwnUsage"), **refusals(_REFUSED)},
    }


def _usage(operation_id: str, summary: str, description: str, page: str) -> Schema:
    default = listed([f"{it.default_limit} for `{name}`" for name, it in USAGE_WIDTHS.items()])
    most = listed([f"{it.max_limit:,} for `{name}`" for name, it in USAGE_WIDTHS.items()])
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": f"{description} The first bucket starts at `start_time`, the others at whole UTC minutes, hours "
        f"or days; the last one ends at `end_time`. Failed requests are not included.{_BUCKETS}",
        "security": _ADMIN,
        "parameters": [
            *_range(),
            parameter("bucket_width", "query", "The length of a bucket.", enum=list(USAGE_WIDTHS), default="1d"),
            _whole("limit", f"The number of buckets per page. Default: {default}. Maximum: {most}."),
            _page(),
            _several(
                "group_by[]",
                "Groups the results by these fields. `user_id` is always null: the gateway has no users.",
                enum=list(USAGE_FIELDS),
            ),
            *_filters("project_ids[]", "api_key_ids[]", "models[]"),
            _several("user_ids[]", "Includes only these users. The gateway has no users, so the report is then empty."),
        ],
        "responses": {"200": json_answer("A page of buckets.", page), **refusals(_REFUSED)},
    }


def _costs() -> Schema:
    return {
        "operationId": "costs",
        "summary": "Costs",
        "description": "Reports what callers are charged and what providers cost, per UTC day. For failed requests, "
        f"only the cost of the provider is included.{_BUCKETS}",
        "security": _ADMIN,
        "parameters": [
            *_range(),
            parameter("bucket_width", "query", "The length of a bucket.", enum=["1d"], default="1d"),
            _whole(
                "limit",
                "The number of buckets per page.",
                minimum=1,
                maximum=COSTS_WIDTH.max_limit,
                default=COSTS_WIDTH.default_limit,
            ),
            _page(),
            _several(
                "group_by[]",
                "Groups the results by these fields. A line item is `<model>, <endpoint>`.",
                enum=list(COSTS_FIELDS),
            ),
            *_filters("project_ids[]", "api_key_ids[]", "line_items[]"),
        ],
        "responses": {"200": json_answer("A page of buckets.", "CostsPage"), **refusals(_REFUSED)},
    }


def _ledger() -> Schema:
    month = parameter("month", "query", "The UTC month, such as `2026-11`.", pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")
    outcomes = listed([f"`{outcome}`" for outcome in get_args(Outcome)])
    units = listed([f"`{unit}`" for unit in get_args(Unit)])
    body = text(
        f"CSV (RFC 4180) with the columns {listed([f'`{column}`' for column in COLUMNS])}. Times are UTC, and dollars "
        f"have six decimal places. Units are {units}. Outcomes are {outcomes}."
    )
    return {
        "operationId": "ledger",
        "summary": "Export the ledger",
        "description": "Exports all ledger rows of a month, for invoices, in the order in which the requests were "
        "admitted. The current month is exported up to now, and the file name says so. An export is never truncated: "
        "if the month cannot be read in one call, the request fails (`input_too_long`); use the command line instead. "
        "Requires an admin key.",
        "security": _ADMIN,
        "parameters": [
            {**month, "required": True},
            parameter("project_id", "query", "Exports only the rows of this project."),
        ],
        "responses": {
            "200": ok("The file.", {"text/csv": {"schema": body}}, "content-disposition"),
            "303": {
                "description": f"The file is larger than {MAX_DIRECT_BYTES / 1_000_000:g} MB. `location` serves it for "
                "15 minutes to anyone who has the link. curl follows the redirect with `-L`.",
                "content": {"application/json": {"schema": reference("Redirect")}},
                "headers": named("location"),
            },
            **refusals(_REFUSED),
        },
    }


# ---------------------------------------------------------------- parameters
def _range() -> list[Schema]:
    start = _whole("start_time", "Start of the range, in Unix seconds (inclusive).", minimum=0, maximum=MAX_TIME_S)
    end = _whole(
        "end_time", "End of the range, in Unix seconds (exclusive). Default: now.", minimum=0, maximum=MAX_TIME_S
    )
    return [{**start, "required": True}, end]


def _page() -> Schema:
    return parameter(
        "page", "query", "The cursor: the `next_page` of the previous page. Keep the other parameters unchanged."
    )


def _whole(name: str, description: str, **more: Any) -> Schema:
    return parameter(name, "query", description, type="integer", **more)


def _several(name: str, description: str, **items: Any) -> Schema:
    """A parameter that is repeated for each element, as `name[]` or `name`."""
    found = parameter(name, "query", description)
    return {**found, "schema": {"type": "array", "items": {"type": "string", **items}}}


def _filters(*names: str) -> list[Schema]:
    what = {
        "project_ids[]": "projects",
        "api_key_ids[]": "keys (by id)",
        "models[]": "models",
        "line_items[]": "line items (by full name)",
    }
    return [_several(name, f"Includes only these {what[name]}.") for name in names]


# ---------------------------------------------------------------- answers
def usage_schemas() -> dict[str, Schema]:
    """The objects of the answers, by name."""
    return {
        "OwnUsage": _own_usage(),
        "Limits": limits_schema(),
        **_pages(
            "SpeechUsage",
            "speech usage",
            _usage_result("audio_speeches", characters="The number of spoken characters."),
        ),
        **_pages(
            "TranscriptionUsage",
            "transcription and translation usage",
            _usage_result(
                "audio_transcriptions", seconds="Seconds of audio: the sum of all milliseconds, rounded up once."
            ),
        ),
        **_pages("Costs", "costs", _costs_result()),
        "Dollars": record(
            "An amount of money.",
            "value currency",
            {"value": number("The amount, exact to the micro-dollar."), "currency": constant("usd")},
        ),
    }


def _pages(name: str, subject: str, result: Schema) -> dict[str, Schema]:
    bucket = record(
        f"A time bucket of {subject}.",
        "object start_time end_time results",
        {
            "object": constant("bucket"),
            "start_time": integer("Start of the bucket, in Unix seconds (inclusive)."),
            "end_time": integer("End of the bucket, in Unix seconds (exclusive)."),
            "results": many(reference(f"{name}Result"), "One result for each group that is not empty."),
        },
    )
    page = record(
        f"A page of consecutive time buckets of {subject}.",
        "object data has_more next_page",
        {
            "object": constant("page"),
            "data": many(reference(f"{name}Bucket"), "The buckets, oldest first."),
            "has_more": {"type": "boolean", "description": "Whether there are more buckets after this page."},
            "next_page": or_null(text("The value to send as `page` to get the next page; null if there is none.")),
        },
    )
    return {f"{name}Page": page, f"{name}Bucket": bucket, f"{name}Result": result}


def _grouped(names: tuple[str, ...]) -> dict[str, Schema]:
    return {name: or_null(text("Null unless the results are grouped by this field.")) for name in names}


def _usage_result(name: str, **amount: str) -> Schema:
    fields = {
        "object": constant(f"organization.usage.{name}.result"),
        **{unit: integer(description) for unit, description in amount.items()},
        "num_model_requests": integer("The number of successful requests."),
        **_grouped(USAGE_FIELDS),
    }
    return record("The usage of one group.", " ".join(fields), fields)


def _costs_result() -> Schema:
    fields = {
        "object": constant("organization.costs.result"),
        "amount": {**reference("Dollars"), "description": "What the callers pay."},
        "provider_cost": {**reference("Dollars"), "description": "What the operator pays the providers."},
        "quantity": or_null(number("The quantity of the line item. Null unless the results are grouped by line item.")),
        "quantity_unit": or_null(
            text("`characters` or `duration_seconds`. Null unless the results are grouped by line item.")
        ),
        **_grouped(COSTS_FIELDS),
    }
    return record("The costs of one group.", " ".join(fields), fields)


_WINDOWS: Final = {
    "requests_per_minute": "Requests per clock minute.",
    "concurrent_requests": (
        f"Requests and jobs that are open at the same time, at most {MAX_OPEN_HOLDS}. The same number of polls may "
        f"wait for jobs at the same time; {DEFAULT_WAITS} without this limit."
    ),
    "concurrent_jobs": f"Jobs that are open at the same time; {DEFAULT_JOBS} without this limit.",
    "characters_per_minute": "Spoken characters per clock minute.",
    "audio_seconds_per_minute": "Seconds of transcribed or translated audio per clock minute.",
    "monthly_budget_usd": "Dollars per UTC month, as a decimal string.",
    "pending_upload_bytes": (
        "Bytes of uploads that are not yet used, deleted or expired; "
        f"{DEFAULT_PENDING_BYTES / 1_000_000_000:g} GB without this limit."
    ),
}


def _own_usage() -> Schema:
    used = {name: number(description) for name, description in _WINDOWS.items()}
    used["monthly_budget_usd"] = text(
        "Dollars of this UTC month: spent, or held for running requests. Failed requests are free and do not count."
    )
    resets = {name: or_null(integer("When the count resets, in Unix seconds.")) for name in _WINDOWS}
    resets["concurrent_requests"] = {
        "type": "null",
        "description": "Always null: the count falls when a request or job ends.",
    }
    resets["concurrent_jobs"] = {"type": "null", "description": "Always null: the count falls when a job ends."}
    resets["pending_upload_bytes"] = {
        "type": "null",
        "description": "Always null: the count falls when an upload is used, deleted or expires.",
    }
    return record(
        "The limits of a key and its usage.",
        "object limits used resets_at free_failures_used_up",
        {
            "object": constant("usage"),
            "limits": {**reference("Limits"), "description": "The limits that are set."},
            "used": record("The usage, whether limited or not.", " ".join(used), used),
            "resets_at": record("When each count resets.", " ".join(resets), resets),
            "free_failures_used_up": {
                "type": "boolean",
                "description": "Whether providers have charged as much as the key's `monthly_budget_usd` for requests "
                "that failed this UTC month and cost the key nothing. New requests then get a 429 until the month ends "
                "or the budget is raised.",
            },
        },
    )


def limits_schema() -> Schema:
    """`Limits`, the limits of a key."""
    fields = {name: integer(description) for name, description in _WINDOWS.items()}
    fields["monthly_budget_usd"] = text(_WINDOWS["monthly_budget_usd"])
    fields["models"] = many(
        {"type": "string"}, "The models that the key may use, by their ids or aliases in the catalogue."
    )
    fields["expires_at"] = integer("When the key expires, in Unix seconds.")
    return record(
        "The limits of a key. An absent limit means no limit, unless its description names a default.", "", fields
    )
