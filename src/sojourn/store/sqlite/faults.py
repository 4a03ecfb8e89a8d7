"""What an error of SQLite means to a caller: one table for statements, one rule for COMMIT. The
other modules of this package stand above it, `errors` below.
"""

from __future__ import annotations

import apsw

from sojourn.errors import OutcomeUnknown, StoreError, StoreUnavailable

_TEXTS: tuple[tuple[type[apsw.Error], str], ...] = (
    (
        apsw.FullError,
        "The disk is full. What was acknowledged is safe; free some space and try again.",
    ),
    (apsw.ReadOnlyError, "The store's file or its folder cannot be written."),
    (apsw.CantOpenError, "The store's file cannot be opened."),
    (apsw.NotADBError, "The store's file is not an SQLite database."),
    (apsw.CorruptError, "The store's file is damaged. Restore it from a backup."),
    (apsw.BusyError, "Another program holds a lock on the store's file."),
    (apsw.PermissionsError, "The store's file or its folder cannot be written."),
)


def unavailable(error: Exception) -> StoreUnavailable:
    """Return the error for a statement that failed: nothing of it happened."""
    for kind, text in _TEXTS:
        if isinstance(error, kind):
            return StoreUnavailable(text, detail=_detail(error))
    return StoreUnavailable(detail=_detail(error))


def of_commit(error: Exception) -> StoreError:
    """Return the error for a COMMIT that failed.

    A full disk and a lock are found before the last page of the log is written, so all is undone.
    An input or output error may come after it (from fsync, say): a crash could still bring the
    write back, so its outcome is unknown.
    """
    if isinstance(error, (apsw.FullError, apsw.BusyError)):
        return unavailable(error)
    return OutcomeUnknown(detail=_detail(error))


def _detail(error: Exception) -> str:
    code = getattr(error, "extendedresult", None)
    return f"{type(error).__name__} {code}: {error}"
