"""Refusals of the domain in the words and numbers that apps expect of a write."""

from http import HTTPStatus

from aiohttp import web

from communities.errors import Conflict, NotAllowed, NotFound, Reason
from node.app import Handler
from node.errors import Refusal


def in_words(handler: Handler) -> Handler:
    """The handler, with 422 and the sentence for what a rule refuses.

    Somebody else's post is answered like one that is not there: Mastodon does not say 403 here.
    Spec: Mastodon API "Statuses" (responses 401, 404, 422).
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotAllowed as error:
            if error.reason is Reason.NOT_AUTHOR:
                raise NotFound(str(error)) from error
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        except Conflict as error:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error

    return answer
