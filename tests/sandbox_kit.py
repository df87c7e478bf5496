"""Rows for the stand-in for Clay, and settings with which it answers at once."""

from __future__ import annotations

from typing import Any

FAST = {"rate_per_second": 10_000, "burst": 10_000, "delay_min_s": 0, "delay_max_s": 0.02, "slow_s": 0.05}


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "batch_item_id": f"item-{number}",
        "attempt": 1,
        "workflow_slug": "enrich_company_clay",
        "company_domain": f"c{number}.example",
        **changes,
    }
