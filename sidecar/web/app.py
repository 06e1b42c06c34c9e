"""Puts the routers together. A new page or group of endpoints is one file and one line in ROUTERS."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from sidecar import __version__
from sidecar.web import problems
from sidecar.web.api import (
    documents,
    events,
    failures,
    health,
    jobs,
    metrics,
    openapi,
    pages,
    queue,
    spending,
    undo,
    webhook,
)
from sidecar.web.api import prompts as prompt_api
from sidecar.web.api import reviews as review_api
from sidecar.web.api import settings as settings_api
from sidecar.web.api import tokens as token_api
from sidecar.web.guard import Guard
from sidecar.web.pages import actions, ask, files, login, overview, reviews
from sidecar.web.pages import documents as document_pages
from sidecar.web.pages import failures as failure_pages
from sidecar.web.pages import job as job_page
from sidecar.web.pages import jobs as job_pages
from sidecar.web.pages import prompts as prompt_pages
from sidecar.web.pages import settings as settings_pages
from sidecar.web.pages import spending as spending_pages
from sidecar.web.pages import tokens as token_pages
from sidecar.web.site import Site

ROUTERS = (
    health.router,
    metrics.router,
    jobs.router,
    queue.router,
    documents.router,
    review_api.router,
    undo.router,
    pages.router,
    failures.router,
    spending.router,
    prompt_api.router,
    settings_api.router,
    token_api.router,
    events.router,
    webhook.router,
    openapi.router,
    files.router,
    login.router,
    overview.router,
    job_pages.router,
    job_page.router,
    failure_pages.router,
    spending_pages.router,
    prompt_pages.router,
    settings_pages.router,
    token_pages.router,
    actions.router,
    ask.router,
    reviews.router,
    document_pages.router,
)
#: No request of ours is larger, in bytes.
MAX_BODY_BYTES = 256 * 1024


def guarded(site: Site, bare: FastAPI) -> ASGIApp:
    """Return the application with what holds for every request."""
    return Guard(bare, site.prefix, MAX_BODY_BYTES)


def bare_app(site: Site) -> FastAPI:
    """Return the application without what holds for every request."""
    app = FastAPI(
        title="Paperless Sidecar",
        version=__version__,
        description="Steer the sidecar and ask it. Everything but /healthz and /readyz needs an API token or a login.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=MAX_BODY_BYTES,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.site = site
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
