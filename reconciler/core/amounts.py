"""Numbers of bytes and of things in words."""

UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
"""Powers of ten, as the desired-state file means them too."""


def bytes_text(count: int) -> str:
    """Write a number of bytes for people, one decimal, rounded down: `1.9 GB`.  Never compared."""
    for size, unit in UNITS:
        if count >= size:
            tenths = count * 10 // size
            return f"{tenths // 10}.{tenths % 10} {unit}"
    return f"{count} B"


def bytes_above(count: int) -> str:
    """Write the least whole amount, of two digits or more, not below `count`, as the file takes it: `201GB`."""
    for size, unit in UNITS:
        if count >= 10 * size:
            return f"{-(-count // size)}{unit}"
    return f"{count}B"


def counted(count: int, one: str, more: str = "") -> str:
    """Write a number of things for people: `1 bag`, `2 bags`, `2 copies`."""
    return f"{count} {one}" if count == 1 else f"{count} {more or one + 's'}"
