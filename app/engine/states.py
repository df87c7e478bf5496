"""The words for where things stand, as Python enums. SQL owns them: a test holds each enum equal to its SQL type."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["BatchState", "CallbackVerdict", "ItemState", "ResultSource", "StateStatus", "UploadKind", "UploadState"]


class UploadKind(StrEnum):
    """What an upload's rows are."""

    people = "people"
    companies = "companies"
    customers = "customers"


class UploadState(StrEnum):
    """How far an upload is."""

    RECEIVING = "RECEIVING"
    READY = "READY"
    FAILED = "FAILED"


class BatchState(StrEnum):
    """Where a batch stands."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class ItemState(StrEnum):
    """Where an item stands: active while any step of it is to come."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class StateStatus(StrEnum):
    """Where one step of one item stands. A retry is PENDING with its attempt counted."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class ResultSource(StrEnum):
    """Where a result came from; `shared` ones were paid for by another row of the same batch."""

    computed = "computed"
    clay = "clay"
    shared = "shared"
    reused = "reused"


class CallbackVerdict(StrEnum):
    """What became of a webhook body."""

    received = "received"
    applied = "applied"
    duplicate = "duplicate"
    late = "late"
    unmatched = "unmatched"
    rejected = "rejected"
    given_up = "given_up"
