"""The catalogue of workflows: one module of this package each, found by looking, not by a list.

The dispatcher asks the registry for the workflow that a step names; migrations and deployments send `registry_rows()`
to the database, where the pipeline builder reads them.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

from app.workflow import ClayWorkflow, ComputeWorkflow, Workflow

__all__ = ["AnyWorkflow", "ClayWorkflow", "ComputeWorkflow", "Workflow", "register", "registry", "registry_rows"]

AnyWorkflow = ComputeWorkflow[Any, Any] | ClayWorkflow[Any, Any]


def registry() -> dict[str, AnyWorkflow]:
    """Every workflow by slug: this package's, and those that were registered since."""
    return _registry()


def register(workflow: AnyWorkflow) -> None:
    """Add a workflow that no module of this package declares; benchmarks and tests do.

    Raises:
        ValueError: the slug is taken.
    """
    if _registry().setdefault(workflow.slug, workflow) is not workflow:
        raise ValueError(f"there is a workflow {workflow.slug!r} already")


def registry_rows() -> list[dict[str, Any]]:
    """The registry as rows of `enrichment_registry`, by slug."""
    return [workflow.registry_row() for _, workflow in sorted(registry().items())]


@cache
def _registry() -> dict[str, AnyWorkflow]:
    return {workflow.slug: workflow for workflow in map(_load, _modules())}


def _modules() -> list[str]:
    """Names of the modules that declare a workflow: all but `base` and those that open with an underscore."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if name != "base" and not name.startswith("_"))


def _load(name: str) -> AnyWorkflow:
    """Import one module and take its `workflow`."""
    workflow = getattr(import_module(f"{__name__}.{name}"), "workflow", None)
    if not isinstance(workflow, ComputeWorkflow | ClayWorkflow):
        raise TypeError(f"app/workflows/{name}.py declares no `workflow`")
    if workflow.slug != name:
        raise ValueError(f"app/workflows/{name}.py declares the slug {workflow.slug!r}; the two must agree")
    return workflow
