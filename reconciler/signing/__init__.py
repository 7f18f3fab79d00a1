"""Keys that sign, and keys that tell a good signature."""


class UnusableKey(ValueError):
    """What a file holds is no key that can be used; says why, and never what it is (I11)."""
