"""Letters: written by a job, in the language of their readers, with a link that nobody keeps."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine, text

from communities.people import ActorKey, Person
from federation.errors import PeerRefused, PeerUnreachable
from node.accounts.letters import LETTER_JOB, LetterKind, ask_for_letter, letter_job
from node.accounts.mailing import Mail, Mailer
from node.jobs import JobRunner
from node.metrics import Metrics
from node.settings_mail import MailSettings
from node.tasks import Tasks
from node.web.letter_words import letter_writer
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.account_bench import AccountBench
from tests.support.clock import Clock
from tests.support.factories import HOME
from tests.support.mail_server import MailServer, mail_server

LINK = re.compile(r"^https://noaber\.example/(confirm|reset)/([A-Za-z0-9_-]{22})$", re.MULTILINE)


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    """A mail server."""
    async with mail_server() as server:
        yield server


def mailer_to(server: MailServer, **changes: object) -> Mailer:
    values: dict[str, object] = {"host": "127.0.0.1", "port": server.port, "tls": "none"}
    settings = MailSettings(**{**values, **changes})  # type: ignore[arg-type]  # by name
    return Mailer(settings, domain="noaber.example", title='The "Bées"')


def runner_of(storage: Storage, server: MailServer, clock: Clock) -> JobRunner:
    write = letter_writer(title="The Bees", languages=("en", "nl"), now=clock)
    job = letter_job(storage, HOME, mailer_to(server), write, now=clock)
    return JobRunner(storage, {LETTER_JOB: job}, Tasks(), Metrics(), now=clock)


async def with_address(
    bench: AccountBench, address: str = "ada@mail.example", locale: str | None = None
) -> Person:
    """Somebody with an address."""
    ada = await bench.person("ada")

    def settle(uow: UnitOfWork) -> None:
        uow.accounts.set_email(ada.id, address, confirmed_at=bench.clock())
        uow.accounts.set_locale(ada.id, locale)

    await bench.storage.write(settle)
    return ada


async def ask(
    bench: AccountBench, kind: LetterKind, person_id: ActorKey, to: str | None = None
) -> None:
    def unit(uow: UnitOfWork) -> None:
        ask_for_letter(uow, kind, person_id, bench.clock(), to=to)

    await bench.storage.write(unit)


@pytest.mark.parametrize(
    ("locale", "subject", "words"),
    [
        (None, "A new password for The Bees", "Hello ada,"),
        ("nl", "Een nieuw wachtwoord voor The Bees", "Hallo ada,"),
        ("fr", "A new password for The Bees", "It works once, for 2 hours."),
    ],
)
async def test_letter_is_in_the_language_of_its_reader(
    bench: AccountBench,
    post: MailServer,
    clock: Clock,
    locale: str | None,
    subject: str,
    words: str,
) -> None:
    ada = await with_address(bench, locale=locale)
    await ask(bench, LetterKind.RESET, ada.id)

    assert await runner_of(bench.storage, post, clock).step() == 1

    (mail,) = post.mails
    assert post.recipients == ["ada@mail.example"]
    assert (mail["To"], mail["Subject"]) == ("ada@mail.example", subject)
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('The "Bées"', "noreply@noaber.example")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@noaber.example>")
    assert words in mail.get_content()


@pytest.mark.parametrize("kind", list(LetterKind))
async def test_letter_of_every_kind_is_sent_once(
    bench: AccountBench, post: MailServer, clock: Clock, kind: LetterKind
) -> None:
    ada = await with_address(bench)
    for _ in range(3):
        await ask(bench, kind, ada.id)
    runner = runner_of(bench.storage, post, clock)

    assert [await runner.step(), await runner.step()] == [1, 0]
    (mail,) = post.mails
    links = LINK.findall(mail.get_content())
    assert [word for word, _token in links] == (
        [kind.value] if kind in ("confirm", "reset") else []
    )


async def test_link_of_a_letter_is_kept_nowhere_but_in_it(
    bench: AccountBench, post: MailServer, clock: Clock, sqlite_engine: Engine
) -> None:
    ada = await with_address(bench)
    await ask(bench, LetterKind.RESET, ada.id)
    before = everything(sqlite_engine)
    await runner_of(bench.storage, post, clock).step()

    ((_word, token),) = LINK.findall(post.mails[0].get_content())
    assert token not in before + everything(sqlite_engine)
    assert "letter" in before


def everything(engine: Engine) -> str:
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        return repr(
            [connection.execute(text(f'SELECT * FROM "{name}"')).all() for (name,) in tables.all()]
        )


@pytest.mark.parametrize("answer", ["451 later", "421 too busy"])
async def test_server_that_asks_for_patience_gets_it(
    bench: AccountBench, post: MailServer, clock: Clock, answer: str
) -> None:
    ada = await with_address(bench)
    await ask(bench, LetterKind.RESET, ada.id)
    runner = runner_of(bench.storage, post, clock)
    post.answers["RCPT TO"] = answer
    post.answers["RCPT"] = answer

    assert await runner.step() == 1
    assert post.mails == []
    post.answers.clear()
    clock.moment = clock.moment.replace(hour=11)
    assert await runner.step() == 1
    assert len(post.mails) == 1


async def test_address_that_is_none_is_given_up(
    bench: AccountBench, post: MailServer, clock: Clock
) -> None:
    ada = await with_address(bench)
    await ask(bench, LetterKind.RESET, ada.id)
    post.answers["RCPT"] = "550 nobody of that name"
    runner = runner_of(bench.storage, post, clock)

    assert [await runner.step(), await runner.step()] == [1, 0]
    clock.moment = clock.moment.replace(hour=23)
    assert await runner.step() == 0


async def test_person_who_is_gone_gets_no_letter(
    bench: AccountBench, post: MailServer, clock: Clock
) -> None:
    ada = await with_address(bench)
    await ask(bench, LetterKind.RESET, ada.id)
    await bench.storage.write(lambda uow: uow.accounts.remove(ada.id))

    assert await runner_of(bench.storage, post, clock).step() == 1
    assert post.mails == []


async def test_account_without_an_address_gets_no_letter(
    bench: AccountBench, post: MailServer, clock: Clock
) -> None:
    ada = await bench.person("ada")
    await ask(bench, LetterKind.RESET, ada.id)

    assert await runner_of(bench.storage, post, clock).step() == 1
    assert post.mails == []


async def test_address_that_was_left_hears_of_it(
    bench: AccountBench, post: MailServer, clock: Clock
) -> None:
    ada = await with_address(bench)
    await ask(bench, LetterKind.EMAIL_CHANGED, ada.id, to="old@mail.example")

    await runner_of(bench.storage, post, clock).step()

    assert post.recipients == ["old@mail.example"]


async def test_mail_server_that_is_not_there_is_tried_again_and_in_the_log(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with mail_server() as server:
        mailer = mailer_to(server)

    with pytest.raises(PeerUnreachable):
        await mailer.send(Mail(to="ada@mail.example", subject="x", text="y", at=clock()))

    (told,) = [entry.getMessage() for entry in caplog.records if entry.levelname == "WARNING"]
    assert told.startswith(f"mail server 127.0.0.1, port {server.port}: ")
    assert "ada@" not in told


async def test_mail_server_that_cannot_be_private_is_not_used(
    post: MailServer, clock: Clock
) -> None:
    with pytest.raises((PeerUnreachable, PeerRefused)):
        await mailer_to(post, tls="starttls").send(
            Mail(to="ada@mail.example", subject="x", text="y", at=clock())
        )

    assert post.mails == []


async def test_subject_cannot_smuggle_a_header(post: MailServer, clock: Clock) -> None:
    await mailer_to(post).send(
        Mail(to="ada@mail.example", subject="x\r\nBcc: eve@evil.example", text="y", at=clock())
    )

    assert post.mails[0]["Bcc"] is None
    assert post.recipients == ["ada@mail.example"]


async def test_who_was_let_in_is_told_where_to_sign_in(
    bench: AccountBench, post: MailServer, clock: Clock
) -> None:
    ada = await with_address(bench)
    await ask(bench, LetterKind.OPENED, ada.id)

    await runner_of(bench.storage, post, clock).step()

    (mail,) = post.mails
    assert "https://noaber.example/sign-in" in mail.get_content()
