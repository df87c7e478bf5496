"""The `leadloom` console script: the same functions as on Modal, on this machine, without Modal."""

from __future__ import annotations

import typer

from app.logs import set_up_logging
from functions import local_batches, local_callbacks, local_demo, local_results, local_retention, local_serve
from functions.plainly import plainly

__all__ = ["cli", "main"]

cli = typer.Typer(
    name="leadloom",
    help="Orchestrates B2B lead enrichment. `leadloom run` starts everything on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    local_serve.run,
    local_demo.demo,
    local_batches.launch,
    local_batches.status,
    local_batches.budget,
    local_batches.audit,
    local_callbacks.callbacks,
    local_results.extract,
    local_results.export,
    local_retention.archive,
    local_retention.erase,
    local_retention.delete_client,
    local_retention.delete_upload,
    local_batches.migrate,
    local_serve.stack,
    local_serve.web,
    local_serve.engine,
    local_serve.clay_sandbox,
):
    cli.command()(command)


def main() -> None:
    """Run a command; what a user can put right is said in one line, without a traceback."""
    set_up_logging("console", form="text")
    with plainly():
        cli()


if __name__ == "__main__":
    main()
