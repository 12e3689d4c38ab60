"""Plays recorded activities through the inbox, each in a unit that is taken back.

So a thousand recordings need one database, and none sees what another left.
"""

from communities.errors import Conflict, DomainError, NotFound
from communities.people import ActorKey
from federation.activitypub.act import Act
from federation.activitypub.dispatch import handler_of
from federation.errors import FederationError
from federation.inbox import INBOX_JOB, Outcome, Receipt, receive
from federation.inbox_job import MOST_FETCHES, _apply, _Work
from protocols.activitypub.contexts import compact, is_plain
from protocols.activitypub.parsing import parse_activity, parse_document
from protocols.activitypub.parsing_origins import check_activity_origin, origin
from protocols.activitypub.parsing_values import as_list
from protocols.activitypub.vocabulary import PUBLIC, Activity, Document, Tombstone
from protocols.errors import ProtocolError, RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue, dumps, load_object
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME
from tests.support.fixture_scene import Scene
from tests.support.fixture_world import NOW

NO_EVENT = "no event"
"""Understood, and nobody needs to be told: a profile was refreshed, a deletion remembered."""
_PLACEHOLDER = "https://kbin.test/f/object/1"


class Played(Exception):  # noqa: N818 - not an error: it ends the unit and takes everything back
    """What became of an activity."""

    def __init__(self, outcome: str, reason: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.reason = reason


def play(uow: UnitOfWork, raw: JsonObject) -> None:
    """Let one activity come in, in a world of its own, and take all of it back.

    Raises:
        Played: always, with what became of it, unless something failed that must not.
    """
    uow.at_ms = to_ms(NOW)
    try:
        activity = parse_activity(raw)
        check_activity_origin(activity)
        scene = Scene(uow, activity)
        scene.serve(raw)
        outcome = _receive(scene, activity)
    except (NotFound, Conflict) as error:
        raise Played("ignored", str(error)) from error
    except (DomainError, ProtocolError, FederationError) as error:
        raise Played("refused", str(error)) from error
    if outcome is Outcome.IGNORED:
        raise Played("ignored", f"{activity.type_name} is not a type that we act on")
    raise Played("understood", "" if uow.events.appended else NO_EVENT)


def _receive(scene: Scene, activity: Activity) -> Outcome:
    receipt = Receipt(
        activity=activity,
        raw=b"{}",
        signer_id=scene.known(activity.actor),
        peer=origin(activity.actor),
        at=NOW,
    )
    outcome = receive(scene.uow, receipt, scene.context)
    if outcome is Outcome.QUEUED:
        _run_job(scene, receipt)
    return outcome


def _run_job(scene: Scene, receipt: Receipt) -> None:
    """What `inbox_job` does, in the same unit and with the wire of the scene."""
    handler = handler_of(receipt.activity)
    (job,) = scene.uow.jobs.lease(now_ms=to_ms(NOW), until_ms=to_ms(NOW) + 1)
    assert handler is not None
    assert job.kind == INBOX_JOB
    resolved: dict[str, Document | None] = {}
    act = Act(
        activity=receipt.activity,
        actor=receipt.signer_id,
        peer=receipt.peer,
        at=NOW,
        resolved=resolved,
    )
    while wanted := handler.needs(scene.uow, act, scene.context) - resolved.keys():
        assert len(resolved) < MOST_FETCHES
        resolved.update({uri: _fetch(scene, uri) for uri in wanted})
    _apply(scene.uow, job, _Work(handler=handler, act=act), scene.context, to_ms(NOW))


def _fetch(scene: Scene, uri: str) -> Document | None:
    found = scene.served.get(uri)
    if found is None:
        return Tombstone(id=uri)
    try:
        return parse_document(found)
    except RemoteProtocolError:
        return None


def prepared(path: str, raw: bytes) -> JsonObject:
    """A recorded activity with its placeholders told apart and its receiver's address made ours."""
    text = raw.decode()
    if path.startswith("mbin/"):
        numbers = iter(range(1, 1000))
        parts = text.split(_PLACEHOLDER)
        text = "".join(
            part if index == 0 else f"https://kbin.test/f/object/{next(numbers)}{part}"
            for index, part in enumerate(parts)
        )
    found = load_object(text.encode())
    if not is_plain(found):
        found = compact(found)
    _complete(found)
    reader = _only_reader(found)
    if reader is not None:
        found = load_object(
            dumps(found).replace(reader.encode(), HOME.person(ActorKey(1)).encode())
        )
    return found


def _complete(found: JsonObject) -> None:
    """Say again what the placeholders of mbin no longer say: whom it is about."""
    inner = found.get("object")
    target = found.get("target")
    if isinstance(target, str):
        # The name of Mbin's collection of pins; of a group that we play the name is ours.
        found["target"] = target.replace("/pinned", "/featured")
    if not isinstance(inner, dict):
        return
    if found.get("type") in ("Accept", "Reject") and _is_placeholder(inner.get("object")):
        inner["object"] = found["actor"]
    if isinstance(inner.get("object"), dict):
        _complete(inner)
    elif inner.get("type") == "Group" and _is_placeholder(inner.get("id")):
        inner["id"] = inner["url"]


def _is_placeholder(value: JsonValue) -> bool:
    return isinstance(value, str) and value.startswith(_PLACEHOLDER[:-1])


def _only_reader(found: JsonObject) -> str | None:
    """The one person to whom a message is addressed, and nobody else."""
    inner = found.get("object")
    if found.get("type") != "Create" or not isinstance(inner, dict):
        return None
    addressed = [*as_list(inner.get("to")), *as_list(inner.get("cc"))]
    addressed.extend((*as_list(found.get("to")), *as_list(found.get("cc"))))
    if inner.get("inReplyTo") or any(not isinstance(uri, str) for uri in addressed):
        return None
    readers = {str(uri) for uri in addressed}
    return readers.pop() if len(readers) == 1 and not readers & {PUBLIC, "as:Public"} else None
