"""What the local stack refuses or fails with; each message says what to do."""

from __future__ import annotations


class StackError(Exception):
    """The local stack cannot do what was asked; the message is one line for a person."""


class MissingRequirement(StackError):
    """Something has to be installed on this machine first; the message names it."""


class AlreadyRunning(StackError):
    """Another process owns the stack in this folder."""


class CannotDisturb(StackError):
    """This kind of stack is not ours to kill, stop or restart."""
