"""The `leadloom` console script: the same functions as on Modal, on this machine, without Modal."""

from __future__ import annotations

import typer

from app.logs import set_up_logging
from functions.console import batches, callbacks, demo, results, retention, serve
from functions.console.collisions import refuse_collisions
from functions.console.plainly import plainly

__all__ = ["cli", "main"]

cli = typer.Typer(
    name="leadloom",
    help="Orchestrates B2B lead enrichment. `leadloom run` starts everything on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    serve.run,
    demo.demo,
    batches.launch,
    batches.status,
    batches.budget,
    batches.audit,
    callbacks.callbacks,
    results.extract,
    results.export,
    retention.archive,
    retention.erase,
    retention.delete_client,
    retention.delete_upload,
    batches.migrate,
    serve.stack,
    serve.web,
    serve.engine,
    serve.clay_sandbox,
):
    cli.command()(command)


def main() -> None:
    """Run a command; what a user can put right is said in one line, without a traceback."""
    set_up_logging("console", form="text")
    with plainly():
        refuse_collisions()
        cli()


if __name__ == "__main__":
    main()
