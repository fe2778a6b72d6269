"""The samples of the admin API, by operation."""

from __future__ import annotations

from typing import Final

_CURL: Final = (
    'curl -L {method}"$OPENAI_BASE_URL/organization{path}" -H "Authorization: Bearer $OPENAI_ADMIN_KEY"{body}'
)
_JSON: Final = " \\\n  -H \"Content-Type: application/json\" -d '{fields}'"


def _curl(path: str, fields: str = "", method: str = "") -> dict[str, str]:
    body = _JSON.replace("{fields}", fields) if fields else ""
    return {"sh": _CURL.format(method=f"-X {method} " if method else "", path=path, body=body)}


def _python(calls: str) -> dict[str, str]:
    return {
        "python": f"from openai import OpenAI\n\nprojects = OpenAI().admin.organization.projects\n{calls.strip()}\n"
    }


ADMIN_SAMPLES: Final[dict[str, dict[str, str]]] = {
    "listProjects": _curl("/projects?include_archived=true"),
    "createProject": _curl("/projects", '{"name": "customer 1"}'),
    "retrieveProject": _curl("/projects/default"),
    "updateProject": _curl("/projects/default", '{"name": "our own"}'),
    "archiveProject": _curl("/projects/$PROJECT/archive", method="POST"),
    "listServiceAccounts": _curl("/projects/default/service_accounts?limit=100"),
    "createServiceAccount": {
        **_curl(
            "/projects/default/service_accounts",
            '{"name": "website", "limits": {"monthly_budget_usd": "25.00", "concurrent_requests": 4}}',
        ),
        **_python("""
limits = {"monthly_budget_usd": "25.00", "concurrent_requests": 4}
account = projects.service_accounts.create("default", name="website", extra_body={"limits": limits})
print(account.api_key.value if account.api_key else "")
"""),
    },
    "retrieveServiceAccount": _curl("/projects/default/service_accounts/$ACCOUNT"),
    "updateServiceAccount": _curl("/projects/default/service_accounts/$ACCOUNT", '{"name": "shop"}'),
    "deleteServiceAccount": _curl("/projects/default/service_accounts/$ACCOUNT", method="DELETE"),
    "createKey": _curl("/projects/default/service_accounts/$ACCOUNT/api_keys", '{"expires_in_seconds": 86400}'),
    "listKeys": {
        **_curl("/projects/default/api_keys"),
        **_python("""
for key in projects.api_keys.list("default"):
    print(key.id, key.name, key.to_dict()["limits"])
"""),
    },
    "retrieveKey": _curl("/projects/default/api_keys/$KEY"),
    "updateKey": {
        **_curl("/projects/default/api_keys/$KEY", '{"status": "disabled"}'),
        **_python("""
for key in projects.api_keys.list("default"):
    projects.api_keys.update(key.id, project_id="default", extra_body={"limits": {"requests_per_minute": 60}})
"""),
    },
    "deleteKey": _curl("/projects/default/api_keys/$KEY", method="DELETE"),
    "listProjectWebhookEndpoints": _curl("/projects/$PROJECT/webhook_endpoints"),
    "deleteProjectWebhookEndpoint": _curl("/projects/$PROJECT/webhook_endpoints/$ENDPOINT", method="DELETE"),
    "listAdminKeys": _curl("/admin_api_keys?order=desc"),
    "createAdminKey": _curl("/admin_api_keys", '{"name": "for the night shift", "expires_in_seconds": 28800}'),
    "retrieveAdminKey": _curl("/admin_api_keys/$KEY"),
    "deleteAdminKey": _curl("/admin_api_keys/$KEY", method="DELETE"),
}
