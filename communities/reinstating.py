"""An author's second thought: a post that was withdrawn comes back.

Its text went when it was withdrawn; whoever brings it back brings the text again.
"""

from communities.actors import require_actor
from communities.authority import decide
from communities.editing import EditPost
from communities.errors import NotAllowed, NotFound, Reason
from communities.events import PostPublished
from communities.limits import check_content
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.posts import PostState
from communities.reports import ModerationAction
from communities.roles import Action, require


def reinstate(uow: UnitOfWork, command: EditPost, announced_by: ActorKey | None = None) -> bool:
    """Publish one's own withdrawn post again; False when it was not withdrawn.

    What a moderator removed stays away: that is not the author's to bring back.

    Raises:
        NotFound: there is no such post.
        NotAllowed: the editor is not its author, is suspended or banned, it was removed before it
            was withdrawn, or someone else than the community announced it.
        Invalid: a field is too long.
    """
    author = require_actor(uow, command.editor_id)
    post = uow.posts.get(command.post_id)
    if post is None:
        raise NotFound("No such post")
    if post.author_id != author.id:
        raise NotAllowed(Reason.NOT_AUTHOR, "Only its author can do this")
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    decide(community, author, announced_by)
    if post.state is not PostState.WITHDRAWN:
        return False
    if community is not None and community.is_local:
        require(uow, community, author, Action.EDIT_OWN, command.at)
    if uow.reports.last_removal(post.id) not in (None, ModerationAction.RESTORE_POST):
        raise NotAllowed(Reason.REMOVED, "This post was removed")
    check_content(command.content)
    uow.posts.edit(post.id, command.content, at=command.at)
    uow.posts.set_state(post.id, PostState.PUBLISHED, at=command.at)
    uow.record(PostPublished(post_id=post.id, author_id=author.id, community_id=post.community_id))
    return True
