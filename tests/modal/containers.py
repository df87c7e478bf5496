"""Containers for the local Modal service: the real container runtime, in a process that has what a container has.

A function's process sees the files that were mounted for it and nothing else of this repository, the environment that
the secret and Modal give it, and the installed dependencies. What only works where pyproject.toml and the checkout
are at hand fails here as it would in the cloud.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from pathlib import Path

from modal_proto import api_pb2

from tests.modal.protocol_server import ModalService

__all__ = ["Containers"]

# The dependencies' folder also knows the way back to the checkout; a container has no such way.
ENTER = """
import runpy, sys
sys.meta_path = [finder for finder in sys.meta_path if "__editable__" not in str(finder)]
runpy.run_module("modal._container_entrypoint", run_name="__main__")
"""


class Containers:
    """Starts a container for a function when it is first called, and stops them all in the end.

    Args:
        service: whose calls the containers answer.
        folder: where the containers' files and logs go.
        secret: the environment variables that the secret holds.
    """

    def __init__(self, service: ModalService, folder: Path, secret: dict[str, str]) -> None:
        self.service, self._folder, self.secret = service, folder, secret
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        service.on_call = self._start

    def _start(self, function_id: str) -> None:
        if function_id in self._processes:
            return
        app_id, name = self.service.functions[function_id]
        function = self.service.apps[app_id].functions[name]
        root = self._folder / function_id
        self._unpack(function, root)
        arguments = api_pb2.ContainerArguments(
            task_id=f"ta-{function_id.removeprefix('fu-')}",
            function_id=function_id,
            app_id=app_id,
            function_def=function,
            environment_name="main",
            app_layout=self.service.layout(app_id),
        )
        path = root / "arguments"
        path.write_bytes(arguments.SerializeToString())
        environment = {
            **self._secret_of(function),
            "PYTHONPATH": str(root / "root"),
            "MODAL_IS_REMOTE": "1",
            "MODAL_ENVIRONMENT": "main",
            "MODAL_SERVER_URL": self.service.url,
            "MODAL_TASK_ID": arguments.task_id,
            "MODAL_CONTAINER_ARGUMENTS_PATH": str(path),
        }
        self._processes[function_id] = subprocess.Popen(  # noqa: S603 -- this very interpreter
            [sys.executable, "-c", ENTER],
            cwd=root / "root",
            env=environment,
            stdout=(self._folder / f"{name}.log").open("wb"),
            stderr=subprocess.STDOUT,
        )

    def _secret_of(self, function: api_pb2.Function) -> dict[str, str]:
        """What the function's secrets hold: the owner's connection string is in one of its own."""
        secrets = [self.service.secrets[secret] for secret in function.secret_ids]
        names = {secret.deployment_name for secret in secrets}
        return {
            name: value for name, value in self.secret.items() if name != "DATABASE_URL" or "leadloom-migrate" in names
        } | {name: value for secret in secrets for name, value in secret.env_dict.items()}

    def _unpack(self, function: api_pb2.Function, root: Path) -> None:
        """Lay out below `root` what lies below / in a container: the files of its image, then its mounts."""
        for file in self.service.files_of(function):
            path = root / file.filename.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.service.files[file.sha256_hex])

    async def start(self, app_name: str, function: str) -> None:
        """Call a function of a deployed app with no arguments, as its schedule does."""
        given = api_pb2.FunctionInput(args=pickle.dumps(((), {})), data_format=api_pb2.DATA_FORMAT_PICKLE)

        async def call() -> str:
            return self.service.enqueue(self.service.function_id(app_name, function), given)

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call(), self.service.loop))

    def log(self, name: str) -> str:
        """What the containers of a function have printed."""
        return (self._folder / f"{name}.log").read_text()

    async def stop(self) -> None:
        """Let every container end its work, and wait for that."""
        for function_id in self._processes:
            self.service.queues[function_id].put_nowait(None)
        try:
            async with asyncio.timeout(20):
                for process in self._processes.values():
                    await asyncio.to_thread(process.wait)
        finally:
            for process in self._processes.values():
                process.kill()
                process.wait()
