"""The schema, as SQLAlchemy tables: the one place where tables and columns are named.

Times are integers: milliseconds since the epoch, UTC (columns ending in `_ms`). Enumerations are
text with a check. JSON is text written and read by msgspec, never queried inside.
"""

from sqlalchemy import BigInteger, Integer, MetaData

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

KEY = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key. SQLite's spelling makes it the rowid itself, without a second index beside it."""
