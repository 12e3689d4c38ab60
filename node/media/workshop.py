"""The process that decodes: reads orders from its input, answers on its output, has little else.

It is started by `worker` as `python -m node.media.workshop`, one order at a time. Its memory, its
processor time, the size of its files and the number of its descriptors are bounded by the system;
it has no environment to speak of and ends when its input does. Spec: security HTM-07.
"""

import os
import resource
import sys
import warnings
from importlib.util import find_spec

from PIL import Image, UnidentifiedImageError

from node.media.orders import Made, Order, decode_order, encode
from node.media.pictures import Unusable, frames_to_loop, make_picture, take_away
from protocols.media_types import PICTURE_TYPES

MEMORY_BYTES = 1024 * 1024 * 1024
FILE_BYTES = 512 * 1024 * 1024
DESCRIPTORS = 64

UNREADABLE = "The file is damaged, or not of a kind that is taken"


def main() -> None:
    """Work until the input ends."""
    answers = os.dup(1)
    # What a library prints must not be taken for an answer.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    _bound()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    for line in sys.stdin.buffer:
        order = decode_order(line)
        _allow_seconds(order.seconds)
        made, is_spent = _made(order)
        os.write(answers, encode(made) + b"\n")
        if is_spent:
            # Memory ran out: what is left of the heap is not worth keeping.
            return


def _bound() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _allow_seconds(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _made(order: Order) -> tuple[Made, bool]:
    """The answer to an order, and whether the process should end with it."""
    try:
        return _make(order), False
    except Unusable as error:
        refusal, is_spent = str(error), False
    except MemoryError:
        refusal, is_spent = "The file needs too much memory to be read", True
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        refusal, is_spent = "The picture has too many pixels", False
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        # What decoders raise at bytes that are not what they should be; SyntaxError is Pillow's.
        refusal, is_spent = UNREADABLE, False
    take_away(order.target, order.preview)
    return Made(refused=refusal), is_spent


def _make(order: Order) -> Made:
    is_picture = order.media_type in PICTURE_TYPES
    frames = frames_to_loop(order) if is_picture else 0
    if is_picture and not (frames and find_spec("av")):
        return make_picture(order)
    # PyAV takes 0.2 s and 60 MB to import, which pictures need not pay; it is in an extra.
    from node.media.films import make_film, make_loop  # noqa: PLC0415

    return make_loop(order, frames) if is_picture else make_film(order)


if __name__ == "__main__":
    main()
