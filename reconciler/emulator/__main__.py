"""`python -m reconciler.emulator`: the emulator as a process of its own."""

from reconciler.emulator.command import emulator

emulator()
