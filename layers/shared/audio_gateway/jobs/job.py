"""A job: one request whose work goes on after the response.

    queued ──► running ──► succeeded
       │          ├──────► failed
       └──────────┴──────► cancelled

The last three are final: the first one to be written counts, and nothing changes it.
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
"""How long a job and its result can be read. The bucket's lifecycle rule for `jobs/` removes the files."""

JOB_HOLD_SECONDS: Final = 3600
"""After this the sweeper checks what became of a job whose price is held. The hold stays while the job runs, and is
released if there is no job, because its start was interrupted."""

_ID: Final = re.compile(r"job_[0-9a-f]{24}", re.ASCII)


@dataclass(frozen=True, slots=True)
class JobRef:
    """A job's name: enough to find its files and its execution."""

    project_id: str
    id: str


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, as its caller sees it.

    `code` is OpenAI's machine-readable code, `status` the HTTP status that the synchronous call would have had. `retry`
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
    """The chunks of a job that are done, as counted while it runs. They are what the job costs if it ends now.

    `tasks` are the numbers of the tasks with all chunks counted, `chunks` the numbers of the other counted chunks.
    `count` is the number of all of these chunks. No chunk is ever uncounted, so an equal count means equal chunks.
    `served` is how much each model did, in the unit of the plan's spans (jobs/plan.py).
    """

    tasks: frozenset[int] = frozenset()
    chunks: frozenset[int] = frozenset()
    served: Mapping[str, int] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the table stores it: ids, numbers and states, but no text, transcript, audio or file name.

    Times are Unix seconds; `completed_ms` is Unix milliseconds and stamps the job's ledger row. `total` is the number
    of tasks, `whole_units` the size of all of them in the unit of the plan's spans, and `whole_amount` the amount that
    is charged for it; all three are 0 until they are known. `partial` says that a failed or cancelled job has a result
    for a part of its input. `work` is what was done and is charged, None for nothing. `hold` is written before the
    price is held: a step that is repeated holds the same one. `unbilled_cost_microusd` is what providers charged for
    work that the caller does not pay, final once the job is over.
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
    def ref(self) -> JobRef:
        """The job's name."""
        return JobRef(self.project_id, self.id)

    @property
    def completed(self) -> int:
        """The number of tasks that are done."""
        return len(self.answered.tasks)

    @property
    def amount(self) -> int | None:
        """What was done, in characters or milliseconds of audio; None for nothing."""
        return None if self.work is None else self.work.amount

    @property
    def is_final(self) -> bool:
        """Whether the job is over."""
        return self.status in FINAL


def new_job_id(at_ms: int) -> str:
    """An id that cannot be guessed, and that sorts by the time of its creation."""
    return f"job_{at_ms:012x}{secrets.token_hex(6)}"


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job's id."""
    return _ID.fullmatch(text) is not None
