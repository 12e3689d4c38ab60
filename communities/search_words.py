"""The words of a text as they are kept and looked for: the same on every database.

Letters lose case and marks (Café, CAFE and café are one word). Scripts that write no spaces are
taken letter by letter, and a run of them is looked for as a phrase.
"""

import re
import unicodedata

from communities.posts import PostContent, PostKind
from communities.text import plain_text

MAX_WORD = 64
"""Letters of a word that count; what is longer is told apart by these."""
MAX_WORDS = 10_000
"""Words of one post that are kept."""

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Thai and Lao, Burmese, Khmer, kana, Han."""
_WORD = re.compile(rf"(?=[^\W_])[{_SPACELESS}]|[^\W_{_SPACELESS}]+")


def words_of(text: str, most: int = MAX_WORDS) -> list[str]:
    """The words of a text in their order, folded; none of them holds a sign."""
    found: list[str] = []
    for match in _WORD.finditer(fold(text)):
        if len(found) >= most:
            break
        found.append(match[0][:MAX_WORD])
    return found


def fold(text: str) -> str:
    """A text without case and without the marks on its letters."""
    if text.isascii():
        return text.lower()
    # Twice: letters such as double-struck ones have a case only when they were taken apart.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", plain)


def words_of_post(content: PostContent) -> list[str]:
    """All words that a post is found by: title, warning, text, alt texts, choices, hashtags."""
    parts = [content.title, content.warning, plain_text(content.html, len(content.html) + 1)]
    parts += [attachment.alt for attachment in content.attachments]
    parts += content.hashtags
    if content.poll is not None:
        parts += [option.name for option in content.poll.options]
    return words_of("\n".join(part for part in parts if part))


def marks_of_post(content: PostContent, kind: PostKind, *, is_comment: bool) -> list[str]:
    """What a post has and is, for `has:`, `is:` and `language:`; every post has the mark "post"."""
    kinds = {attachment.kind.lower() for attachment in content.attachments}
    has = {
        "media": bool(kinds - {"link"}),
        "image": "image" in kinds,
        "video": "video" in kinds,
        "audio": "audio" in kinds,
        "poll": content.poll is not None,
        "link": content.link is not None or "link" in kinds or "<a href" in content.html,
        "embed": content.link is not None,
        "event": kind is PostKind.EVENT,
        "reply": is_comment,
        "sensitive": content.sensitive or content.warning is not None,
        "titled": content.title is not None,
    }
    marks = ["post", *(name for name, is_so in has.items() if is_so)]
    if content.language:
        marks.append("language" + "".join(words_of(content.language.partition("-")[0])))
    return marks
