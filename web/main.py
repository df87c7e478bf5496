"""The one ASGI application: receivers of callbacks first, then the admin pages, then the static files.

Everything an operator does in the browser and everything that Clay sends comes in here. It keeps no state of its own:
the database holds it, and the signed-in session is a cookie.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from app.engine.callback_groups import CallbackGroups
from web import errors
from web.asking.limits import BodyLimit
from web.deps import Services, Wake, csrf_checked, signed_in
from web.drawing.assets import StaticAssets
from web.receivers import Receivers
from web.routes import (
    audit,
    batches,
    callbacks,
    clients,
    configs,
    customers,
    exports,
    extraction,
    files,
    health,
    health_probes,
    home,
    items,
    launch,
    leads,
    people,
    pipelines,
    registry,
    retention,
    session,
    share,
    uploads,
)
from web.session.security import Shield

__all__ = ["create_app"]

PAGES: tuple[APIRouter, ...] = (
    home.router,
    clients.router,
    uploads.router,
    files.router,
    exports.router,
    launch.router,
    pipelines.router,
    configs.router,
    batches.router,
    items.router,
    extraction.router,
    leads.router,
    people.router,
    customers.router,
    share.router,
    registry.router,
    callbacks.router,
    health.router,
    audit.router,
    retention.router,
)
"""Every router behind the sign-in; a new family of screens is one line here."""


def create_app(*, wake: Wake | None = None, public_url: str | None = None) -> FastAPI:
    """Build the application.

    Args:
        wake: awaited after whatever gives the engine something to do; None where the engine polls by itself.
        public_url: base of the receiver URLs that the pages show; None: taken from the settings, or from the request.
    """
    services = Services(wake=wake, public_url=public_url)
    groups = CallbackGroups(services.db, services.wake)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await groups.aclose()
        await services.aclose()

    app = FastAPI(title="Leadloom", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.services = services
    app.include_router(health_probes.router)
    app.include_router(session.router)
    app.include_router(share.public)
    for router in PAGES:
        app.include_router(router, dependencies=[Depends(signed_in), Depends(csrf_checked)])
    app.mount("/static", StaticAssets(), name="static")
    errors.register(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Shield)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(Receivers, services=services, groups=groups)
    return app
