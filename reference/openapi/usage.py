"""The operations that report what was used and what it costs."""

from __future__ import annotations

from typing import Any, Final, get_args

from audio_gateway.api.usage.ledger_export import MAX_DIRECT_BYTES
from audio_gateway.api.usage.pages import COSTS_WIDTH, USAGE_WIDTHS
from audio_gateway.api.usage.query import COSTS_FIELDS, MAX_TIME_S, USAGE_FIELDS
from audio_gateway.catalog.line_items import Unit
from audio_gateway.metering.account import Outcome
from audio_gateway.metering.limits import DEFAULT_JOBS, DEFAULT_PENDING_BYTES, DEFAULT_WAITS, MAX_OPEN_HOLDS
from audio_gateway.usage.ledger_csv import COLUMNS
from reference.openapi.build import Schema, constant, integer, many, number, or_null, record, reference, text
from reference.openapi.operations import READING, json_answer, named, ok, parameter, refusals

_REFUSED: Final = (*READING, 503)
_ADMIN: Final[list[Schema]] = [{"adminKey": []}]


def usage_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    return {
        "/usage": {"get": _own()},
        "/organization/usage/audio_speeches": {
            "get": _usage("usageSpeeches", "Usage of speech", "The characters that were spoken.", "SpeechUsagePage")
        },
        "/organization/usage/audio_transcriptions": {
            "get": _usage(
                "usageTranscriptions",
                "Usage of transcriptions and translations",
                "The seconds that were listened to, of both together.",
                "TranscriptionUsagePage",
            )
        },
        "/organization/costs": {"get": _costs()},
        "/organization/ledger": {"get": _ledger()},
    }


# ---------------------------------------------------------------- operations
_BUCKETS: Final = " Each bucket is listed, also an empty one. Needs an admin key."


def _own() -> Schema:
    return {
        "operationId": "ownUsage",
        "summary": "The key's own limits and usage",
        "description": "What the key of this very request may use, and what is used of it, to the last request.",
        "responses": {"200": json_answer("Limits and usage.", "OwnUsage"), **refusals(_REFUSED)},
    }


def _usage(operation_id: str, summary: str, description: str, page: str) -> Schema:
    sizes = ", ".join(f"{it.default_limit} (at most {it.max_limit}) of `{name}`" for name, it in USAGE_WIDTHS.items())
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": f"{description} The first bucket begins at `start_time`, the others at whole UTC minutes, hours "
        f"or days, and the last ends at `end_time`. Requests that nobody answered are not in it.{_BUCKETS}",
        "security": _ADMIN,
        "parameters": [
            *_range(),
            parameter("bucket_width", "query", "The length of a bucket.", enum=list(USAGE_WIDTHS), default="1d"),
            _whole("limit", f"How many buckets a page has. Default: {sizes}."),
            _page(),
            _several(
                "group_by[]",
                "Report these separately. There are no users here, so `user_id` is always null.",
                enum=list(USAGE_FIELDS),
            ),
            *_filters("project_ids[]", "api_key_ids[]", "models[]"),
            _several("user_ids[]", "Only these users. There are none: the report is empty."),
        ],
        "responses": {"200": json_answer("A page of buckets.", page), **refusals(_REFUSED)},
    }


def _costs() -> Schema:
    return {
        "operationId": "costs",
        "summary": "Costs",
        "description": "What callers are charged, and what the providers cost, in whole UTC days. Of requests "
        f"that nobody answered there is only what a provider took for them.{_BUCKETS}",
        "security": _ADMIN,
        "parameters": [
            *_range(),
            parameter("bucket_width", "query", "The length of a bucket.", enum=["1d"], default="1d"),
            _whole(
                "limit",
                "How many buckets a page has.",
                minimum=1,
                maximum=COSTS_WIDTH.max_limit,
                default=COSTS_WIDTH.default_limit,
            ),
            _page(),
            _several(
                "group_by[]",
                "Report these separately; a line item is `<model>, <endpoint>`.",
                enum=list(COSTS_FIELDS),
            ),
            *_filters("project_ids[]", "api_key_ids[]", "line_items[]"),
        ],
        "responses": {"200": json_answer("A page of buckets.", "CostsPage"), **refusals(_REFUSED)},
    }


def _ledger() -> Schema:
    month = parameter("month", "query", "A UTC month, such as 2026-11.", pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")
    outcomes = ", ".join(f"`{outcome}`" for outcome in get_args(Outcome))
    units = ", ".join(f"`{unit}`" for unit in get_args(Unit))
    body = text(
        f"RFC 4180, with the columns {', '.join(f'`{column}`' for column in COLUMNS)}. Times are UTC, units are "
        f"{units}, dollars have six digits after the point, outcomes are {outcomes}."
    )
    return {
        "operationId": "ledger",
        "summary": "The ledger of a month",
        "description": "Every row of the ledger, in order of the time at which its request was admitted, for invoices. "
        "The running month is exported up to now; its file says so in its name. A month that cannot be read within the "
        "time of one call is refused (`input_too_long`), and never cut off: use the command line then. Needs an admin "
        "key.",
        "security": _ADMIN,
        "parameters": [
            {**month, "required": True},
            parameter("project_id", "query", "Only rows of this project."),
        ],
        "responses": {
            "200": ok("The file.", {"text/csv": {"schema": body}}, "content-disposition"),
            "303": {
                "description": f"The file is larger than {MAX_DIRECT_BYTES / 1_000_000:g} MB. It is at the `location` "
                "for 15 minutes, for anybody who has that link. curl follows with `-L`.",
                "content": {"application/json": {"schema": reference("Redirect")}},
                "headers": named("location"),
            },
            **refusals(_REFUSED),
        },
    }


# ---------------------------------------------------------------- parameters
def _range() -> list[Schema]:
    start = _whole("start_time", "Begin, in unix seconds, included.", minimum=0, maximum=MAX_TIME_S)
    end = _whole("end_time", "End, in unix seconds, excluded. Left out: now.", minimum=0, maximum=MAX_TIME_S)
    return [{**start, "required": True}, end]


def _page() -> Schema:
    return parameter("page", "query", "The `next_page` of the previous page; the other parameters stay the same.")


def _whole(name: str, description: str, **more: Any) -> Schema:
    return parameter(name, "query", description, type="integer", **more)


def _several(name: str, description: str, **items: Any) -> Schema:
    """A parameter that is sent once for each element, as `name[]` or as `name`."""
    found = parameter(name, "query", description)
    return {**found, "schema": {"type": "array", "items": {"type": "string", **items}}}


def _filters(*names: str) -> list[Schema]:
    what = {
        "project_ids[]": "projects",
        "api_key_ids[]": "keys, by id",
        "models[]": "models",
        "line_items[]": "line items, by their whole name",
    }
    return [_several(name, f"Only these {what[name]}.") for name in names]


# ---------------------------------------------------------------- answers
def usage_schemas() -> dict[str, Schema]:
    """The objects of the answers, by name."""
    return {
        "OwnUsage": _own_usage(),
        "Limits": limits_schema(),
        **_pages(
            "SpeechUsage", "Of speech.", _usage_result("audio_speeches", characters="Characters that were spoken.")
        ),
        **_pages(
            "TranscriptionUsage",
            "Of transcriptions and translations.",
            _usage_result(
                "audio_transcriptions", seconds="Seconds of audio: milliseconds added up, and rounded up once."
            ),
        ),
        **_pages("Costs", "Of everything.", _costs_result()),
        "Dollars": record(
            "An amount of money.",
            "value currency",
            {"value": number("Exact to the micro-dollar."), "currency": constant("usd")},
        ),
    }


def _pages(name: str, description: str, result: Schema) -> dict[str, Schema]:
    bucket = record(
        f"A stretch of time. {description}",
        "object start_time end_time results",
        {
            "object": constant("bucket"),
            "start_time": integer("Begin, in unix seconds, included."),
            "end_time": integer("End, in unix seconds, excluded."),
            "results": many(reference(f"{name}Result"), "One for each group in which there is something."),
        },
    )
    page = record(
        f"Buckets that touch each other. {description}",
        "object data has_more next_page",
        {
            "object": constant("page"),
            "data": many(reference(f"{name}Bucket"), "In order of time."),
            "has_more": {"type": "boolean", "description": "Whether there is another page."},
            "next_page": or_null(text("What to send as `page` to get it.")),
        },
    )
    return {f"{name}Page": page, f"{name}Bucket": bucket, f"{name}Result": result}


def _grouped(names: tuple[str, ...]) -> dict[str, Schema]:
    return {name: or_null(text("Null unless grouped by it.")) for name in names}


def _usage_result(name: str, **amount: str) -> Schema:
    fields = {
        "object": constant(f"organization.usage.{name}.result"),
        **{unit: integer(description) for unit, description in amount.items()},
        "num_model_requests": integer("Requests that were answered."),
        **_grouped(USAGE_FIELDS),
    }
    return record("What was used.", " ".join(fields), fields)


def _costs_result() -> Schema:
    fields = {
        "object": constant("organization.costs.result"),
        "amount": reference("Dollars"),
        "provider_cost": reference("Dollars"),
        "quantity": or_null(number("How much of the line item. Null unless grouped by it.")),
        "quantity_unit": or_null(text("`characters` or `duration_seconds`. Null unless grouped by line item.")),
        **_grouped(COSTS_FIELDS),
    }
    return record(
        "What was charged: `amount` is what the callers pay, `provider_cost` what the operator pays the providers.",
        " ".join(fields),
        fields,
    )


_WINDOWS: Final = {
    "requests_per_minute": "Requests in a clock minute.",
    "concurrent_requests": (
        f"Requests and jobs that are open at once, {MAX_OPEN_HOLDS} at most; as many polls wait for jobs at once, "
        f"{DEFAULT_WAITS} without this limit."
    ),
    "concurrent_jobs": f"Jobs that are open at once; {DEFAULT_JOBS} without this limit.",
    "characters_per_minute": "Characters spoken in a clock minute.",
    "audio_seconds_per_minute": "Seconds of audio listened to in a clock minute.",
    "monthly_budget_usd": "Dollars of a UTC month, as a decimal string.",
    "pending_upload_bytes": (
        "Bytes of uploads that were announced and are not used yet, nor deleted or expired; "
        f"{DEFAULT_PENDING_BYTES} without this limit."
    ),
}


def _own_usage() -> Schema:
    used = {name: number(description) for name, description in _WINDOWS.items()}
    used["monthly_budget_usd"] = text(
        "Dollars of this UTC month, spent and held for what is running. Failures are free, and not in it."
    )
    resets = {name: or_null(integer("Unix seconds.")) for name in _WINDOWS}
    resets["concurrent_requests"] = {"type": "null", "description": "When one of them ends."}
    resets["concurrent_jobs"] = {"type": "null", "description": "When one of them ends."}
    resets["pending_upload_bytes"] = {"type": "null", "description": "When one of them is used, deleted or expires."}
    return record(
        "What a key may use and what it has used.",
        "object limits used resets_at free_failures_used_up",
        {
            "object": constant("usage"),
            "limits": reference("Limits"),
            "used": record("All of it, whether limited or not.", " ".join(used), used),
            "resets_at": record("When each begins again.", " ".join(resets), resets),
            "free_failures_used_up": {
                "type": "boolean",
                "description": "Whether providers took as much as the key's `monthly_budget_usd` for requests of this "
                "UTC month that failed and cost the key nothing. New ones are a 429 then, until the month ends or the "
                "budget is raised.",
            },
        },
    )


def limits_schema() -> Schema:
    """`Limits`: those of a key."""
    fields = {name: integer(description) for name, description in _WINDOWS.items()}
    fields["monthly_budget_usd"] = text(_WINDOWS["monthly_budget_usd"])
    fields["models"] = many({"type": "string"}, "Ids of the models that may be used, all of them of the catalogue.")
    fields["expires_at"] = integer("When the key ends, in unix seconds.")
    return record("The limits of a key. What is absent is not limited, but where a figure is named.", "", fields)
