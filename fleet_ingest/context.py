"""What an endpoint needs beside its request: the stack, and the trigger of the energy refresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core import stack as stacks

if TYPE_CHECKING:
    from starlette.requests import Request

    from fleet_ingest.metrics import Metrics
    from fleet_ingest.post_log import PostLog
    from fleet_ingest.suspects import Suspects
    from fleet_ingest.throttle import Throttle
    from portal.core.energy import Trigger
    from portal.core.fleet.rules.refused_pushes import RefusedPush
    from portal.core.sites.rules.device_posts import BoardPost
    from portal.core.stack import Stack


def stack_of(request: Request) -> Stack:
    """Return the stack the application was built with, else the process's one."""
    own: Stack | None = request.app.state.stack
    return own or stacks.current()


def throttle_of(request: Request) -> Throttle:
    """Return the rate limits of this process."""
    return request.app.state.throttle


def suspects_of(request: Request) -> Suspects:
    """Return what finds the known credentials of an address that sent too many wrong ones."""
    return request.app.state.suspects


def metrics_of(request: Request) -> Metrics:
    """Return the figures of this process."""
    return request.app.state.metrics


def post_log_of(request: Request) -> PostLog[BoardPost]:
    """Return the posts of boards to this process that are still to be written."""
    return request.app.state.posts


def unproven_log_of(request: Request) -> PostLog[RefusedPush]:
    """Return the pushes to this process, with tokens that open nothing, that are still to be written."""
    return request.app.state.unproven


def trigger_refresh(request: Request) -> None:
    """Have the energy refreshed soon."""
    trigger: Trigger = request.app.state.refreshing
    trigger(stack_of(request))
