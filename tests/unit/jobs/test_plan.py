"""How chunks are dealt out to lanes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.jobs.plan import MOST_LANES, MOST_PIECES, MOST_TASKS, ChunkSpan, JobPlan, lanes_within


@given(count=st.integers(0, 300), concurrency=st.integers(1, 100))
def test_every_chunk_is_in_one_lane_and_lanes_are_as_long_as_each_other(count: int, concurrency: int) -> None:
    plan = JobPlan(count, tuple(ChunkSpan(number, number + 1) for number in range(count)))
    lanes = plan.lanes(concurrency)
    assert sorted(number for lane in lanes for number in lane) == list(range(count))
    assert len(lanes) == min(concurrency, count, MOST_LANES)
    assert all(lane == sorted(lane) for lane in lanes)
    assert not lanes or max(map(len, lanes)) - min(map(len, lanes)) <= 1


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6))))
def test_a_plan_is_kept_exactly(pieces: list[tuple[int, int, int]]) -> None:
    plan = JobPlan(5, tuple(ChunkSpan(*each) for each in pieces))
    assert JobPlan.from_json(plan.to_json()) == plan


@given(st.integers(0, MOST_PIECES))
def test_every_chunk_is_in_one_of_the_tasks_that_an_execution_has_room_for(count: int) -> None:
    plan = JobPlan(count, (ChunkSpan(0, 1),) * count)
    assert plan.tasks <= MOST_TASKS
    assert plan.tasks == count or count > MOST_TASKS
    chunks = [(task, chunk) for task in range(plan.tasks) for chunk in plan.chunks_of(task)]
    assert [chunk for _, chunk in chunks] == list(range(count))
    assert all(plan.task_of(chunk) == task for task, chunk in chunks)


@pytest.mark.parametrize(("environments", "lanes"), [(2, 1), (6, 1), (10, 5), (45, 40), (1000, MOST_LANES)])
def test_a_job_leaves_some_environments_to_others(environments: int, lanes: int) -> None:
    assert lanes_within(environments) == lanes
