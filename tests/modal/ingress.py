"""Modal's front door for web functions: a real HTTP request in, a call of the function's container, the answer out.

The deployed address (`https://…modal.run`) does not exist here. A test serves this application on a loopback port and
names that as PUBLIC_URL, and what Clay sends there comes to the container as Modal would bring it.
"""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

from modal._serialization import deserialize_data_format, serialize_data_format
from modal_proto import api_pb2
from starlette.types import Receive, Scope, Send

from tests.modal.protocol_server import ModalService

__all__ = ["Ingress"]

ASGI = api_pb2.DATA_FORMAT_ASGI
PASSED_ON = ("type", "http_version", "method", "scheme", "path", "query_string", "headers", "client")


class Ingress:
    """An ASGI application that hands every request to one web function of the deployed app."""

    def __init__(self, service: ModalService, app_name: str, function: str) -> None:
        self._service, self._app_name, self._function = service, app_name, function

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one HTTP request on, whole, and its answer back, whole."""
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        request = self._request({key: scope[key] for key in PASSED_ON}, body)
        for answer in await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(request, self._service.loop)):
            await send(answer)

    async def _request(self, scope: dict[str, Any], body: bytes) -> list[dict[str, Any]]:
        given = api_pb2.FunctionInput(args=pickle.dumps(((scope,), {})), data_format=api_pb2.DATA_FORMAT_PICKLE)
        data = serialize_data_format({"type": "http.request", "body": body, "more_body": False}, ASGI)
        chunk = api_pb2.DataChunk(index=1, data_format=ASGI, data=data)
        function_id = self._service.function_id(self._app_name, self._function)
        call = self._service.calls[self._service.enqueue(function_id, given, [chunk])]
        made = await asyncio.shield(call.output)  # the container goes on if the browser goes away
        if made.result.status != api_pb2.GenericResult.GENERIC_STATUS_SUCCESS:
            return [
                {"type": "http.response.start", "status": 500, "headers": []},
                {"type": "http.response.body", "body": made.result.exception.encode()},
            ]
        said = sorted(call.data_out, key=lambda chunk: chunk.index)
        return [deserialize_data_format(chunk.data, chunk.data_format, None) for chunk in said]
