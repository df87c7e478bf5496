"""What every Modal function of Leadloom shares: the App, the image it runs in, and the one secret it reads.

Nothing here runs work. `workers.py`, `schedules.py`, `web.py` and `modal_run.py` hang their functions on `app`, and
`modal deploy -m app` registers them all. The module is imported on the machine that deploys and again inside every
container: what only the deploying machine has (pyproject.toml, the folders) is read there and nowhere else.
"""

from __future__ import annotations

import os
from pathlib import Path

import modal

from app.logs import set_up_logging
from functions.image_lock import locked_requirements

__all__ = [
    "APP_NAME",
    "PACKAGES",
    "REGION",
    "REQUIRED_KEYS",
    "WEB_FUNCTION",
    "app",
    "image",
    "migrate_secret",
    "min_containers",
    "regions",
    "secret",
]

APP_NAME = "leadloom"
ROOT = Path(__file__).resolve().parent.parent
WEB_FUNCTION = "web"
REMOTE_ROOT = "/root"  # where Modal puts local Python source, and what it has on the path
PACKAGES = ("app", "functions", "web", "migrations")
WITH_DATA = ("app", "web", "migrations")
NOT_SOURCE = ["**", "!**/*.py", "local"]
"""What is no Python source that runs on Modal: nothing there imports the local stack (`app/local`)."""
NOT_DATA = ["**/*.py", "**/*.pyc", "**/.*", "local"]
"""What is no data file that the code reads (as pages, SQL and tables of words are): Python goes its own way, and what
the local stack (`app/local`) reads stays here."""
REQUIRED_KEYS = (
    "SUPABASE_URL",
    "SUPABASE_SECRET_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "LEADLOOM_SIGNING_KEY",
)
"""Keys that the secret must hold; Modal refuses the deployment when one is missing."""


def min_containers() -> int:
    """Web containers that stay warm: 0 costs nothing while idle, 1 answers webhooks at once.

    Comes from `LEADLOOM_MIN_CONTAINERS` in the shell that deploys.

    Raises:
        ValueError: it is not a whole number from 0 up.
    """
    text = os.environ.get("LEADLOOM_MIN_CONTAINERS", "").strip() or "0"
    if not text.isdecimal():
        raise ValueError(f"LEADLOOM_MIN_CONTAINERS is {text!r}; it must be a whole number, 0 or more.")
    return int(text)


def regions() -> list[str] | None:
    """Where functions run; None: anywhere.

    Comes from `LEADLOOM_REGION` in the shell that deploys: `eu`, or several by commas, as Modal names them.
    """
    given = [name.strip() for name in os.environ.get("LEADLOOM_REGION", "").split(",") if name.strip()]
    return given or None


def _image() -> modal.Image:
    """Python with the project's dependencies, the source beside it, then what is not Python: pages and SQL.

    The source is built in and compiled there: mounted, every container would compile it again before its first call,
    because nothing can be written beside it. What is not Python comes last and is mounted.
    """
    built = (
        modal.Image.debian_slim(python_version="3.11")
        .uv_pip_install(requirements=locked_requirements(), extra_options="--require-hashes")
        .env({"PYTHONUNBUFFERED": "1"})
        .add_local_python_source(*PACKAGES, copy=True, ignore=NOT_SOURCE)
        .run_commands(f"python -m compileall -q --invalidation-mode unchecked-hash {REMOTE_ROOT}")
    )
    for folder in WITH_DATA:
        built = built.add_local_dir(ROOT / folder, f"{REMOTE_ROOT}/{folder}", ignore=NOT_DATA)
    return built


if not modal.is_local():
    set_up_logging("modal")  # here, because every container imports this module, whatever it runs

REGION = regions()
image = _image()
secret = modal.Secret.from_name(APP_NAME, required_keys=list(REQUIRED_KEYS))
migrate_secret = modal.Secret.from_name(f"{APP_NAME}-migrate", required_keys=["DATABASE_URL"])
"""The database owner's connection string, which `migrate_database` alone needs."""
app = modal.App(APP_NAME, image=image, secrets=[secret], include_source=False)
