"""The calls that the code makes to AWS, and the functions that make them, to compare with the roles of template.yaml.

`USES` lists the methods that call AWS and the rights that each needs. `ROLES` lists the methods that the function of a
role may reach. A role must allow exactly what its methods need. To give a function a right, name the code here and add
the statement there. When code is removed, remove its line here and its statement there.

A right is an action, a resource and a scope: a pattern of partitions of the table, or of keys in the bucket.
"""

from __future__ import annotations

from typing import Final

Right = tuple[str, str, str]

SSM: Final = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${SecretsPrefix}/*"
SECRETS: Final = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretsPrefix}/*"
EXECUTIONS: Final = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${JobsMachine.Name}:*"


def items(partition: str, *actions: str) -> set[Right]:
    """`items("JOBS#*", "Get", "Query")`"""
    return {
        (f"dynamodb:{action}" if action == "Query" else f"dynamodb:{action}Item", "Table", partition)
        for action in actions
    }


def objects(prefix: str, *actions: str) -> set[Right]:
    return {(f"s3:{action}Object", "Bucket", f"{prefix}/*") for action in actions}


def reads(prefix: str) -> set[Right]:
    """Objects that may be missing: without the right to list them, S3 answers 403 instead of 404."""
    return objects(prefix, "Get") | lists(prefix)


def lists(prefix: str) -> set[Right]:
    return {("s3:ListBucket", "Bucket", f"{prefix}/*")}


def in_parts(prefix: str) -> set[Right]:
    return objects(prefix, "Put") | {("s3:AbortMultipartUpload", "Bucket", f"{prefix}/*")}


USES: Final[dict[str, set[Right]]] = {
    # keys and accounts
    "identity/key_store.py:KeyStore.get": items("KEY#*", "Get"),
    "metering/account_store.py:AccountStore.get": items("ACCOUNT#*", "Get"),
    "metering/account_store.py:AccountStore.check": items("ACCOUNT#*", "Get"),
    "identity/archive.py:Archive.has": items("PROJECTS", "Get"),
    "identity/archive.py:Archive.unfinished": items("ARCHIVED", "Query"),
    "identity/archive.py:Archive.finish": items("ARCHIVED", "Delete"),
    # money
    "metering/meter.py:DynamoMeter.admit": items("ACCOUNT#*", "Update"),
    "metering/meter.py:DynamoMeter.check": items("ACCOUNT#*", "Get"),
    "metering/meter.py:DynamoMeter.release": items("ACCOUNT#*", "Update"),
    "metering/meter.py:DynamoMeter.settle": items("ACCOUNT#*", "Update") | items("LEDGER#*", "Put"),
    "metering/meter.py:DynamoMeter.fail": items("ACCOUNT#*", "Update") | items("LEDGER#*", "Put"),
    "metering/job_meter.py:DynamoJobMeter.admit": items("ACCOUNT#*", "Update"),
    "metering/job_meter.py:DynamoJobMeter.correct": items("ACCOUNT#*", "Update"),
    "metering/job_meter.py:DynamoJobMeter.release": items("ACCOUNT#*", "Update"),
    "metering/job_meter.py:DynamoJobMeter.settle_at": items("ACCOUNT#*", "Update")
    | items("LEDGER#*", "Put")
    | items("ROLLUP", "Update"),
    "metering/waiting_polls.py:WaitingPolls.begin": items("ACCOUNT#*", "Update"),
    "metering/waiting_polls.py:WaitingPolls.end": items("ACCOUNT#*", "Update"),
    "metering/free_requests.py:FreeRequests.count": items("ACCOUNT#*", "Update"),
    "metering/ledger_store.py:LedgerStore.put": items("LEDGER#*", "Put"),
    "metering/late_rows.py:LateRows.put": items("LEDGER#*", "Put") | items("ROLLUP", "Update"),
    "metering/pending_settlements.py:PendingSettlementStore.keep": objects("unsettled", "Put"),
    "metering/pending_settlements.py:PendingSettlementStore.find": reads("unsettled"),
    "metering/pending_settlements.py:PendingSettlementStore.forget": objects("unsettled", "Delete"),
    "metering/sweeper.py:Sweeper.sweep": items("ACCOUNT#*", "Get", "BatchGet", "Update")
    | items("LEDGER#*", "Get", "Put"),
    "metering/open_accounts.py:OpenAccounts.key_ids": {
        ("dynamodb:Query", "Table/index/open_holds", "OPEN_HOLDS#*"),
    },
    "usage/watermark.py:Watermark.mark": items("ROLLUP", "Update"),
    # reports
    "usage/reports.py:DynamoUsageReports.series": items("USAGE#*", "BatchGet", "Query") | items("ROLLUP", "Query"),
    "metering/ledger_store.py:LedgerStore.rows": items("LEDGER#*", "Query"),
    "usage/watermark.py:Watermark.beginning_ms": items("PROJECTS", "Query"),
    "identity/directory_names.py:DirectoryNames.key": items("KEYS#*", "Query"),
    "identity/directory_names.py:DirectoryNames.project": items("PROJECTS", "Query"),
    "usage/spend_alerts.py:SpendAlerts.new": items("ACCOUNT#*", "BatchGet") | items("ALERTS#*", "Put"),
    "usage/rollup.py:Rollup.run": items("USAGE#*", "Query", "Put", "Delete") | items("ROLLUP", "Query", "Update"),
    "usage/watermark.py:Watermark.clear": items("ROLLUP", "Get", "Delete"),
    # the directory
    "identity/projects.py:Projects.create": items("PROJECTS", "Put"),
    "identity/projects.py:Projects.create_default": items("PROJECTS", "Put"),
    "identity/projects.py:Projects.get": items("PROJECTS", "Get"),
    "identity/projects.py:Projects.list": items("PROJECTS", "Query"),
    "identity/projects.py:Projects.rename": items("PROJECTS", "Update"),
    "identity/projects.py:Projects.mark_archived": items("PROJECTS", "Update") | items("ARCHIVED", "Put"),
    "identity/projects.py:Projects.write_in": items("PROJECTS", "ConditionCheck"),
    "identity/service_accounts.py:ServiceAccounts.create": items("SERVICE_ACCOUNTS#*", "Put"),
    "identity/service_accounts.py:ServiceAccounts.get": items("SERVICE_ACCOUNTS#*", "Get"),
    "identity/service_accounts.py:ServiceAccounts.list": items("SERVICE_ACCOUNTS#*", "Query"),
    "identity/service_accounts.py:ServiceAccounts.rename": items("SERVICE_ACCOUNTS#*", "Update"),
    "identity/service_accounts.py:ServiceAccounts.delete": items("SERVICE_ACCOUNTS#*", "Update", "Delete"),
    "identity/api_keys.py:ApiKeys.create": items("SERVICE_ACCOUNTS#*", "ConditionCheck")
    | items("KEYS#*", "Put")
    | items("ACCOUNT#*", "Put")
    | items("KEY#*", "Put"),
    "identity/api_keys.py:ApiKeys.get": items("ACCOUNT#*", "Get", "BatchGet")
    | items("KEYS#*", "Get")
    | items("SERVICE_ACCOUNTS#*", "BatchGet"),
    "identity/api_keys.py:ApiKeys.list": items("KEYS#*", "Query")
    | items("ACCOUNT#*", "BatchGet")
    | items("SERVICE_ACCOUNTS#*", "BatchGet"),
    "identity/api_keys.py:ApiKeys.set_status": items("ACCOUNT#*", "Update") | items("KEY#*", "Update"),
    "identity/api_keys.py:ApiKeys.edit_limits": items("ACCOUNT#*", "Update") | items("KEY#*", "Update"),
    "identity/api_keys.py:ApiKeys.archive_all": items("KEYS#*", "Query")
    | items("ACCOUNT#*", "Update")
    | items("KEY#*", "Update"),
    "identity/api_keys.py:ApiKeys.delete": items("ACCOUNT#*", "Update")
    | items("KEYS#*", "Get", "Update")
    | items("KEY#*", "Delete"),
    "identity/api_keys.py:ApiKeys.forget_deleted": items("ACCOUNT#*", "Get", "Delete")
    | items("KEYS#*", "Get", "Delete")
    | items("KEY#*", "Delete"),
    "identity/admin_keys.py:AdminKeys.create": items("ADMIN_KEYS", "Put") | items("KEY#*", "Put"),
    "identity/admin_keys.py:AdminKeys.get": items("ADMIN_KEYS", "Get"),
    "identity/admin_keys.py:AdminKeys.list": items("ADMIN_KEYS", "Query"),
    "identity/admin_keys.py:AdminKeys.delete": items("ADMIN_KEYS", "ConditionCheck", "Delete")
    | items("KEY#*", "Delete"),
    # idempotency
    "idempotency/claim_store.py:ClaimStore.acquire": items("IDEMPOTENCY#*", "Put"),
    "idempotency/claim_store.py:ClaimStore.complete": items("IDEMPOTENCY#*", "Update"),
    "idempotency/claim_store.py:ClaimStore.release": items("IDEMPOTENCY#*", "Delete"),
    "idempotency/attempt_store.py:CallAttemptStore.acquire": items("CALLS#*", "Put"),
    "idempotency/attempt_store.py:CallAttemptStore.release": items("CALLS#*", "Delete"),
    "idempotency/answer_store.py:AnswerStore.keep": objects("answers", "Put"),
    "idempotency/answer_store.py:AnswerStore.find": reads("answers"),
    "idempotency/payments.py:LedgerPayments.was_paid": items("LEDGER#*", "Get"),
    "storage/speech_cache.py:SpeechCacheStore.find": reads("cache"),
    "storage/speech_cache.py:SpeechCacheStore.keep": objects("cache", "Put"),
    # results too large for Lambda; GetObject: a presigned URL can do what its signer can
    "storage/results.py:ResultStore.put": objects("results", "Put"),
    "storage/results.py:ResultStore.put_parts": in_parts("results"),
    "storage/results.py:ResultStore.link": objects("results", "Get"),
    # uploads; PutObject: a presigned form can do what its signer can
    "uploads/upload_store.py:UploadStore.create": items("UPLOADS#*", "Put")
    | items("ACCOUNT#*", "Update")
    | objects("uploads", "Put"),
    "uploads/upload_store.py:UploadStore.used": items("UPLOADS#*", "Get") | items("ACCOUNT#*", "Update"),
    "uploads/upload_store.py:UploadStore.state": items("UPLOADS#*", "Get") | reads("uploads"),
    "uploads/upload_store.py:UploadStore.file": items("UPLOADS#*", "Get") | reads("uploads"),
    "uploads/upload_store.py:UploadStore.reader": reads("uploads"),
    "uploads/upload_store.py:UploadStore.delete": items("UPLOADS#*", "Get", "Delete")
    | items("ACCOUNT#*", "Update")
    | objects("uploads", "Delete"),
    "uploads/upload_store.py:UploadStore.remove_all": lists("uploads") | objects("uploads", "Delete"),
    # jobs
    "jobs/job_store.py:JobStore.create": items("OPEN_JOBS", "Put") | items("JOBS#*", "Put"),
    "jobs/job_store.py:JobStore.get": items("JOBS#*", "Get"),
    "jobs/job_store.py:JobStore.of_hold": items("JOBS#*", "Get"),
    "jobs/job_store.py:JobStore.newest": items("JOBS#*", "Query"),
    "jobs/job_store.py:JobStore.record_hold": items("JOBS#*", "Update", "Get"),
    "jobs/job_store.py:JobStore.start": items("JOBS#*", "Update"),
    "jobs/job_store.py:JobStore.count_chunk": items("JOBS#*", "Update", "Get"),
    "jobs/job_store.py:JobStore.add_unbilled_cost": items("JOBS#*", "Update"),
    "jobs/job_store.py:JobStore.finish": items("JOBS#*", "Update", "Get"),
    "jobs/job_store.py:JobStore.delete": items("JOBS#*", "Delete"),
    "jobs/job_store.py:JobStore.close": items("OPEN_JOBS", "Delete"),
    "jobs/job_store.py:JobStore.open_job": items("OPEN_JOBS", "Get"),
    "jobs/job_store.py:JobStore.open_jobs": items("OPEN_JOBS", "Query"),
    "jobs/job_store.py:JobStore.claim": items("OPEN_JOBS", "Update"),
    "jobs/job_store.py:JobStore.request_cancel": items("OPEN_JOBS", "Update"),
    "jobs/job_files.py:JobFiles.put": objects("jobs", "Put"),
    "jobs/job_files.py:JobFiles.get": reads("jobs"),
    "jobs/job_files.py:JobFiles.find": reads("jobs"),
    "jobs/job_files.py:JobFiles.put_stream": in_parts("jobs"),
    "jobs/job_files.py:JobFiles.remove": lists("jobs") | objects("jobs", "Delete"),
    "jobs/job_files.py:JobFiles.discard": objects("jobs", "Delete"),
    "storage/objects.py:ObjectReader.read": reads("uploads"),  # a job's source may be an upload
    "jobs/executions.py:Executions.start": {("states:StartExecution", "JobsMachine", "")},
    "jobs/executions.py:Executions.stop": {("states:StopExecution", EXECUTIONS, "")},
    "jobs/executions.py:Executions.running": {("states:ListExecutions", "JobsMachine", "")},
    "jobs/executions.py:Executions.is_running": {("states:DescribeExecution", EXECUTIONS, "")},
    "jobs/end_function.py:EndFunction.cancel": {("lambda:InvokeFunction", "JobEndFunction", "")},
    "jobs/end_function.py:EndFunction.end": {("lambda:InvokeFunction", "JobEndFunction", "")},
    # webhooks
    "webhooks/endpoint_store.py:WebhookStore.add": items("WEBHOOKS#*", "Put") | items("WEBHOOK_URLS#*", "Put"),
    "webhooks/endpoint_store.py:WebhookStore.find": items("WEBHOOKS#*", "Get"),
    "webhooks/endpoint_store.py:WebhookStore.of_project": items("WEBHOOKS#*", "Query"),
    "webhooks/endpoint_store.py:WebhookStore.change": items("WEBHOOKS#*", "Update")
    | items("WEBHOOK_URLS#*", "Put", "Delete"),
    "webhooks/endpoint_store.py:WebhookStore.rotate": items("WEBHOOKS#*", "Update"),
    "webhooks/endpoint_store.py:WebhookStore.delete": items("WEBHOOKS#*", "Delete") | items("WEBHOOK_URLS#*", "Delete"),
    "webhooks/endpoint_store.py:WebhookStore.was_accepted": items("WEBHOOKS#*", "Update"),
    "webhooks/endpoint_store.py:WebhookStore.was_given_up": items("WEBHOOKS#*", "Update"),
    "webhooks/endpoint_store.py:WebhookStore.log": items("DELIVERIES#*", "Put"),
    "webhooks/endpoint_store.py:WebhookStore.attempts": items("DELIVERIES#*", "Query"),
    "webhooks/rate_limit.py:RateLimitStore.acquire": items("PACE#*", "Get", "Put"),
    "webhooks/rate_limit.py:RateLimitStore.try_acquire": items("PACE#*", "Get", "Put"),
    "webhooks/published_events.py:PublishedEvents.begin": items("ANNOUNCED#*", "Put"),
    "webhooks/published_events.py:PublishedEvents.end": items("ANNOUNCED#*", "Update"),
    "webhooks/queue.py:WebhookQueue.publish": {("sqs:SendMessage", "WebhookQueue", "")},
    "webhooks/queue.py:WebhookQueue.send": {
        ("sqs:SendMessage", "WebhookQueue", ""),
        ("sqs:SendMessage", "WebhookDeadQueue", ""),
    },
    # providers
    "providers/secrets.py:Secrets.__call__": {
        ("ssm:GetParameter", SSM, ""),
        ("secretsmanager:GetSecretValue", SECRETS, ""),
    },
}

# Groups of rights. The comments in the roles of template.yaml have the same names.
METERING: Final = {
    "metering/meter.py:DynamoMeter.admit",
    "metering/meter.py:DynamoMeter.settle",
    "metering/meter.py:DynamoMeter.fail",
    "metering/meter.py:DynamoMeter.release",
    "metering/pending_settlements.py:PendingSettlementStore.keep",
    "metering/pending_settlements.py:PendingSettlementStore.find",
}
IDEMPOTENCY: Final = {
    *(
        use
        for use in USES
        if use.startswith(("idempotency/claim_store.py", "idempotency/answer_store.py", "idempotency/payments.py"))
    ),
    *(use for use in USES if use.startswith("idempotency/attempt_store.py")),
}
NAMED_UPLOADS: Final = {
    "uploads/upload_store.py:UploadStore.file",
    "uploads/upload_store.py:UploadStore.reader",
    "uploads/upload_store.py:UploadStore.used",
}
SPEECH_CACHE: Final = {use for use in USES if use.startswith("storage/speech_cache.py")}
RESULTS: Final = {
    "storage/results.py:ResultStore.put",
    "storage/results.py:ResultStore.link",
}
STARTING_JOBS: Final = {
    "metering/job_meter.py:DynamoJobMeter.admit",
    "metering/job_meter.py:DynamoJobMeter.release",
    "jobs/job_store.py:JobStore.create",
    "jobs/job_store.py:JobStore.get",
    "jobs/job_store.py:JobStore.finish",
    "jobs/job_store.py:JobStore.delete",
    "jobs/job_store.py:JobStore.close",
    "jobs/job_files.py:JobFiles.put",
    "jobs/job_files.py:JobFiles.remove",
    "jobs/executions.py:Executions.start",
}
PROVIDER_KEYS: Final = {"providers/secrets.py:Secrets.__call__"}
JOB_STEP: Final = {
    "jobs/job_store.py:JobStore.get",
    "jobs/job_files.py:JobFiles.get",
    "jobs/job_files.py:JobFiles.put",
    "jobs/job_files.py:JobFiles.remove",
}
SETTLING_JOBS: Final = {
    "metering/job_meter.py:DynamoJobMeter.settle_at",
    "metering/job_meter.py:DynamoJobMeter.release",
    "metering/late_rows.py:LateRows.put",
    "metering/pending_settlements.py:PendingSettlementStore.keep",
    "metering/pending_settlements.py:PendingSettlementStore.forget",
}
ENDING_JOBS: Final = {
    "jobs/job_files.py:JobFiles.find",
    "jobs/job_files.py:JobFiles.put_stream",
    "jobs/job_store.py:JobStore.count_chunk",
    "jobs/job_store.py:JobStore.finish",
    "jobs/job_store.py:JobStore.close",
    "webhooks/queue.py:WebhookQueue.publish",
}

_DIRECTORY: Final = tuple(f"identity/{each}.py:" for each in ("projects", "service_accounts", "api_keys", "admin_keys"))

# What several functions have in common.
_AUDIO: Final = METERING | IDEMPOTENCY | RESULTS | STARTING_JOBS | PROVIDER_KEYS
_TRANSCRIPTION: Final = _AUDIO | NAMED_UPLOADS | {"metering/meter.py:DynamoMeter.check"}
_CHUNKS: Final = {
    "jobs/job_store.py:JobStore.get",
    "jobs/job_store.py:JobStore.count_chunk",
    "jobs/job_store.py:JobStore.add_unbilled_cost",
    "jobs/job_files.py:JobFiles.get",
    "jobs/job_files.py:JobFiles.put",
    "jobs/job_files.py:JobFiles.discard",
    "metering/ledger_store.py:LedgerStore.put",
    *PROVIDER_KEYS,
}
_LAST_STEP: Final = JOB_STEP | SETTLING_JOBS | ENDING_JOBS

ROLES: Final[dict[str, set[str]]] = {
    "AuthorizerRole": {"identity/key_store.py:KeyStore.get"},
    "SpeechRole": _AUDIO | SPEECH_CACHE,
    "TranscriptionsRole": _TRANSCRIPTION,
    "TranslationsRole": _TRANSCRIPTION,
    "UploadsRole": {
        "metering/account_store.py:AccountStore.check",
        "metering/free_requests.py:FreeRequests.count",
        "uploads/upload_store.py:UploadStore.create",
        "uploads/upload_store.py:UploadStore.state",
        "uploads/upload_store.py:UploadStore.delete",
    },
    "ModelsRole": set(),
    "VoicesRole": set(),
    "UsageRole": {
        "metering/account_store.py:AccountStore.get",
        "usage/reports.py:DynamoUsageReports.series",
        "metering/ledger_store.py:LedgerStore.rows",
        "usage/watermark.py:Watermark.beginning_ms",
        "identity/directory_names.py:DirectoryNames.key",
        "identity/directory_names.py:DirectoryNames.project",
        "storage/results.py:ResultStore.put_parts",
        "storage/results.py:ResultStore.link",
    },
    "AdminRole": {use for use in USES if use.startswith(_DIRECTORY) and not use.endswith(".forget_deleted")},
    "SweeperRole": {
        "metering/sweeper.py:Sweeper.sweep",
        "metering/open_accounts.py:OpenAccounts.key_ids",
        "jobs/job_store.py:JobStore.of_hold",
        "identity/api_keys.py:ApiKeys.forget_deleted",
        "usage/watermark.py:Watermark.mark",
        "metering/pending_settlements.py:PendingSettlementStore.find",
        "metering/pending_settlements.py:PendingSettlementStore.forget",
        "identity/archive.py:Archive.unfinished",
        "identity/archive.py:Archive.finish",
        "uploads/upload_store.py:UploadStore.remove_all",
        "jobs/job_store.py:JobStore.open_jobs",
        "jobs/job_store.py:JobStore.request_cancel",
        "jobs/job_store.py:JobStore.claim",
        "jobs/executions.py:Executions.stop",
        "jobs/end_function.py:EndFunction.cancel",
        "jobs/executions.py:Executions.running",
        "jobs/executions.py:Executions.is_running",
        "jobs/end_function.py:EndFunction.end",
    },
    "RollupRole": {
        "usage/rollup.py:Rollup.run",
        "usage/spend_alerts.py:SpendAlerts.new",
        "usage/watermark.py:Watermark.clear",
        "usage/watermark.py:Watermark.beginning_ms",
        "metering/ledger_store.py:LedgerStore.rows",
    },
    "JobsRole": {
        *RESULTS,
        "metering/account_store.py:AccountStore.check",
        "jobs/job_store.py:JobStore.get",
        "jobs/job_store.py:JobStore.newest",
        "jobs/job_store.py:JobStore.finish",
        "jobs/job_store.py:JobStore.delete",
        "jobs/job_store.py:JobStore.close",
        "jobs/job_files.py:JobFiles.get",
        "jobs/job_files.py:JobFiles.find",
        "jobs/job_files.py:JobFiles.remove",
        "jobs/job_store.py:JobStore.open_job",
        "jobs/job_store.py:JobStore.claim",
        "jobs/executions.py:Executions.stop",
        "jobs/end_function.py:EndFunction.end",
        "webhooks/queue.py:WebhookQueue.publish",
        "metering/job_meter.py:DynamoJobMeter.settle_at",
        "metering/job_meter.py:DynamoJobMeter.release",
        "metering/waiting_polls.py:WaitingPolls.begin",
        "metering/waiting_polls.py:WaitingPolls.end",
        "metering/pending_settlements.py:PendingSettlementStore.keep",
        "metering/pending_settlements.py:PendingSettlementStore.forget",
    },
    "JobPrepareRole": {
        *JOB_STEP,
        "jobs/job_store.py:JobStore.record_hold",
        "jobs/job_store.py:JobStore.start",
        "jobs/job_files.py:JobFiles.find",
        "jobs/job_files.py:JobFiles.put_stream",
        "storage/objects.py:ObjectReader.read",
        "metering/job_meter.py:DynamoJobMeter.admit",
        "metering/job_meter.py:DynamoJobMeter.correct",
        "metering/job_meter.py:DynamoJobMeter.release",
    },
    "JobSpeechChunkRole": _CHUNKS,
    "JobTranscriptionChunkRole": _CHUNKS,
    "JobMergeRole": _LAST_STEP,
    "JobEndRole": _LAST_STEP,
    "WebhooksRole": {
        "webhooks/endpoint_store.py:WebhookStore.add",
        "webhooks/endpoint_store.py:WebhookStore.find",
        "webhooks/endpoint_store.py:WebhookStore.of_project",
        "webhooks/endpoint_store.py:WebhookStore.change",
        "webhooks/endpoint_store.py:WebhookStore.rotate",
        "webhooks/endpoint_store.py:WebhookStore.delete",
        "webhooks/endpoint_store.py:WebhookStore.attempts",
        "webhooks/rate_limit.py:RateLimitStore.try_acquire",
        "metering/account_store.py:AccountStore.check",
        "identity/projects.py:Projects.get",
    },
    "WebhookDeliveryRole": {
        "webhooks/endpoint_store.py:WebhookStore.find",
        "webhooks/endpoint_store.py:WebhookStore.of_project",
        "webhooks/endpoint_store.py:WebhookStore.log",
        "webhooks/endpoint_store.py:WebhookStore.was_accepted",
        "webhooks/endpoint_store.py:WebhookStore.was_given_up",
        "webhooks/rate_limit.py:RateLimitStore.acquire",
        "webhooks/published_events.py:PublishedEvents.begin",
        "webhooks/published_events.py:PublishedEvents.end",
        "identity/archive.py:Archive.has",
        "webhooks/queue.py:WebhookQueue.send",
    },
}

# What AWS does with the role of a function, and none of our code.
BY_AWS: Final[dict[str, set[Right]]] = {
    "WebhookDeliveryRole": {
        (f"sqs:{action}", "WebhookQueue", "") for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
}
