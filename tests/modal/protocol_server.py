"""A local server that speaks Modal's wire protocol, as far as `modal deploy` and `modal run` need it.

The protocol's definitions are those inside the `modal` package, so the real command line and the real client talk to
it. It keeps what it is told: `tests/modal/` asserts on that. It plays three parts of Modal's service:

    registry    apps, images, mounts, secrets and functions get ids; a published app is found by its name
    queue       a call of a function is kept; a container of that function (`containers.py`) may fetch and answer it
    the rest    is refused as unimplemented and noted in `refused`
"""

# ruff: noqa: N802 -- requests are named as the protocol names them

from __future__ import annotations

import asyncio
import inspect
import itertools
import pickle
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from grpclib.server import Server
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientBase

__all__ = ["Call", "ModalService", "modal_server"]

BUILDER_VERSION = "2025.06"
DEPLOYED = api_pb2.APP_STATE_DEPLOYED
SUCCESS = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)


@dataclass
class Call:
    """One call of a function: its input, and the output that a container gave."""

    function: str
    input: api_pb2.FunctionInput
    output: asyncio.Future[api_pb2.FunctionPutOutputsItem]
    spawned: bool

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments."""
        args, _ = pickle.loads(self.input.args)  # noqa: S301 -- from the test's own client
        return tuple(args)


@dataclass
class Deployment:
    """One app: its state, and the functions that were created for it, by name."""

    name: str
    state: int = api_pb2.APP_STATE_INITIALIZING
    functions: dict[str, api_pb2.Function] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class ModalService:
    """Modal's side of the conversation. Each method answers the request of the same name."""

    def __init__(self) -> None:
        self.url = ""
        self.loop = asyncio.new_event_loop()
        self.refused: list[str] = []
        self.crashed: list[str] = []
        self.apps: dict[str, Deployment] = {}
        self.images: dict[str, api_pb2.Image] = {}
        self.mounts: dict[str, list[api_pb2.MountFile]] = {}
        self.secrets: dict[str, api_pb2.SecretGetOrCreateRequest] = {}
        self.published: list[api_pb2.AppPublishRequest] = []
        self.files: dict[str, bytes] = {}
        self.functions: dict[str, tuple[str, str]] = {}
        self.calls: dict[str, Call] = {}
        self.queues: dict[str, asyncio.Queue[str | None]] = {}
        self.on_call: Callable[[str], None] = lambda _function_id: None
        self.tokens: set[tuple[str, str]] = set()
        self._numbers = itertools.count(1)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._numbers):022d}"

    def deployed(self, name: str) -> Deployment:
        """The deployed app of that name.

        Raises:
            GRPCError: there is none.
        """
        for app in self.apps.values():
            if app.name == name and app.state == api_pb2.APP_STATE_DEPLOYED:
                return app
        raise GRPCError(Status.NOT_FOUND, f"App {name!r} not found")

    # registry

    def ClientHello(self, _: Empty) -> api_pb2.ClientHelloResponse:
        return api_pb2.ClientHelloResponse(image_builder_version=BUILDER_VERSION)

    def EnvironmentGetOrCreate(
        self, request: api_pb2.EnvironmentGetOrCreateRequest
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        settings = api_pb2.EnvironmentSettings(image_builder_version=BUILDER_VERSION)
        metadata = api_pb2.EnvironmentMetadata(name=request.deployment_name or "main", settings=settings)
        return api_pb2.EnvironmentGetOrCreateResponse(environment_id="en-0", metadata=metadata)

    def AppGetByDeploymentName(
        self, request: api_pb2.AppGetByDeploymentNameRequest
    ) -> api_pb2.AppGetByDeploymentNameResponse:
        found = [i for i, app in self.apps.items() if (app.name, app.state) == (request.name, DEPLOYED)]
        return api_pb2.AppGetByDeploymentNameResponse(app_id=found[0] if found else "")

    def AppGetLayout(self, request: api_pb2.AppGetLayoutRequest) -> api_pb2.AppGetLayoutResponse:
        return api_pb2.AppGetLayoutResponse(app_layout=self.layout(request.app_id))

    def AppCreate(self, request: api_pb2.AppCreateRequest) -> api_pb2.AppCreateResponse:
        app_id = self._new_id("ap")
        self.apps[app_id] = Deployment(request.description, request.app_state)
        return api_pb2.AppCreateResponse(app_id=app_id, app_page_url="https://modal.test/app")

    def AppHeartbeat(self, _: api_pb2.AppHeartbeatRequest) -> Empty:
        return Empty()

    def AppPublish(self, request: api_pb2.AppPublishRequest) -> api_pb2.AppPublishResponse:
        self.apps[request.app_id].state = request.app_state
        self.published.append(request)
        return api_pb2.AppPublishResponse(url="https://modal.test/deployed", deployed_at=1.0)

    def AppClientDisconnect(self, request: api_pb2.AppClientDisconnectRequest) -> Empty:
        self.apps[request.app_id].ended.set()
        return Empty()

    async def AppGetLogs(self, request: api_pb2.AppGetLogsRequest) -> list[api_pb2.TaskLogsBatch]:
        await self.apps[request.app_id].ended.wait()
        return [api_pb2.TaskLogsBatch(app_done=True)]

    def ImageGetOrCreate(self, request: api_pb2.ImageGetOrCreateRequest) -> api_pb2.ImageGetOrCreateResponse:
        image_id = self._new_id("im")
        self.images[image_id] = request.image
        metadata = api_pb2.ImageMetadata(image_builder_version=request.builder_version)
        return api_pb2.ImageGetOrCreateResponse(image_id=image_id, result=SUCCESS, metadata=metadata)

    def MountBatchedCheckExistence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        missing = [sha for sha in request.sha256_hex_hashes if sha not in self.files]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    def MountPutFile(self, request: api_pb2.MountPutFileRequest) -> api_pb2.MountPutFileResponse:
        self.files[request.sha256_hex] = request.data
        return api_pb2.MountPutFileResponse(exists=True)

    def MountGetOrCreate(self, request: api_pb2.MountGetOrCreateRequest) -> api_pb2.MountGetOrCreateResponse:
        mount_id = self._new_id("mo")
        if not request.deployment_name:  # those are Modal's own client
            self.mounts[mount_id] = list(request.files)
        metadata = api_pb2.MountHandleMetadata(content_checksum_sha256_hex="0")
        return api_pb2.MountGetOrCreateResponse(mount_id=mount_id, handle_metadata=metadata)

    def SecretGetOrCreate(self, request: api_pb2.SecretGetOrCreateRequest) -> api_pb2.SecretGetOrCreateResponse:
        secret_id = self._new_id("st")
        self.secrets[secret_id] = request
        metadata = api_pb2.SecretMetadata(name=request.deployment_name)
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret_id, metadata=metadata)

    def FunctionPrecreate(self, request: api_pb2.FunctionPrecreateRequest) -> api_pb2.FunctionPrecreateResponse:
        function_id = self._function_id(request.app_id, request.function_name)
        metadata = api_pb2.FunctionHandleMetadata(function_name=request.function_name)
        return api_pb2.FunctionPrecreateResponse(function_id=function_id, handle_metadata=metadata)

    def FunctionCreate(self, request: api_pb2.FunctionCreateRequest) -> api_pb2.FunctionCreateResponse:
        name = request.function.function_name
        self.apps[request.app_id].functions[name] = request.function
        return api_pb2.FunctionCreateResponse(
            function_id=self._function_id(request.app_id, name),
            function=request.function,
            function_data=_as_data(request.function),
            handle_metadata=self._handle(request.app_id, name),
        )

    def FunctionGet(self, request: api_pb2.FunctionGetRequest) -> api_pb2.FunctionGetResponse:
        app = self.deployed(request.app_name)
        if request.object_tag not in app.functions:
            raise GRPCError(Status.NOT_FOUND, f"Function {request.object_tag!r} not found")
        app_id = next(i for i, other in self.apps.items() if other is app)
        return api_pb2.FunctionGetResponse(
            function_id=self._function_id(app_id, request.object_tag),
            function=_as_data(app.functions[request.object_tag]),
            handle_metadata=self._handle(app_id, request.object_tag),
        )

    def _function_id(self, app_id: str, name: str) -> str:
        for function_id, owner in self.functions.items():
            if owner == (app_id, name):
                return function_id
        function_id = self._new_id("fu")
        self.functions[function_id] = (app_id, name)
        return function_id

    def layout(self, app_id: str) -> api_pb2.AppLayout:
        """What a container is told about its app: ids of the functions, and handles of all that they depend on."""
        ids = {name: self._function_id(app_id, name) for name in self.apps[app_id].functions}
        objects = [
            api_pb2.Object(object_id=function_id, function_handle_metadata=self._handle(app_id, name))
            for name, function_id in ids.items()
        ]
        objects += [api_pb2.Object(object_id=other) for other in (*self.secrets, *self.images)]
        return api_pb2.AppLayout(function_ids=ids, objects=objects)

    def _handle(self, app_id: str, name: str) -> api_pb2.FunctionHandleMetadata:
        function = self.apps[app_id].functions[name]
        suffix = "" if self.apps[app_id].state in (DEPLOYED, api_pb2.APP_STATE_INITIALIZING) else "-dev"
        web_url = f"https://workspace--leadloom-{name}{suffix}.modal.test" if function.webhook_config.type else ""
        return api_pb2.FunctionHandleMetadata(
            function_name=name,
            function_type=function.function_type,
            web_url=web_url,
            app_id=app_id,
            definition_id=f"de-{name}",
            function_schema=function.function_schema,
            supported_input_formats=function.supported_input_formats,
            supported_output_formats=function.supported_output_formats,
        )

    # queue

    def FunctionMap(self, request: api_pb2.FunctionMapRequest) -> api_pb2.FunctionMapResponse:
        spawned = request.function_call_invocation_type == api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC
        call_id = self.enqueue(request.function_id, request.pipelined_inputs[0].input, spawned=spawned)
        accepted = api_pb2.FunctionPutInputsResponseItem(idx=0, input_id=call_id)
        return api_pb2.FunctionMapResponse(function_call_id=call_id, pipelined_inputs=[accepted])

    def enqueue(self, function_id: str, given: api_pb2.FunctionInput, *, spawned: bool) -> str:
        """Keep a call for a container to fetch; returns its id."""
        call_id = self._new_id("fc")
        output = asyncio.get_running_loop().create_future()
        self.calls[call_id] = Call(self.functions[function_id][1], given, output, spawned)
        self._queue(function_id).put_nowait(call_id)
        self.on_call(function_id)
        return call_id

    async def FunctionGetOutputs(
        self, request: api_pb2.FunctionGetOutputsRequest
    ) -> api_pb2.FunctionGetOutputsResponse:
        made = await self.calls[request.function_call_id].output
        item = api_pb2.FunctionGetOutputsItem(result=made.result, data_format=made.data_format)
        return api_pb2.FunctionGetOutputsResponse(outputs=[item])

    def ContainerHello(self, _: Empty) -> Empty:
        return Empty()

    def ContainerHeartbeat(self, _: api_pb2.ContainerHeartbeatRequest) -> api_pb2.ContainerHeartbeatResponse:
        return api_pb2.ContainerHeartbeatResponse()

    async def FunctionGetInputs(self, request: api_pb2.FunctionGetInputsRequest) -> api_pb2.FunctionGetInputsResponse:
        call_id = await self._queue(request.function_id).get()
        if call_id is None:
            stop = api_pb2.FunctionGetInputsItem(kill_switch=True)
            return api_pb2.FunctionGetInputsResponse(inputs=[stop])
        given = self.calls[call_id].input
        item = api_pb2.FunctionGetInputsItem(input_id=call_id, function_call_id=call_id, input=given)
        return api_pb2.FunctionGetInputsResponse(inputs=[item])

    def FunctionPutOutputs(self, request: api_pb2.FunctionPutOutputsRequest) -> Empty:
        for item in request.outputs:
            self.calls[item.input_id].output.set_result(item)
        return Empty()

    def TaskResult(self, request: api_pb2.TaskResultRequest) -> Empty:
        self.crashed.append(request.result.traceback or request.result.exception)
        for call in self.calls.values():
            if not call.output.done():
                call.output.set_result(api_pb2.FunctionPutOutputsItem(result=request.result))
        return Empty()

    def _queue(self, function_id: str) -> asyncio.Queue[str | None]:
        return self.queues.setdefault(function_id, asyncio.Queue())

    # transport

    def as_grpc(self) -> ModalClientBase:
        """The service as a handler of every request of the protocol."""
        names = ModalClientBase.__abstractmethods__
        return type("Service", (ModalClientBase,), {name: self._handler(name) for name in names})()

    def _handler(self, name: str) -> Callable[[Any, Any], Awaitable[None]]:
        async def handle(_: ModalClientBase, stream: Any) -> None:
            request = await stream.recv_message()
            metadata = stream.metadata
            self.tokens.add((metadata.get("x-modal-token-id", ""), metadata.get("x-modal-token-secret", "")))
            answer = getattr(self, name, None)
            if answer is None:
                self.refused.append(name)
                raise GRPCError(Status.UNIMPLEMENTED, f"the local server does not answer {name}")
            replies = answer(request)
            if inspect.isawaitable(replies):
                replies = await replies
            for reply in replies if isinstance(replies, list) else [replies]:
                await stream.send_message(reply)

        return handle


def _as_data(function: api_pb2.Function) -> api_pb2.FunctionData:
    """The form in which the service tells of a function: one variant per kind of GPU, so here only one."""
    variant = api_pb2.FunctionData.RankedFunction(rank=0, function=function)
    return api_pb2.FunctionData(
        function_name=function.function_name,
        timeout_secs=function.timeout_secs,
        webhook_config=function.webhook_config,
        schedule=function.schedule,
        ranked_functions=[variant],
    )


@contextmanager
def modal_server() -> Iterator[ModalService]:
    """Serve on a loopback port, from a thread of its own, until the block ends."""
    service, started = ModalService(), threading.Event()

    async def serve() -> None:
        server = Server([service.as_grpc()])
        await server.start("127.0.0.1", 0)
        port = server._server.sockets[0].getsockname()[1]  # grpclib does not say which port it was given
        service.url = f"http://127.0.0.1:{port}"
        stop.append(asyncio.Event())
        started.set()
        await stop[0].wait()
        server.close()
        await server.wait_closed()

    stop: list[asyncio.Event] = []
    thread = threading.Thread(target=service.loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield service
    finally:
        service.loop.call_soon_threadsafe(stop[0].set)
        thread.join(10)
        service.loop.close()
