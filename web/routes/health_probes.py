"""For whoever watches from outside, without a sign-in: does this process answer, and does all that stands behind it?

/healthz   200 as long as the process serves requests
/readyz    200 when database, schema and engine are there; 503 with the reasons otherwise
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from web.deps import services

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
ASK_AGAIN_S = "10"


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def alive() -> JSONResponse:
    """The process answers; nothing else is asked."""
    return JSONResponse({"status": "alive"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def ready(request: Request) -> JSONResponse:
    """Everything works, or what does not."""
    problems = await services(request).probe.problems()
    if problems:
        return JSONResponse({"status": "not ready", "reasons": problems}, 503, headers={"retry-after": ASK_AGAIN_S})
    return JSONResponse({"status": "ready"})
