"""Fixtures that every package's tests may use."""

import os

from kumiai_local.broker import JVM_OPTIONS, SHORT_RUN

pytest_plugins = ["kumiai_local.testing"]

# A session's broker lives some minutes and carries little: the optimising compiler would cost more than it saves.
os.environ.setdefault(JVM_OPTIONS, " ".join(SHORT_RUN))
