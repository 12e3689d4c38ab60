"""Posts and comments, with the counts of their threads kept beside them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from communities.people import ActorKey
from communities.posts import Poll, Post, PostContent, PostCounts, PostKey, PostState, Visibility
from storage import post_statements as sql
from storage.connection import Connection, Row
from storage.conversations import Conversations
from storage.event_log import EventLog
from storage.feed_marks import FeedMarks
from storage.jobs import Jobs
from storage.media_statements import DROP_OF_POST
from storage.memory import Memory
from storage.post_rows import (
    content_values,
    decode_content,
    encode_content,
    encode_extra,
    post_values,
    to_post,
)
from storage.times import from_ms, from_ms_or_none, to_ms

_COUNTED = (PostState.PUBLISHED,)
MOST_REMOVED_AT_ONCE = 500
MOST_ADOPTED_AT_ONCE = 100
ADOPT_JOB = "adopt-comments"
"""Hangs more of the comments that waited for a post under it; its payload says which come next."""


def _belongs_under(orphan: Post, parent: Post) -> bool:
    """Whether a comment that names a post as its parent may become a part of its thread.

    Not into another community's thread, nor a private answer into what is not private, nor a
    post under its own answer.
    """
    return (
        orphan.id != parent.root_id
        and orphan.community_id in (None, parent.community_id)
        and (orphan.visibility is not Visibility.DIRECT or parent.visibility is Visibility.DIRECT)
    )


class Posts:
    """Satisfies `communities.ports.Posts`."""

    def __init__(self, connection: Connection, events: EventLog, jobs: Jobs) -> None:
        """Work on this connection; a new post notes the log position of its event."""
        self._db = connection
        self._events = events
        self._jobs = jobs
        self._memory: Memory[Post] = Memory(connection.memories, "posts")
        self._marks = FeedMarks(connection)
        self._conversations = Conversations(connection)

    def get(self, post_id: PostKey) -> Post | None:
        """The post with this key, whatever its state."""
        return self._memory.recall(post_id) or self._remember(self._db.row(sql.BY_ID, id=post_id))

    def by_uri(self, uri: str) -> Post | None:
        """The post with this object id, whatever its state."""
        return self._memory.recall(uri) or self._remember(self._db.row(sql.BY_URI, uri=uri))

    def _remember(self, row: Row | None) -> Post | None:
        if row is None:
            return None
        post = to_post(row)
        return self._memory.keep(post, post.id, post.uri)

    def key_of(self, uri: str) -> PostKey | None:
        """The key of an object id, without reading the post."""
        known = self._memory.recall(uri)
        if known is not None:
            return known.id
        row = self._db.row(sql.KEY_OF, uri=uri)
        return None if row is None else PostKey(row[0])

    def add(self, post: Post, *, recipients: Sequence[ActorKey] = ()) -> bool:
        """Store a new post, bump the parents' comment counts unless it is pending.

        Comments that waited for it (`parent_uri`) become its answers, the first 100 at once and
        the others by jobs. False when a post with that uri stands already: nothing is changed then.
        """
        values = post_values(post, seq=self._events.upcoming)
        if self._db.run(sql.INSERT, **values) != 1:
            if self.key_of(post.uri) is None:
                raise ValueError(f"the key {post.id} belongs to another post")
            return False
        if recipients:
            self._db.run_many(
                sql.ADD_RECIPIENT,
                [{"post_id": post.id, "person_id": person} for person in set(recipients)],
            )
        self._marks.tagged(post.id, (), post.content.hashtags)
        if post.state in _COUNTED:
            self._count(post, 1)
            if post.visibility is Visibility.DIRECT:
                self._conversations.note(post, recipients)
        rest = self._adopt(post, after=0)
        if rest is not None:
            self._jobs.enqueue(ADOPT_JOB, rest, run_ms=0)
        return True

    def adopt_more(self, payload: bytes) -> bytes | None:
        """Do what an `ADOPT_JOB` with this payload is for; the payload of the rest, if any is."""
        post_id, after = map(int, payload.split())
        post = self.get(PostKey(post_id))
        return None if post is None else self._adopt(post, after=after)

    def _count(self, post: Post, change: int) -> None:
        """Bump the thread's and the community's counts for one post that came or went."""
        at_ms = to_ms(post.published_at)
        if post.root_id == post.id:
            self._db.run(sql.BUMP, post_id=post.id, change=0, at_ms=at_ms)
        else:
            self._db.run(sql.BUMP, post_id=post.root_id, change=change, at_ms=at_ms)
            if post.parent_id is not None and post.parent_id != post.root_id:
                self._db.run(sql.BUMP, post_id=post.parent_id, change=change, at_ms=at_ms)
        if post.community_id is not None:
            is_root = post.root_id == post.id
            self._db.run(
                sql.COUNT_IN_COMMUNITY,
                community=post.community_id,
                posts_change=change if is_root else 0,
                comments_change=0 if is_root else change,
            )

    def _adopt(self, post: Post, *, after: int) -> bytes | None:
        """Hang comments that came before their parent under it, with what hangs under them.

        At most 100; the payload of a job for the rest, if there may be more.
        """
        most = MOST_ADOPTED_AT_ONCE
        rows = self._db.rows(sql.ORPHANS, uri=post.uri, after=after, most=most)
        for row in rows:
            orphan = self.get(PostKey(row[0]))
            if orphan is not None and _belongs_under(orphan, post):
                self._hang(orphan, post)
        return f"{post.id} {rows[-1][0]}".encode() if len(rows) == most else None

    def _hang(self, orphan: Post, parent: Post) -> None:
        """Make a thread of its own a branch of another; it counts as a comment from now on."""
        counted = orphan.state in _COUNTED
        below = self.counts(orphan.id)
        if counted:
            self._count(orphan, -1)
        self._db.run(
            sql.ADOPT,
            orphan=orphan.id,
            new_root=parent.root_id,
            deeper=parent.depth + 1 - orphan.depth,
        )
        self._db.run(sql.SET_PARENT, orphan=orphan.id, new_parent=parent.id)
        if orphan.visibility is Visibility.DIRECT:
            self._conversations.merge(orphan.id, parent.root_id)
        if counted:
            self._count(replace(orphan, root_id=parent.root_id, parent_id=parent.id), 1)
        if below.comments:
            last = to_ms(below.last_activity_at or orphan.published_at)
            self._db.run(sql.BUMP, post_id=parent.root_id, change=below.comments, at_ms=last)
            self._db.run(sql.COUNT_ANSWERS, post=orphan.id)

    def edit(self, post_id: PostKey, content: PostContent, *, at: datetime) -> None:
        """Replace the content; the one before is kept as a revision."""
        before = self.get(post_id)
        if before is None:
            return
        self._db.run(
            sql.ADD_REVISION,
            post_id=post_id,
            at_ms=to_ms(before.edited_at or before.published_at),
            content=encode_content(before.content),
        )
        values = {f"new_{name}": value for name, value in content_values(content).items()}
        self._db.run(
            sql.EDIT, post=post_id, new_edited_ms=to_ms(at), new_seq=self._events.upcoming, **values
        )
        self._marks.tagged(post_id, before.content.hashtags, content.hashtags)

    def revisions(self, post_id: PostKey) -> list[tuple[datetime, PostContent]]:
        """Earlier contents with the time each was written, oldest first."""
        return [
            (from_ms(row[0]), decode_content(row[1]))
            for row in self._db.rows(sql.REVISIONS, post=post_id)
        ]

    def set_state(self, post_id: PostKey, state: PostState, *, at: datetime) -> None:
        """Publish, remove, restore, withdraw; counts of the thread follow."""
        before = self.get(post_id)
        if before is None or before.state is state:
            return
        self._db.run(
            sql.SET_STATE, post=post_id, new_state=state.value, new_seq=self._events.upcoming
        )
        was, now = before.state in _COUNTED, state in _COUNTED
        if was != now:
            self._count(before, 1 if now else -1)
            if before.visibility is Visibility.DIRECT:
                self._keep_conversation(before, is_there=now)
        if state is PostState.WITHDRAWN:
            self._db.run(sql.DROP_REVISIONS, post=post_id)
            self._db.run(sql.BLANK, post=post_id, new_edited_ms=to_ms(at))
            self._db.run(DROP_OF_POST, post=post_id)
            self._marks.tagged(post_id, before.content.hashtags, ())

    def _keep_conversation(self, post: Post, *, is_there: bool) -> None:
        if is_there:
            self._conversations.note(post, self.recipients(post.id))
        else:
            self._conversations.take_back(post)

    def set_locked(self, post_id: PostKey, *, locked: bool) -> None:
        """Close or open the thread for comments."""
        self._db.run(sql.SET_LOCKED, post=post_id, new_locked=locked, new_seq=self._events.upcoming)

    def set_pinned(self, post_id: PostKey, *, pinned: bool) -> None:
        """Pin the post in its community, or take it off."""
        self._db.run(sql.SET_PINNED, post=post_id, new_pinned=pinned, new_seq=self._events.upcoming)

    def pinned_count(self, community_id: ActorKey) -> int:
        """How many posts are pinned in the community."""
        row = self._db.row(sql.PINNED_COUNT, community=community_id)
        return 0 if row is None else int(row[0])

    def counts(self, post_id: PostKey) -> PostCounts:
        """Comments, votes and boosts."""
        row = self._db.row(sql.COUNTS, post=post_id)
        if row is None:
            return PostCounts()
        return PostCounts(
            comments=row[0],
            likes=row[1],
            dislikes=row[2],
            boosts=row[3],
            last_activity_at=from_ms_or_none(row[4]),
        )

    def pending_before(self, at: datetime, *, most: int = 100) -> list[PostKey]:
        """Posts of before a time that still wait for their community, oldest first."""
        rows = self._db.rows(sql.PENDING_BEFORE, before_ms=to_ms(at), most=most)
        return [PostKey(row[0]) for row in rows]

    def set_poll(self, post_id: PostKey, poll: Poll) -> None:
        """Replace the counts (and end) of a poll."""
        post = self.get(post_id)
        if post is not None:
            content = replace(post.content, poll=poll)
            self._db.run(sql.SET_EXTRA, post=post_id, new_extra=encode_extra(content))

    def vote(self, post_id: PostKey, voter_id: ActorKey, option: int) -> bool:
        """Count one vote for one option; False when this voter chose it before."""
        post = self.get(post_id)
        if post is None or post.content.poll is None:
            return False
        first = not self.votes_of(post_id, voter_id)
        if self._db.run(sql.VOTE, post_id=post_id, voter_id=voter_id, option=option) != 1:
            return False
        poll = post.content.poll
        options = tuple(
            replace(choice, votes=choice.votes + 1) if position == option else choice
            for position, choice in enumerate(poll.options)
        )
        self.set_poll(post_id, replace(poll, options=options, voters=poll.voters + int(first)))
        return True

    def votes_of(self, post_id: PostKey, voter_id: ActorKey) -> Sequence[int]:
        """The options this person chose."""
        return [int(row[0]) for row in self._db.rows(sql.VOTES_OF, post=post_id, voter=voter_id)]

    def recipients(self, post_id: PostKey) -> Sequence[ActorKey]:
        """Whom the post addresses by name (see `add`)."""
        return [ActorKey(row[0]) for row in self._db.rows(sql.RECIPIENTS, post=post_id)]

    def is_forgotten(self, uri: str) -> bool:
        """Whether a Delete of this id came before its Create (kept for 7 days)."""
        return self._db.row(sql.FORGOTTEN, uri=uri) is not None

    def forget(self, uri: str, *, until: datetime) -> None:
        """Remember that this id was deleted before it was known."""
        self._db.run(sql.FORGET, uri=uri, until_ms=to_ms(until))

    def remove_by_author(
        self, author_id: ActorKey, community_id: ActorKey | None, *, at: datetime
    ) -> int:
        """Remove up to 500 posts of one author (in one community); how many were removed."""
        rows = self._db.rows(
            sql.PUBLISHED_BY if community_id is None else sql.PUBLISHED_BY_IN,
            **({} if community_id is None else {"community": community_id}),
            author=author_id,
            most=MOST_REMOVED_AT_ONCE,
        )
        for row in rows:
            self.set_state(PostKey(row[0]), PostState.REMOVED, at=at)
        return len(rows)
