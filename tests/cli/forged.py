"""Stores whose values were changed together with their checksums: what another program, or a fault in memory, could leave."""

import sqlite3
import struct
import zlib
from contextlib import closing

# host/store/encoding.cpp: three counts and a unit; of above and below a count, mean, sums of squares and cubes, least and
# greatest value; three sums of both.
_MOMENTS = "<QQQd" + 2 * "Qddddd" + "ddd"
_POWERS = [0, 0, 0, 0, *2 * [0, 1, 2, 3, 1, 1], 2, 3, 3]


def scale_values(file, factor):
    """Multiplies every stored value by factor, or makes moments those of such values; the checksums of the rows hold
    again (host/store/rows.cpp)."""
    with closing(sqlite3.connect(file)) as store, store:
        keys = {row[0]: row[1:] for row in store.execute("SELECT id, design, point, arm, estimand FROM series")}
        for number, series, first, count, payload in store.execute(
                "SELECT id, series, first, count, payload FROM trials").fetchall():
            if len(payload) < 8 * count:
                numbers = struct.unpack_from(_MOMENTS[:1 + len(payload) // 8], payload)
                payload = struct.pack(_MOMENTS[:1 + len(numbers)],
                                      *(number if kind == "Q" else number * factor ** power
                                        for number, kind, power in zip(numbers, _MOMENTS[1:], _POWERS)))
            else:
                values = struct.unpack_from(f"<{count}d", payload)
                payload = struct.pack(f"<{count}d", *(factor * value for value in values)) + payload[8 * count:]
            store.execute("UPDATE trials SET payload = ?, checksum = ? WHERE id = ?",
                          (payload, _row_checksum(keys[series], first, count, payload), number))


def _row_checksum(key, first, count, payload):
    lanes = [zlib.crc32(payload[lane::8]) for lane in range(8)]
    checksum = 0
    for part in (*key, first, count, len(payload), *lanes):
        contents = struct.pack("<Q", part & (2**64 - 1)) if isinstance(part, int) else part.encode()
        checksum = zlib.crc32(struct.pack("<Q", len(contents)) + contents, checksum)
    return checksum
