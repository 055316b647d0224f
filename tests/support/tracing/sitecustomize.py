"""Has a service write every span into the file named by KUMIAI_TEST_SPANS; Python imports this at its start.

The product hands its spans to nobody as long as no exporter is configured; this one is added from outside.
"""

import os
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

_MAKE = TracerProvider.__init__


def _made(self: TracerProvider, *args: Any, **named: Any) -> None:
    _MAKE(self, *args, **named)
    out = open(os.environ["KUMIAI_TEST_SPANS"], "a", encoding="utf-8", buffering=1)  # noqa: SIM115, PTH123
    self.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out)))


TracerProvider.__init__ = _made  # type: ignore[method-assign]
