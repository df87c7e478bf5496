"""The second stage of the data's way: from raw payloads to leads and work histories.

Reading order: keys, records (an object by its fields) → payloads (find the record) → reading, dates, places, companies,
positions, people (understand it) → evidence (all of one item) → leads (conclude) → rows (what the database stores).
Everything up to here is pure. `replay` runs it over finished batches, `background` lets the engine's loop do so; the
workflows extract_work_history and consolidate_lead run it as pipeline steps.
"""

from __future__ import annotations

__all__ = ["PARSER_VERSION"]

PARSER_VERSION = 8
"""Raised whenever the same payload may be understood differently; every extracted row says which one made it."""
