"""A job: one request whose work goes on after its answer.

    queued ──► running ──► succeeded
       │          ├──────► failed
       └──────────┴──────► cancelled

The last three are final: whoever gets there first decides, and nothing changes them.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from audio_gateway.catalog.models import Endpoint
from audio_gateway.metering.account import Hold, MeteredRequest

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
FINAL: Final = frozenset({"succeeded", "failed", "cancelled"})

JOB_KEPT_SECONDS: Final = 7 * 24 * 3600
"""How long a job and its result can be fetched. The bucket's lifecycle rule for `jobs/` removes the files."""

JOB_HOLD_SECONDS: Final = 3600
"""From when on the sweeper asks what became of a job whose price is held. While it runs, the hold stays; a hold of
which there is no job, because its start broke off, is given back then."""

_ID: Final = re.compile(r"job_[0-9a-f]{24}", re.ASCII)


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, as the caller reads it.

    `code` is OpenAI's machine-readable one; `status` the HTTP status that the synchronous call would have had; `retry`
    is False where another try cannot help.
    """

    message: str
    code: str | None
    status: int
    kind: str
    param: str | None = None
    retry: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """The chunks of a job whose answer has come, as they were counted while it was running: what it costs if it ends.

    `tasks` are the numbers of the tasks all of whose chunks are counted, `chunks` those of the other counted chunks.
    `count` is how many chunks that is in all; nothing is ever taken back, so that the same count is the same chunks.
    `served` is how much each model did, in the unit of the plan's places (jobs/plan.py).
    """

    tasks: frozenset[int] = frozenset()
    chunks: frozenset[int] = frozenset()
    served: Mapping[str, int] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """What is kept of a job in the table: ids, numbers and states; never text, a transcript, audio or a file's name.

    Times are unix seconds, `completed_ms` unix milliseconds: it stamps the job's ledger row. `total` is the number of
    tasks, `whole_units` how much all of them are in the unit of the plan's places, and `whole_amount` what that is
    charged as; 0 until it is known. `partial` says that a failed or cancelled job has a result for a part of its input.
    `work` is what was done and is charged, None for nothing. `hold` is written before the price is held: a step that is
    repeated holds the same one. `unbilled_cost_microusd` is what providers took for nothing, for good once it is over.
    """

    id: str
    project_id: str
    key_id: str
    endpoint: Endpoint
    model: str
    status: Status
    created_at: int
    expires_at: int
    total: int = 0
    whole_units: int = 0
    whole_amount: int = 0
    answered: Answered = field(default_factory=Answered)
    completed_ms: int | None = None
    work: MeteredRequest | None = None
    hold: Hold | None = None
    error: JobError | None = None
    partial: bool = False
    unbilled_cost_microusd: int = 0
    upload_id: str | None = None

    @property
    def completed(self) -> int:
        """How many of its tasks are done."""
        return len(self.answered.tasks)

    @property
    def amount(self) -> int | None:
        """What was done: characters, or milliseconds of audio; None for nothing."""
        return None if self.work is None else self.work.amount

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in FINAL


def new_job_id(at_ms: int) -> str:
    """An id that nobody can guess, and that sorts by the moment of its making."""
    return f"job_{at_ms:012x}{secrets.token_hex(6)}"


def job_named(project_id: str, job_id: str) -> Job:
    """A job of which nothing but the name is known: enough to find its files."""
    return Job(job_id, project_id, "", "speech", "", "running", 0, 0)


def is_job_id(text: str) -> bool:
    """Whether a job may have this id."""
    return _ID.fullmatch(text) is not None
