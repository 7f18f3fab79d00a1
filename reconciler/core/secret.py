"""Text that must never be shown (I11)."""


class Secret:
    """Holds a key.  Its text, repr and pickle are blank; `reveal` is called where a header is built, nowhere else."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text itself."""
        return self._text

    def __str__(self) -> str:
        return "[secret]"

    __repr__ = __str__

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        return Secret, ("",)
