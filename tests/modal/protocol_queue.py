"""The queue of the local Modal service: calls of functions wait for a container, and callers for its output."""

# ruff: noqa: N802 -- requests are named as the protocol names them

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tests.modal.protocol_registry import Registry

__all__ = ["Call", "Queue"]


@dataclass
class Call:
    """One call of a function: its input, the output that a container gave, and a web request's two streams."""

    function: str
    input: api_pb2.FunctionInput
    output: asyncio.Future[api_pb2.FunctionPutOutputsItem]
    spawned: bool = False
    data_in: list[api_pb2.DataChunk] = field(default_factory=list)
    data_out: list[api_pb2.DataChunk] = field(default_factory=list)

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments."""
        args, _ = pickle.loads(self.input.args)  # noqa: S301 -- from the test's own client
        return tuple(args)


class Queue(Registry):
    """Calls and containers. Each capitalised method answers the request of the same name.

    Attributes:
        loop: the loop that serves.
        calls: every call by id, in the order they came.
        queues: ids of calls that wait, per function id; None tells a container to stop.
        on_call: told the function's id when a call has come; starts a container, if the test has them.
        crashed: what containers said when they could not go on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.calls: dict[str, Call] = {}
        self.queues: dict[str, asyncio.Queue[str | None]] = {}
        self.on_call: Callable[[str], None] = lambda _function_id: None
        self.crashed: list[str] = []

    def FunctionMap(self, request: api_pb2.FunctionMapRequest) -> api_pb2.FunctionMapResponse:
        spawned = request.function_call_invocation_type == api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC
        call_id = self.enqueue(request.function_id, request.pipelined_inputs[0].input)
        self.calls[call_id].spawned = spawned
        accepted = api_pb2.FunctionPutInputsResponseItem(idx=0, input_id=call_id)
        return api_pb2.FunctionMapResponse(function_call_id=call_id, pipelined_inputs=[accepted])

    def enqueue(self, function_id: str, given: api_pb2.FunctionInput, data_in: Sequence[api_pb2.DataChunk] = ()) -> str:
        """Keep a call for a container to fetch; returns its id."""
        call_id = self.new_id("fc")
        output = self.loop.create_future()
        self.calls[call_id] = Call(self.functions[function_id][1], given, output, data_in=list(data_in))
        self._queue(function_id).put_nowait(call_id)
        self.on_call(function_id)
        return call_id

    async def FunctionGetOutputs(
        self, request: api_pb2.FunctionGetOutputsRequest
    ) -> api_pb2.FunctionGetOutputsResponse:
        made = await asyncio.shield(self.calls[request.function_call_id].output)
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

    async def FunctionCallGetDataIn(self, request: api_pb2.FunctionCallGetDataRequest) -> list[api_pb2.DataChunk]:
        call = self.calls[request.function_call_id]
        if request.last_index >= len(call.data_in):
            await asyncio.shield(call.output)  # there is no more to come: the stream stays open until the call ends
        return call.data_in[request.last_index :]

    def FunctionCallPutDataOut(self, request: api_pb2.FunctionCallPutDataRequest) -> Empty:
        self.calls[request.function_call_id].data_out += request.data_chunks
        return Empty()

    def TaskResult(self, request: api_pb2.TaskResultRequest) -> Empty:
        self.crashed.append(request.result.traceback or request.result.exception)
        for call in self.calls.values():
            if not call.output.done():
                call.output.set_result(api_pb2.FunctionPutOutputsItem(result=request.result))
        return Empty()

    def _queue(self, function_id: str) -> asyncio.Queue[str | None]:
        return self.queues.setdefault(function_id, asyncio.Queue())
