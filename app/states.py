"""The words for where things stand, as Python enums. SQL owns them: a test holds each enum equal to its SQL type."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["BatchState", "CallbackVerdict", "FileJobState", "ItemState", "RunState", "UploadKind", "UploadState"]


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


class FileJobState(StrEnum):
    """How far a worker is with a file that comes in or goes out."""

    SENDING = "SENDING"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"

    @property
    def moves(self) -> bool:
        """Whether a worker has it, or will."""
        return self in (FileJobState.WAITING, FileJobState.RUNNING)


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


class RunState(StrEnum):
    """Where a replay of the extraction stands."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class CallbackVerdict(StrEnum):
    """What became of a webhook body."""

    received = "received"
    applied = "applied"
    duplicate = "duplicate"
    late = "late"
    unmatched = "unmatched"
    rejected = "rejected"
    given_up = "given_up"
