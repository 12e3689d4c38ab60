"""POST to an inbox: the shared one, or that of a person, a community or the node."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from federation.inbox import InboxReceiver, Outcome
from node.answers import problem_of
from node.app import Access, Route
from node.metrics import Metrics
from protocols.errors import RemoteProtocolError, SignatureRefused
from protocols.signed_request import RequestParts

_MEDIA_TYPES = ("application/activity+json", "application/ld+json", "application/json")


def inbox_routes(receiver: InboxReceiver, metrics: Metrics) -> list[Route]:
    """The inboxes. All of them take the same: the signature proves the sender, not the path."""
    handler = _inbox(receiver, metrics)
    paths = {
        "shared-inbox": "/inbox",
        "person-inbox": r"/u/{key:\d{1,20}}/inbox",
        "community-inbox": r"/g/{key:\d{1,20}}/inbox",
        "node-inbox": "/actor/inbox",
    }
    return [
        Route(method="POST", path=path, handler=handler, access=Access.PEER_SIGNED, name=name)
        for name, path in paths.items()
    ]


def _inbox(
    receiver: InboxReceiver, metrics: Metrics
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def accept(request: web.Request) -> web.StreamResponse:
        try:
            _check_media_type(request)
            parts = RequestParts(
                method=request.method,
                target=request.raw_path,
                headers=_joined(request),
                body=await request.read(),
            )
            outcome = await receiver.accept(parts)
        except Exception as error:
            metrics.inbox_rejected(_word(error))
            raise
        if outcome is Outcome.APPLIED or outcome is Outcome.QUEUED:
            metrics.inbox_accepted()
        else:
            metrics.inbox_rejected(outcome.value)
        return web.Response(status=202)

    return accept


def _check_media_type(request: web.Request) -> None:
    if not request.content_type.startswith(_MEDIA_TYPES):
        raise RemoteProtocolError(
            "An activity is sent as application/activity+json", status_hint=415
        )


def _joined(request: web.Request) -> dict[str, str]:
    """Header names in lower case; lines of one name joined, as signatures read them."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _word(error: Exception) -> str:
    """A short, bounded label for the metrics."""
    if isinstance(error, SignatureRefused):
        return error.reason
    problem = problem_of(error)
    return "fault" if problem is None else str(problem.status)
