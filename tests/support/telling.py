"""What a test tells whoever runs it, also where it passes: how much it has looked at (the fixture `tell`)."""

from collections.abc import Callable

Tell = Callable[[str], None]
