"""Puts the routers together. A new page or group of endpoints is one file and one line in ROUTERS."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from sidecar import __version__
from sidecar.web import problems
from sidecar.web.api import documents as api_documents
from sidecar.web.api import events as api_events
from sidecar.web.api import failures as api_failures
from sidecar.web.api import health as api_health
from sidecar.web.api import jobs as api_jobs
from sidecar.web.api import metrics as api_metrics
from sidecar.web.api import openapi as api_openapi
from sidecar.web.api import pages as api_pages
from sidecar.web.api import prompts as api_prompts
from sidecar.web.api import queue as api_queue
from sidecar.web.api import reviews as api_reviews
from sidecar.web.api import settings as api_settings
from sidecar.web.api import spending as api_spending
from sidecar.web.api import tokens as api_tokens
from sidecar.web.api import undo as api_undo
from sidecar.web.api import webhook as api_webhook
from sidecar.web.guard import Guard
from sidecar.web.pages import actions as page_actions
from sidecar.web.pages import ask as page_ask
from sidecar.web.pages import documents as page_documents
from sidecar.web.pages import failures as page_failures
from sidecar.web.pages import files as page_files
from sidecar.web.pages import job as page_job
from sidecar.web.pages import jobs as page_jobs
from sidecar.web.pages import login as page_login
from sidecar.web.pages import overview as page_overview
from sidecar.web.pages import prompts as page_prompts
from sidecar.web.pages import reviews as page_reviews
from sidecar.web.pages import settings as page_settings
from sidecar.web.pages import spending as page_spending
from sidecar.web.pages import tokens as page_tokens
from sidecar.web.site import Site

ROUTERS = (
    api_health.router,
    api_metrics.router,
    api_jobs.router,
    api_queue.router,
    api_documents.router,
    api_reviews.router,
    api_undo.router,
    api_pages.router,
    api_failures.router,
    api_spending.router,
    api_prompts.router,
    api_settings.router,
    api_tokens.router,
    api_events.router,
    api_webhook.router,
    api_openapi.router,
    page_files.router,
    page_login.router,
    page_overview.router,
    page_jobs.router,
    page_job.router,
    page_failures.router,
    page_spending.router,
    page_prompts.router,
    page_settings.router,
    page_tokens.router,
    page_actions.router,
    page_ask.router,
    page_reviews.router,
    page_documents.router,
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
