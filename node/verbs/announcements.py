"""What the verbs of `noaber announcement` do."""

from datetime import UTC, datetime

from communities.errors import Invalid, NotFound
from communities.limits import MAX_ABOUT
from communities.text import plain_text, render_markdown
from node.verbs import announcement_forms as forms
from node.verbs.answers import Answer, said, table
from node.verbs.desk import LINE, Desk
from storage.announcements import Announcement
from storage.unit_of_work import UnitOfWork


async def add(desk: Desk, form: forms.Announce) -> Answer:
    """Announce something."""
    text = form.text.strip()
    if not text or len(text) > MAX_ABOUT:
        raise Invalid("text", f"An announcement has 1 to {MAX_ABOUT} characters")
    new = Announcement(
        id=desk.node.snowflakes.mint(),
        source=text,
        html=render_markdown(text),
        published_at=desk.acting.now(),
        starts_at=_moment("starts", form.starts),
        ends_at=_moment("ends", form.ends),
        all_day=form.all_day,
    )
    if new.ends_at is not None and new.ends_at <= (new.starts_at or new.published_at):
        raise Invalid("ends", "An announcement ends after it starts, and not before now")
    await desk.acting.run(_add, new)
    desk.node.apps.announce(new)
    return said(f"announced; its number is {new.id}", number=str(new.id))


async def show_all(desk: Desk, _form: forms.ListAnnouncements) -> Answer:
    """Show what was announced."""
    found = await desk.node.storage.read(_newest)
    if not found:
        return Answer(lines=["nothing was announced"], data={"announcements": []})
    rows = [
        (each.id, _day(each.starts_at), _day(each.ends_at), plain_text(each.html, LINE))
        for each in found
    ]
    return Answer(
        lines=table(("number", "starts", "ends", "text"), rows),
        data={
            "announcements": [
                {
                    "number": str(each.id),
                    "text": each.source,
                    "published": each.published_at.isoformat(),
                    "starts": None if each.starts_at is None else each.starts_at.isoformat(),
                    "ends": None if each.ends_at is None else each.ends_at.isoformat(),
                }
                for each in found
            ]
        },
    )


async def remove(desk: Desk, form: forms.RemoveAnnouncement) -> Answer:
    """Take an announcement away."""
    await desk.acting.run(_remove, form.number)
    desk.node.apps.take_back_announcement(form.number)
    return said("the announcement is gone", number=str(form.number))


def _moment(field: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(field, f"{text} is neither a day nor a time") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def _add(uow: UnitOfWork, new: Announcement) -> None:
    uow.announcements.add(new)


def _newest(uow: UnitOfWork) -> list[Announcement]:
    return uow.announcements.newest()


def _remove(uow: UnitOfWork, number: int) -> None:
    if not uow.announcements.remove(number):
        raise NotFound(f"there is no announcement {number}")
