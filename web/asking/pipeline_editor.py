"""The pipeline builder's state between clicks: the form itself.

Every button of the builder posts the whole form; what was asked is done to the steps here, and the builder is drawn
again. So it works the same with drag and drop, with a keyboard and without any script; nothing is saved before Save.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from app.errors import InputError
from app.states import UploadKind
from web.asking.forms import Form
from web.asking.paging import small_number

__all__ = ["CONDITION_OPS", "Editor", "Step"]

CONDITION_OPS = {
    "is_not_empty": "is not empty",
    "is_empty": "is empty",
    "equals": "equals",
    "not_equals": "does not equal",
    "contains": "contains",
    "not_contains": "does not contain",
    "in": "is one of",
}
NUMBERS = {
    "timeout_s": ("Time-out", 1, 30 * 86_400),
    "max_attempts": ("Attempts", 1, 20),
    "retry_delay_s": ("Delay before retry", 0, 86_400),
}
LATER_FIELDS = ("resend_on_5xx", "when_not_found")
MOST_STEPS = 50


@dataclass
class Step:
    """One step as it is being edited; numbers are text until saved, so that a typing error can be shown."""

    workflow: str
    label: str = ""
    timeout_s: str = ""
    max_attempts: str = ""
    retry_delay_s: str = ""
    resend_on_5xx: str = ""
    when_not_found: str = ""
    condition_field: str = ""
    condition_op: str = ""
    condition_value: str = ""
    key: str = field(default_factory=lambda: secrets.token_hex(4))
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_saved(cls, saved: dict[str, Any]) -> Step:
        """A step as a pipeline holds it."""
        settings = dict(saved.get("settings") or {})
        condition = settings.pop("condition", None) or {}
        value = condition.get("value") or ""
        numbers = {name: str(settings.pop(name, "") or "") for name in NUMBERS}
        resends = settings.pop("resend_on_5xx", None) is True
        fails = settings.pop("when_not_found", None) == "fail"
        return cls(
            workflow=saved["workflow"],
            label=saved.get("label") or "",
            condition_field=condition.get("field") or "",
            condition_op=condition.get("op") or "",
            condition_value=", ".join(map(str, value)) if isinstance(value, list) else str(value),
            resend_on_5xx="yes" if resends else "",
            when_not_found="fail" if fails else "",
            kept=settings,
            **numbers,
        )

    def to_save(self, position: int) -> dict[str, Any]:
        """The step as a pipeline holds it.

        Raises:
            InputError: a number is none, or out of range.
        """
        settings: dict[str, Any] = dict(self.kept)
        form = Form((name, getattr(self, name)) for name in NUMBERS)
        for name, (words, least, most) in NUMBERS.items():
            number = form.integer(name, f"{words} of step {position}", least=least, most=most)
            if number is not None:
                settings[name] = number
        if self.resend_on_5xx == "yes":
            settings["resend_on_5xx"] = True
        if self.when_not_found == "fail":
            settings["when_not_found"] = "fail"
        if self.condition_field:
            value: Any = self.condition_value
            if self.condition_op == "in":
                value = [part.strip() for part in self.condition_value.split(",") if part.strip()]
            operator = self.condition_op if self.condition_op in CONDITION_OPS else "is_not_empty"
            settings["condition"] = {"field": self.condition_field, "op": operator, "value": value}
        step: dict[str, Any] = {"workflow": self.workflow}
        return step | ({"label": self.label} if self.label else {}) | ({"settings": settings} if settings else {})


@dataclass
class Editor:
    """A pipeline as it is being edited.

    Attributes:
        name: its name.
        kind: the kind of upload it is for.
        version: the saved version that the editing began with; 0 for a new one.
        steps: in order.
        said: what the last click did, for people who cannot see it.
        dirty: whether anything differs from what is saved.
    """

    name: str
    kind: str
    version: int
    steps: list[Step]
    said: str = ""
    dirty: bool = False

    @classmethod
    def from_form(cls, form: Form) -> Editor:
        """What the browser sent."""
        names = (
            "key",
            "workflow",
            "label",
            *NUMBERS,
            *LATER_FIELDS,
            "condition_field",
            "condition_op",
            "condition_value",
        )
        columns = {name: form.all(name) for name in names}
        # A page that was drawn before there was such a field still sends its steps.
        columns |= {name: columns[name] or [""] * len(columns["key"]) for name in LATER_FIELDS}
        rows = zip(*columns.values(), strict=False)
        steps = [Step(**dict(zip(names, row, strict=True))) for row in rows][:MOST_STEPS]
        return cls(
            form.text("name"),
            form.text("kind") if form.text("kind") in list(UploadKind) else "people",
            small_number(form.text("version")) or 0,
            steps,
            dirty=True,
        )

    def apply(self, asked: str, titles: dict[str, str]) -> None:
        """Do what a button asked: `add:slug[:position]`, `up:key`, `down:key`, `remove:key`; others only draw anew."""
        what, _, detail = asked.partition(":")
        if what == "add":
            self._add(detail, titles)
        elif what in ("up", "down", "remove"):
            self._change(what, detail, titles)

    def _add(self, detail: str, titles: dict[str, str]) -> None:
        slug, _, position = detail.partition(":")
        if slug not in titles:
            raise InputError("There is no such workflow.")
        if len(self.steps) >= MOST_STEPS:
            raise InputError(f"A pipeline can have at most {MOST_STEPS} steps.")
        asked = small_number(position)
        at = len(self.steps) if asked is None else min(asked, len(self.steps))
        self.steps.insert(at, Step(slug))
        self.said = f"{titles[slug]} added as step {at + 1}."

    def _change(self, what: str, key: str, titles: dict[str, str]) -> None:
        at = next((i for i, step in enumerate(self.steps) if step.key == key), None)
        if at is None:
            return
        title = titles.get(self.steps[at].workflow, self.steps[at].workflow)
        if what == "remove":
            del self.steps[at]
            self.said = f"{title} removed."
            return
        to = at + (-1 if what == "up" else 1)
        if 0 <= to < len(self.steps):
            self.steps.insert(to, self.steps.pop(at))
            self.said = f"{title} is now step {to + 1} of {len(self.steps)}."

    def to_save(self) -> list[dict[str, Any]]:
        """The steps as a pipeline holds them; raises InputError for the first that cannot be."""
        return [step.to_save(position) for position, step in enumerate(self.steps, 1)]
