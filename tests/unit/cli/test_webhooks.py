"""`webhooks`: list and remove the endpoints of all projects."""

from __future__ import annotations

from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.webhook import WebhookEndpoint, new_secret
from tests.unit.cli.operator import Operator
from tests.unit.cli.shapes import assert_documented
from tests.unit.metering.tables import TABLE


def endpoint(operator: Operator, number: int, project_id: str = "default") -> WebhookEndpoint:
    made = WebhookEndpoint(
        f"webhook_{number:024x}", project_id, "mine", f"https://hooks.example.com/{number}",
        ("audio.job.failed",), new_secret(), 1, 1,
    )  # fmt: skip
    WebhookStore(operator.client, TABLE).add(made)
    return made


def test_endpoints_of_all_projects_are_listed_without_their_secrets(operator: Operator) -> None:
    operator.key()
    project = operator.directory.create_project("tenant").id
    mine, theirs = endpoint(operator, 1), endpoint(operator, 2, project)
    operator.directory.archive_project(project)
    data = operator.json("webhooks", "list")
    assert_documented(data)
    assert {(each["id"], each["project_id"]) for each in data["data"]} == {(mine.id, "default"), (theirs.id, project)}
    assert [each["id"] for each in operator.json("webhooks", "list", "--project", project)["data"]] == [theirs.id]
    table = operator("webhooks", "list").stdout
    assert all(part in table for part in (mine.id, mine.url, theirs.url, "enabled", "audio.job.failed"))
    assert mine.secret not in table + str(data)


def test_an_endpoint_is_removed_after_a_confirmation(operator: Operator) -> None:
    operator.key()
    made = endpoint(operator, 1)
    assert made.url in operator("webhooks", "remove", made.id, code=1, answer="n\n").stderr
    assert operator.json("webhooks", "remove", made.id, "--yes") == {
        "object": "webhook_endpoint",
        "id": made.id,
        "deleted": True,
    }
    assert operator.json("webhooks", "list")["data"] == []
    assert "`webhooks list`" in operator("webhooks", "remove", made.id, "--yes", code=1).stderr
    endpoint(operator, 1)  # its URL is free again
