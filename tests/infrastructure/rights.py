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
    "metering/key_store.py:KeyStore.get": items("KEY#*", "Get"),
    "metering/account_store.py:AccountStore.get": items("ACCOUNT#*", "Get"),
    "metering/account_store.py:AccountStore.check": items("ACCOUNT#*", "Get"),
    "metering/archive.py:Archive.has": items("PROJECTS", "Get"),
    "metering/archive.py:Archive.unfinished": items("ARCHIVED", "Query"),
    "metering/archive.py:Archive.finish": items("ARCHIVED", "Delete"),
    # money
    "metering/meter.py:DynamoMeter.admit": items("ACCOUNT#*", "Update"),
    "metering/meter.py:DynamoMeter.look": items("ACCOUNT#*", "Get"),
    "metering/meter.py:DynamoMeter.release": items("ACCOUNT#*", "Update"),
    "metering/meter.py:DynamoMeter.settle": items("ACCOUNT#*", "Update") | items("LEDGER#*", "Put"),
    "metering/meter.py:DynamoMeter.fail": items("ACCOUNT#*", "Update") | items("LEDGER#*", "Put"),
    "metering/job_meter.py:DynamoJobMeter.admit": items("ACCOUNT#*", "Update"),
    "metering/job_meter.py:DynamoJobMeter.correct": items("ACCOUNT#*", "Update"),
    "metering/job_meter.py:DynamoJobMeter.release": items("ACCOUNT#*", "Update"),
    "metering/job_meter.py:DynamoJobMeter.settle_at": items("ACCOUNT#*", "Update")
    | items("LEDGER#*", "Put")
    | items("ROLLUP", "Update"),
    "metering/waits.py:Waits.begin": items("ACCOUNT#*", "Update"),
    "metering/waits.py:Waits.end": items("ACCOUNT#*", "Update"),
    "metering/visits.py:Visits.count": items("ACCOUNT#*", "Update"),
    "metering/ledger_store.py:LedgerStore.put": items("LEDGER#*", "Put"),
    "metering/late_rows.py:LateRows.put": items("LEDGER#*", "Put") | items("ROLLUP", "Update"),
    "metering/unsettled.py:UnsettledStore.keep": objects("unsettled", "Put"),
    "metering/unsettled.py:UnsettledStore.find": reads("unsettled"),
    "metering/unsettled.py:UnsettledStore.forget": objects("unsettled", "Delete"),
    "metering/sweeper.py:Sweeper.sweep": items("ACCOUNT#*", "Get", "BatchGet", "Update")
    | items("LEDGER#*", "Get", "Put"),
    "metering/open_accounts.py:OpenAccounts.key_ids": {
        ("dynamodb:Query", "Table/index/open_holds", "OPEN_HOLDS#*"),
    },
    "metering/frontier.py:Frontier.mark": items("ROLLUP", "Update"),
    # reports
    "metering/books.py:DynamoBooks.series": items("USAGE#*", "BatchGet", "Query") | items("ROLLUP", "Query"),
    "metering/ledger_store.py:LedgerStore.rows": items("LEDGER#*", "Query"),
    "metering/frontier.py:Frontier.beginning_ms": items("PROJECTS", "Query"),
    "metering/names.py:DirectoryNames.key": items("KEYS#*", "Query"),
    "metering/names.py:DirectoryNames.project": items("PROJECTS", "Query"),
    "metering/spend_alerts.py:SpendAlerts.new": items("ACCOUNT#*", "BatchGet") | items("ALERTS#*", "Put"),
    "metering/rollup.py:Rollup.run": items("USAGE#*", "Query", "Put", "Delete") | items("ROLLUP", "Query", "Update"),
    "metering/frontier.py:Frontier.clear": items("ROLLUP", "Get", "Delete"),
    # the directory
    "metering/directory.py:Directory.create_project": items("PROJECTS", "Put"),
    "metering/directory.py:Directory.project": items("PROJECTS", "Get"),
    "metering/directory.py:Directory.projects": items("PROJECTS", "Query"),
    "metering/directory.py:Directory.rename_project": items("PROJECTS", "Update"),
    "metering/directory.py:Directory.archive_project": items("PROJECTS", "Update")
    | items("KEYS#*", "Query")
    | items("ACCOUNT#*", "Update")
    | items("KEY#*", "Update")
    | items("ARCHIVED", "Put"),
    "metering/directory.py:Directory.create_service_account": items("PROJECTS", "ConditionCheck")
    | items("SERVICE_ACCOUNTS#*", "Put"),
    "metering/directory.py:Directory.service_account": items("SERVICE_ACCOUNTS#*", "Get"),
    "metering/directory.py:Directory.service_accounts": items("SERVICE_ACCOUNTS#*", "Query"),
    "metering/directory.py:Directory.rename_service_account": items("SERVICE_ACCOUNTS#*", "Update"),
    "metering/directory.py:Directory.delete_service_account": items("SERVICE_ACCOUNTS#*", "Update", "Delete"),
    "metering/directory.py:Directory.create_key": items("PROJECTS", "ConditionCheck", "Put")
    | items("SERVICE_ACCOUNTS#*", "ConditionCheck")
    | items("KEYS#*", "Put")
    | items("ACCOUNT#*", "Put")
    | items("KEY#*", "Put"),
    "metering/directory.py:Directory.key": items("ACCOUNT#*", "Get") | items("KEYS#*", "Get"),
    "metering/directory.py:Directory.keys": items("KEYS#*", "Query")
    | items("ACCOUNT#*", "BatchGet")
    | items("SERVICE_ACCOUNTS#*", "BatchGet"),
    "metering/directory.py:Directory.change": items("ACCOUNT#*", "Update") | items("KEY#*", "Update"),
    "metering/directory.py:Directory.delete": items("ACCOUNT#*", "Update")
    | items("KEYS#*", "Get", "Update")
    | items("KEY#*", "Delete"),
    "metering/directory.py:Directory.forget_deleted": items("ACCOUNT#*", "Get", "Delete")
    | items("KEYS#*", "Get", "Delete")
    | items("KEY#*", "Delete"),
    "metering/admin_keys.py:AdminKeys.create_admin_key": items("ADMIN_KEYS", "Put") | items("KEY#*", "Put"),
    "metering/admin_keys.py:AdminKeys.admin_key": items("ADMIN_KEYS", "Get"),
    "metering/admin_keys.py:AdminKeys.admin_keys": items("ADMIN_KEYS", "Query"),
    "metering/admin_keys.py:AdminKeys.delete_admin_key": items("ADMIN_KEYS", "ConditionCheck", "Delete")
    | items("KEY#*", "Delete"),
    # idempotency
    "replay/claim_store.py:ClaimStore.take": items("IDEMPOTENCY#*", "Put"),
    "replay/claim_store.py:ClaimStore.finish": items("IDEMPOTENCY#*", "Update"),
    "replay/claim_store.py:ClaimStore.drop": items("IDEMPOTENCY#*", "Delete"),
    "replay/attempt_store.py:AttemptStore.take": items("CALLS#*", "Put"),
    "replay/attempt_store.py:AttemptStore.drop": items("CALLS#*", "Delete"),
    "replay/answer_store.py:AnswerStore.keep": objects("answers", "Put"),
    "replay/answer_store.py:AnswerStore.find": reads("answers"),
    "replay/payments.py:LedgerPayments.was_paid": items("LEDGER#*", "Get"),
    "replay/speech_cache.py:SpeechCacheStore.find": reads("cache"),
    "replay/speech_cache.py:SpeechCacheStore.keep": objects("cache", "Put"),
    # results too large for Lambda; GetObject: a presigned URL can do what its signer can
    "api/results.py:ResultStore.put": objects("results", "Put"),
    "api/results.py:ResultStore.put_parts": in_parts("results"),
    "api/results.py:ResultStore.link": objects("results", "Get"),
    # uploads; PutObject: a presigned form can do what its signer can
    "jobs/upload_store.py:UploadStore.create": items("UPLOADS#*", "Put")
    | items("ACCOUNT#*", "Update")
    | objects("uploads", "Put"),
    "jobs/upload_store.py:UploadStore.used": items("UPLOADS#*", "Get") | items("ACCOUNT#*", "Update"),
    "jobs/upload_store.py:UploadStore.state": items("UPLOADS#*", "Get") | reads("uploads"),
    "jobs/upload_store.py:UploadStore.file": items("UPLOADS#*", "Get") | reads("uploads"),
    "jobs/upload_store.py:UploadStore.reader": reads("uploads"),
    "jobs/upload_store.py:UploadStore.delete": items("UPLOADS#*", "Get", "Delete")
    | items("ACCOUNT#*", "Update")
    | objects("uploads", "Delete"),
    "jobs/upload_store.py:UploadStore.remove_all": lists("uploads") | objects("uploads", "Delete"),
    # jobs
    "jobs/job_store.py:JobStore.create": items("OPEN_JOBS", "Put") | items("JOBS#*", "Put"),
    "jobs/job_store.py:JobStore.get": items("JOBS#*", "Get"),
    "jobs/job_store.py:JobStore.of_hold": items("JOBS#*", "Get"),
    "jobs/job_store.py:JobStore.newest": items("JOBS#*", "Query"),
    "jobs/job_store.py:JobStore.intend": items("JOBS#*", "Update", "Get"),
    "jobs/job_store.py:JobStore.begin": items("JOBS#*", "Update"),
    "jobs/job_store.py:JobStore.chunk_done": items("JOBS#*", "Update", "Get"),
    "jobs/job_store.py:JobStore.worked_in_vain": items("JOBS#*", "Update"),
    "jobs/job_store.py:JobStore.finish": items("JOBS#*", "Update", "Get"),
    "jobs/job_store.py:JobStore.delete": items("JOBS#*", "Delete"),
    "jobs/job_store.py:JobStore.close": items("OPEN_JOBS", "Delete"),
    "jobs/job_store.py:JobStore.open_job": items("OPEN_JOBS", "Get"),
    "jobs/job_store.py:JobStore.open_jobs": items("OPEN_JOBS", "Query"),
    "jobs/job_store.py:JobStore.claim": items("OPEN_JOBS", "Update"),
    "jobs/job_store.py:JobStore.ask_to_cancel": items("OPEN_JOBS", "Update"),
    "jobs/job_files.py:JobFiles.put": objects("jobs", "Put"),
    "jobs/job_files.py:JobFiles.get": reads("jobs"),
    "jobs/job_files.py:JobFiles.find": reads("jobs"),
    "jobs/job_files.py:JobFiles.put_stream": in_parts("jobs"),
    "jobs/job_files.py:JobFiles.remove": lists("jobs") | objects("jobs", "Delete"),
    "jobs/job_files.py:JobFiles.discard": objects("jobs", "Delete"),
    "jobs/job_files.py:ObjectReader.read": reads("uploads"),  # a job's source may be an upload
    "jobs/executions.py:Executions.start": {("states:StartExecution", "JobsMachine", "")},
    "jobs/executions.py:Executions.stop": {("states:StopExecution", EXECUTIONS, "")},
    "jobs/executions.py:Executions.running": {("states:ListExecutions", "JobsMachine", "")},
    "jobs/executions.py:Executions.is_running": {("states:DescribeExecution", EXECUTIONS, "")},
    "jobs/end_function.py:EndFunction.cancel": {("lambda:InvokeFunction", "JobEndFunction", "")},
    "jobs/end_function.py:EndFunction.end": {("lambda:InvokeFunction", "JobEndFunction", "")},
    # webhooks
    "jobs/webhook_store.py:WebhookStore.add": items("WEBHOOKS#*", "Put") | items("WEBHOOK_URLS#*", "Put"),
    "jobs/webhook_store.py:WebhookStore.find": items("WEBHOOKS#*", "Get"),
    "jobs/webhook_store.py:WebhookStore.of_project": items("WEBHOOKS#*", "Query"),
    "jobs/webhook_store.py:WebhookStore.change": items("WEBHOOKS#*", "Update")
    | items("WEBHOOK_URLS#*", "Put", "Delete"),
    "jobs/webhook_store.py:WebhookStore.rotate": items("WEBHOOKS#*", "Update"),
    "jobs/webhook_store.py:WebhookStore.delete": items("WEBHOOKS#*", "Delete") | items("WEBHOOK_URLS#*", "Delete"),
    "jobs/webhook_store.py:WebhookStore.was_taken": items("WEBHOOKS#*", "Update"),
    "jobs/webhook_store.py:WebhookStore.was_given_up": items("WEBHOOKS#*", "Update"),
    "jobs/webhook_store.py:WebhookStore.log": items("DELIVERIES#*", "Put"),
    "jobs/webhook_store.py:WebhookStore.attempts": items("DELIVERIES#*", "Query"),
    "jobs/webhook_pace.py:PaceStore.take": items("PACE#*", "Get", "Put"),
    "jobs/webhook_pace.py:PaceStore.take_now": items("PACE#*", "Get", "Put"),
    "jobs/announcements.py:Announcements.begin": items("ANNOUNCED#*", "Put"),
    "jobs/announcements.py:Announcements.end": items("ANNOUNCED#*", "Update"),
    "jobs/webhook_queue.py:WebhookQueue.announce": {("sqs:SendMessage", "WebhookQueue", "")},
    "jobs/webhook_queue.py:WebhookQueue.send": {
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
    "metering/unsettled.py:UnsettledStore.keep",
    "metering/unsettled.py:UnsettledStore.find",
}
IDEMPOTENCY: Final = {
    *(use for use in USES if use.startswith(("replay/claim_store.py", "replay/answer_store.py", "replay/payments.py"))),
    *(use for use in USES if use.startswith("replay/attempt_store.py")),
}
NAMED_UPLOADS: Final = {
    "jobs/upload_store.py:UploadStore.file",
    "jobs/upload_store.py:UploadStore.reader",
    "jobs/upload_store.py:UploadStore.used",
}
SPEECH_CACHE: Final = {use for use in USES if use.startswith("replay/speech_cache.py")}
RESULTS: Final = {
    "api/results.py:ResultStore.put",
    "api/results.py:ResultStore.link",
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
    "metering/unsettled.py:UnsettledStore.keep",
    "metering/unsettled.py:UnsettledStore.forget",
}
ENDING_JOBS: Final = {
    "jobs/job_files.py:JobFiles.find",
    "jobs/job_files.py:JobFiles.put_stream",
    "jobs/job_store.py:JobStore.chunk_done",
    "jobs/job_store.py:JobStore.finish",
    "jobs/job_store.py:JobStore.close",
    "jobs/webhook_queue.py:WebhookQueue.announce",
}

# What several functions have in common.
_AUDIO: Final = METERING | IDEMPOTENCY | RESULTS | STARTING_JOBS | PROVIDER_KEYS
_TRANSCRIPTION: Final = _AUDIO | NAMED_UPLOADS | {"metering/meter.py:DynamoMeter.look"}
_LAST_STEP: Final = JOB_STEP | SETTLING_JOBS | ENDING_JOBS

ROLES: Final[dict[str, set[str]]] = {
    "AuthorizerRole": {"metering/key_store.py:KeyStore.get"},
    "SpeechRole": _AUDIO | SPEECH_CACHE,
    "TranscriptionsRole": _TRANSCRIPTION,
    "TranslationsRole": _TRANSCRIPTION,
    "UploadsRole": {
        "metering/account_store.py:AccountStore.check",
        "metering/visits.py:Visits.count",
        "jobs/upload_store.py:UploadStore.create",
        "jobs/upload_store.py:UploadStore.state",
        "jobs/upload_store.py:UploadStore.delete",
    },
    "ModelsRole": set(),
    "VoicesRole": set(),
    "UsageRole": {
        "metering/account_store.py:AccountStore.get",
        "metering/books.py:DynamoBooks.series",
        "metering/ledger_store.py:LedgerStore.rows",
        "metering/frontier.py:Frontier.beginning_ms",
        "metering/names.py:DirectoryNames.key",
        "metering/names.py:DirectoryNames.project",
        "api/results.py:ResultStore.put_parts",
        "api/results.py:ResultStore.link",
    },
    "AdminRole": {
        use
        for use in USES
        if use.startswith(("metering/directory.py", "metering/admin_keys.py")) and not use.endswith(".forget_deleted")
    },
    "SweeperRole": {
        "metering/sweeper.py:Sweeper.sweep",
        "metering/open_accounts.py:OpenAccounts.key_ids",
        "jobs/job_store.py:JobStore.of_hold",
        "metering/directory.py:Directory.forget_deleted",
        "metering/frontier.py:Frontier.mark",
        "metering/unsettled.py:UnsettledStore.find",
        "metering/unsettled.py:UnsettledStore.forget",
        "metering/archive.py:Archive.unfinished",
        "metering/archive.py:Archive.finish",
        "jobs/upload_store.py:UploadStore.remove_all",
        "jobs/job_store.py:JobStore.open_jobs",
        "jobs/job_store.py:JobStore.ask_to_cancel",
        "jobs/job_store.py:JobStore.claim",
        "jobs/executions.py:Executions.stop",
        "jobs/end_function.py:EndFunction.cancel",
        "jobs/executions.py:Executions.running",
        "jobs/executions.py:Executions.is_running",
        "jobs/end_function.py:EndFunction.end",
    },
    "RollupRole": {
        "metering/rollup.py:Rollup.run",
        "metering/spend_alerts.py:SpendAlerts.new",
        "metering/frontier.py:Frontier.clear",
        "metering/frontier.py:Frontier.beginning_ms",
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
        "jobs/webhook_queue.py:WebhookQueue.announce",
        "metering/job_meter.py:DynamoJobMeter.settle_at",
        "metering/job_meter.py:DynamoJobMeter.release",
        "metering/waits.py:Waits.begin",
        "metering/waits.py:Waits.end",
        "metering/unsettled.py:UnsettledStore.keep",
        "metering/unsettled.py:UnsettledStore.forget",
    },
    "JobPrepareRole": {
        *JOB_STEP,
        "jobs/job_store.py:JobStore.intend",
        "jobs/job_store.py:JobStore.begin",
        "jobs/job_files.py:JobFiles.find",
        "jobs/job_files.py:JobFiles.put_stream",
        "jobs/job_files.py:ObjectReader.read",
        "metering/job_meter.py:DynamoJobMeter.admit",
        "metering/job_meter.py:DynamoJobMeter.correct",
        "metering/job_meter.py:DynamoJobMeter.release",
    },
    "JobChunkRole": {
        "jobs/job_store.py:JobStore.get",
        "jobs/job_store.py:JobStore.chunk_done",
        "jobs/job_store.py:JobStore.worked_in_vain",
        "jobs/job_files.py:JobFiles.get",
        "jobs/job_files.py:JobFiles.put",
        "jobs/job_files.py:JobFiles.discard",
        "metering/ledger_store.py:LedgerStore.put",
        *PROVIDER_KEYS,
    },
    "JobMergeRole": _LAST_STEP,
    "JobEndRole": _LAST_STEP,
    "WebhooksRole": {
        "jobs/webhook_store.py:WebhookStore.add",
        "jobs/webhook_store.py:WebhookStore.find",
        "jobs/webhook_store.py:WebhookStore.of_project",
        "jobs/webhook_store.py:WebhookStore.change",
        "jobs/webhook_store.py:WebhookStore.rotate",
        "jobs/webhook_store.py:WebhookStore.delete",
        "jobs/webhook_store.py:WebhookStore.attempts",
        "jobs/webhook_pace.py:PaceStore.take_now",
        "metering/account_store.py:AccountStore.check",
        "metering/directory.py:Directory.project",
    },
    "WebhookDeliveryRole": {
        "jobs/webhook_store.py:WebhookStore.find",
        "jobs/webhook_store.py:WebhookStore.of_project",
        "jobs/webhook_store.py:WebhookStore.log",
        "jobs/webhook_store.py:WebhookStore.was_taken",
        "jobs/webhook_store.py:WebhookStore.was_given_up",
        "jobs/webhook_pace.py:PaceStore.take",
        "jobs/announcements.py:Announcements.begin",
        "jobs/announcements.py:Announcements.end",
        "metering/archive.py:Archive.has",
        "jobs/webhook_queue.py:WebhookQueue.send",
    },
}

# What AWS does with the role of a function, and none of our code.
BY_AWS: Final[dict[str, set[Right]]] = {
    "WebhookDeliveryRole": {
        (f"sqs:{action}", "WebhookQueue", "") for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
}
