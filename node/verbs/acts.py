"""What the verbs of `noaber act` do: follow, write, vote, report."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from communities.errors import Invalid
from communities.membership import MembershipState
from communities.people import FollowState
from communities.posts import Post, PostState, ReactionKind, Visibility
from node.drafts import Ballot, Changes, Draft
from node.verbs import act_forms as forms
from node.verbs.answers import Answer, said
from node.verbs.desk import Desk, post_facts
from protocols.activitypub.parsing_origins import is_web_url
from storage.actors import Profile

_JOINED = {
    MembershipState.MEMBER: "{who} is a member of {what} now",
    MembershipState.REQUESTED: "{who} has asked to join {what}, which has not answered yet",
    MembershipState.REFUSED: "{what} does not let {who} in",
}


async def follow(desk: Desk, form: forms.Follow) -> Answer:
    """Follow a person, or join a community."""
    person = await desk.finder.account(form.person)
    whom = await desk.finder.actor(form.whom)
    who, what = desk.handle(person), desk.handle(whom)
    if whom.kind == "community":
        membership = await desk.acting.join(person.id, whom.id)
        words = _JOINED.get(membership.state, "{who} stands as " + membership.state + " in {what}")
        return said(words.format(who=who, what=what), state=membership.state.value, id=whom.uri)
    followed = await desk.acting.follow(person.id, whom.id)
    waits = followed.state is FollowState.REQUESTED
    words = f"{who} has asked to follow {what}" if waits else f"{who} follows {what} now"
    return said(words, state=followed.state.value, id=whom.uri)


async def unfollow(desk: Desk, form: forms.Unfollow) -> Answer:
    """Stop following a person, or leave a community."""
    person = await desk.finder.account(form.person)
    whom = await desk.finder.actor(form.whom)
    leave = desk.acting.leave if whom.kind == "community" else desk.acting.unfollow
    ended = await leave(person.id, whom.id)
    words = "does not follow" if ended else "did not follow"
    return said(f"{desk.handle(person)} {words} {desk.handle(whom)}", ended=ended)


async def post(desk: Desk, form: forms.Post) -> Answer:
    """Post in a community, or for one's own followers."""
    person = await desk.finder.account(form.person)
    community = None if form.community is None else await desk.finder.community(form.community)
    if community is not None and not (form.title or "").strip():
        raise Invalid("title", "a post in a community needs a --title")
    if not form.text.strip() and not form.title:
        raise Invalid("text", "there is nothing to post: give a text or a --title")
    if form.link is not None and not is_web_url(form.link):
        raise Invalid("link", "--link must be a URL")
    if len(form.choice) == 1:
        raise Invalid("choice", "a poll needs two choices or more")
    draft = Draft(
        source=form.text,
        title=form.title,
        link=form.link,
        community_id=None if community is None else community.id,
        visibility=Visibility.PUBLIC if community is not None else Visibility(form.audience),
        warning=form.warning,
        ballot=_ballot(form),
    )
    return await _written(desk, person, draft)


async def reply(desk: Desk, form: forms.Reply) -> Answer:
    """Answer a post or comment."""
    person = await desk.finder.account(form.person)
    parent = await desk.finder.post(form.post)
    direct = parent.visibility is Visibility.DIRECT
    return await _written(
        desk,
        person,
        Draft(
            source=_text(form.text),
            parent_id=parent.id,
            visibility=parent.visibility,
            recipients=(parent.author_id,) if direct else (),
        ),
    )


async def message(desk: Desk, form: forms.Message) -> Answer:
    """Send a message that its recipient alone may read."""
    person = await desk.finder.account(form.person)
    reader = await desk.finder.person(form.whom)
    draft = Draft(source=_text(form.text), visibility=Visibility.DIRECT, recipients=(reader.id,))
    return await _written(desk, person, draft)


async def edit(desk: Desk, form: forms.Edit) -> Answer:
    """Change what one wrote."""
    person = await desk.finder.account(form.person)
    changed = await desk.finder.post(form.post)
    if form.text is None and form.title is None and form.link is None:
        raise Invalid("text", "nothing to change: give a text, a --title or a --link")
    links = {} if form.text is None else _links(await desk.finder.mentioned(form.text))
    changes = Changes(source=form.text, title=form.title, link=form.link, links=links)
    done = await desk.acting.edit(person.id, changed.id, changes)
    return said(f"{changed.uri} {'is changed' if done else 'was like that'}", changed=done)


async def delete(desk: Desk, form: forms.Delete) -> Answer:
    """Take back what one wrote."""
    person = await desk.finder.account(form.person)
    gone = await desk.finder.post(form.post)
    done = await desk.acting.withdraw(person.id, gone.id)
    return said(f"{gone.uri} {'is' if done else 'was'} deleted", deleted=done)


async def vote(desk: Desk, form: forms.Vote) -> Answer:
    """Vote a post up or down, or take the vote back."""
    person = await desk.finder.account(form.person)
    subject = await desk.finder.post(form.post)
    if form.direction == "none":
        taken = [
            await desk.acting.take_back(person.id, subject.id, kind)
            for kind in (ReactionKind.LIKE, ReactionKind.DISLIKE)
        ]
        words = "took the vote back from" if any(taken) else "had not voted on"
        return said(f"{desk.handle(person)} {words} {subject.uri}", changed=any(taken))
    kind = ReactionKind.LIKE if form.direction == "up" else ReactionKind.DISLIKE
    given = await desk.acting.react(person.id, subject.id, kind)
    words = "voted" if given else "had voted"
    sentence = f"{desk.handle(person)} {words} {form.direction} on {subject.uri}"
    return said(sentence, changed=given)


async def boost(desk: Desk, form: forms.Boost) -> Answer:
    """Show a post to one's own followers."""
    return await _react(desk, form.person, form.post, ReactionKind.BOOST, None, undo=form.undo)


async def react(desk: Desk, form: forms.React) -> Answer:
    """Give a post an emoji."""
    kind = ReactionKind.EMOJI
    return await _react(desk, form.person, form.post, kind, form.emoji, undo=form.undo)


async def _react(
    desk: Desk, name: str, words: str, kind: ReactionKind, emoji: str | None, *, undo: bool
) -> Answer:
    person = await desk.finder.account(name)
    subject = await desk.finder.post(words)
    act = desk.acting.take_back if undo else desk.acting.react
    changed = await act(person.id, subject.id, kind, emoji)
    did = f"{'took back' if undo else 'gave'} the {emoji or kind.value}"
    if not changed:
        did = f"had {'not ' if undo else ''}given the {emoji or kind.value}"
    return said(f"{desk.handle(person)} {did}: {subject.uri}", changed=changed)


async def poll_vote(desk: Desk, form: forms.PollVote) -> Answer:
    """Vote in a poll."""
    person = await desk.finder.account(form.person)
    poll = await desk.finder.post(form.post)
    new = await desk.acting.vote(person.id, poll.id, form.choices)
    words = "chose" if new else "had chosen"
    return said(f"{desk.handle(person)} {words}: {', '.join(form.choices)}", changed=new)


async def report(desk: Desk, form: forms.Report) -> Answer:
    """Report a post or a person to the moderators."""
    person = await desk.finder.account(form.person)
    post_id = None
    if form.what.isdigit() or (is_web_url(form.what) and await desk.finder.is_post(form.what)):
        subject = await desk.finder.post(form.what)
        post_id, subject_id = subject.id, subject.author_id
    else:
        subject_id = (await desk.finder.person(form.what)).id
    filed = await desk.acting.report(person.id, subject_id, form.reason, post_id=post_id)
    return said(f"reported {form.what}; the report has number {filed.id}", report=str(filed.id))


async def block(desk: Desk, form: forms.Block) -> Answer:
    """Block a person."""
    return await _set_blocked(desk, form.person, form.whom, blocked=True)


async def unblock(desk: Desk, form: forms.Unblock) -> Answer:
    """End a block."""
    return await _set_blocked(desk, form.person, form.whom, blocked=False)


async def _set_blocked(desk: Desk, name: str, words: str, *, blocked: bool) -> Answer:
    person = await desk.finder.account(name)
    whom = await desk.finder.actor(words)
    changed = await desk.acting.set_blocked(person.id, whom.id, blocked=blocked)
    did = "blocks" if blocked else "does not block"
    tail = "" if changed else " (as before)"
    return said(f"{desk.handle(person)} {did} {desk.handle(whom)}{tail}", changed=changed)


def _ballot(form: forms.Post) -> Ballot | None:
    if not form.choice:
        return None
    open_for = timedelta(hours=form.hours)
    return Ballot(choices=form.choice, multiple=form.multiple, open_for=open_for)


async def _written(desk: Desk, author: Profile, draft: Draft) -> Answer:
    """Store what was written with the mentions in it, and say where it is."""
    named = await desk.finder.mentioned(draft.source)
    people = [profile.id for profile in named.values() if profile.kind == "person"]
    recipients = tuple(dict.fromkeys((*draft.recipients, *people)))
    if draft.visibility is Visibility.DIRECT:
        recipients = draft.recipients
    written = await desk.acting.write(
        author.id, replace(draft, links=_links(named), recipients=recipients)
    )
    facts = await desk.node.storage.read(post_facts, desk, written)
    return Answer(lines=[_outcome(written), f"number {written.id}"], data=facts)


def _outcome(written: Post) -> str:
    if written.state is PostState.PENDING:
        return f"sent {written.uri}; its community has yet to publish it"
    return f"published {written.uri}"


def _links(named: Mapping[str, Profile]) -> dict[str, str]:
    return {mention: profile.url or profile.uri for mention, profile in named.items()}


def _text(words: str) -> str:
    if not words.strip():
        raise Invalid("text", "there is no text")
    return words
