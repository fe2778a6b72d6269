"""The samples of the admin API, by operation."""

from __future__ import annotations

from typing import Final

from reference.samples_curl import curl, kept

_LIMITS: Final = '{"monthly_budget_usd": "25.00", "concurrent_requests": 4}'
_ACCOUNTS: Final = "organization/projects/default/service_accounts"
_KEYS: Final = "organization/projects/default/api_keys"


def _sh(path: str, fields: str = "", method: str = "") -> dict[str, str]:
    return {"sh": curl(path, fields=fields, method=method, admin=True)}


def _kept(variable: str, path: str, fields: str) -> dict[str, str]:
    return {"sh": kept(variable, path, fields=fields, admin=True)}


def _python(calls: str) -> dict[str, str]:
    return {
        "python": f"from openai import OpenAI\n\nprojects = OpenAI().admin.organization.projects\n{calls.strip()}\n"
    }


ADMIN_SAMPLES: Final[dict[str, dict[str, str]]] = {
    "createProject": _kept("PROJECT", "organization/projects", '{"name": "customer 1"}'),
    "retrieveProject": _sh("organization/projects/$PROJECT"),
    "listProjects": _sh("organization/projects?include_archived=true"),
    "updateProject": _sh("organization/projects/$PROJECT", '{"name": "customer one"}'),
    "archiveProject": _sh("organization/projects/$PROJECT/archive", method="POST"),
    "createServiceAccount": {
        **_kept("ACCOUNT", _ACCOUNTS, f'{{"name": "website", "limits": {_LIMITS}}}'),
        **_python(f"""
limits = {_LIMITS}
account = projects.service_accounts.create("default", name="website", extra_body={{"limits": limits}})
print(account.api_key.value if account.api_key else "")
"""),
    },
    "retrieveServiceAccount": _sh(f"{_ACCOUNTS}/$ACCOUNT"),
    "listServiceAccounts": _sh(f"{_ACCOUNTS}?limit=100"),
    "updateServiceAccount": _sh(f"{_ACCOUNTS}/$ACCOUNT", '{"name": "shop"}'),
    "createKey": _kept("KEY", f"{_ACCOUNTS}/$ACCOUNT/api_keys", '{"expires_in_seconds": 86400}'),
    "retrieveKey": _sh(f"{_KEYS}/$KEY"),
    "listKeys": {
        **_sh(_KEYS),
        **_python("""
for key in projects.api_keys.list("default"):
    print(key.id, key.name, key.to_dict()["limits"])
"""),
    },
    "updateKey": {
        **_sh(f"{_KEYS}/$KEY", '{"status": "disabled"}'),
        **_python("""
account = projects.service_accounts.create("default", name="trial")
limits = {"requests_per_minute": 60, "monthly_budget_usd": "5.00"}
key = projects.api_keys.update(account.api_key.id, project_id="default", extra_body={"limits": limits})
print(key.to_dict()["limits"])
"""),
    },
    "deleteKey": _sh(f"{_KEYS}/$KEY", method="DELETE"),
    "deleteServiceAccount": _sh(f"{_ACCOUNTS}/$ACCOUNT", method="DELETE"),
    "createAdminKey": _kept(
        "ADMIN_KEY", "organization/admin_api_keys", '{"name": "night shift", "expires_in_seconds": 28800}'
    ),
    "retrieveAdminKey": _sh("organization/admin_api_keys/$ADMIN_KEY"),
    "listAdminKeys": _sh("organization/admin_api_keys?order=desc"),
    "deleteAdminKey": _sh("organization/admin_api_keys/$ADMIN_KEY", method="DELETE"),
}
