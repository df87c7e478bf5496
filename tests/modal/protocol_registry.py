"""The registry of the local Modal service: apps, images, mounts, secrets and functions get ids and are kept as told."""

# ruff: noqa: N802 -- requests are named as the protocol names them

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

__all__ = ["DEPLOYED", "Deployment", "Registry"]

BUILDER_VERSION = "2025.06"
DEPLOYED = api_pb2.APP_STATE_DEPLOYED
SUCCESS = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)


@dataclass
class Deployment:
    """One app: its state, and the functions that were created for it, by name."""

    name: str
    state: int = api_pb2.APP_STATE_INITIALIZING
    functions: dict[str, api_pb2.Function] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Registry:
    """What the client told the service. Each capitalised method answers the request of the same name.

    Attributes:
        apps: every app by id, deployed or not.
        images: definitions by id.
        mounts: the files of each mount by id.
        files: contents by SHA-256.
        secrets: what was asked for, by id.
        functions: (app id, name) of each function id.
        published: every request to publish.
    """

    def __init__(self) -> None:
        self.apps: dict[str, Deployment] = {}
        self.images: dict[str, api_pb2.Image] = {}
        self.mounts: dict[str, list[api_pb2.MountFile]] = {}
        self.files: dict[str, bytes] = {}
        self.secrets: dict[str, api_pb2.SecretGetOrCreateRequest] = {}
        self.functions: dict[str, tuple[str, str]] = {}
        self.published: list[api_pb2.AppPublishRequest] = []
        self._numbers = itertools.count(1)

    def new_id(self, prefix: str) -> str:
        """An id as the client expects them: a kind, a dash, 22 characters."""
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
        app_id = self.new_id("ap")
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
        image_id = self.new_id("im")
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
        mount_id = self.new_id("mo")
        if not request.deployment_name:  # those are Modal's own client
            self.mounts[mount_id] = list(request.files)
        metadata = api_pb2.MountHandleMetadata(content_checksum_sha256_hex="0")
        return api_pb2.MountGetOrCreateResponse(mount_id=mount_id, handle_metadata=metadata)

    def SecretGetOrCreate(self, request: api_pb2.SecretGetOrCreateRequest) -> api_pb2.SecretGetOrCreateResponse:
        secret_id = self.new_id("st")
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
        function_id = self.function_id(request.app_name, request.object_tag)
        app_id, name = self.functions[function_id]
        return api_pb2.FunctionGetResponse(
            function_id=function_id,
            function=_as_data(self.apps[app_id].functions[name]),
            handle_metadata=self._handle(app_id, name),
        )

    def files_of(self, function: api_pb2.Function) -> list[api_pb2.MountFile]:
        """What a container of the function has on its disk: what its image's layers copied in, then its mounts."""
        layers, mounts = [function.image_id], []
        while layers:
            image = self.images.get(layers.pop())
            if image:
                layers += [base.image_id for base in image.base_images]
                mounts.append(image.context_mount_id)
        return [file for mount in (*reversed(mounts), *function.mount_ids) for file in self.mounts.get(mount, ())]

    def function_id(self, app_name: str, name: str) -> str:
        """The id of a function of a deployed app.

        Raises:
            GRPCError: there is none.
        """
        app = self.deployed(app_name)
        for function_id, (app_id, known) in self.functions.items():
            if known == name and self.apps[app_id] is app:
                return function_id
        raise GRPCError(Status.NOT_FOUND, f"Function {name!r} not found")

    def _function_id(self, app_id: str, name: str) -> str:
        for function_id, owner in self.functions.items():
            if owner == (app_id, name):
                return function_id
        function_id = self.new_id("fu")
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
