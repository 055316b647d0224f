"""The plan of one simulated system: how many people, how much of a day, how fast. A JSON file between processes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What one municipality's systems do in a run."""

    municipality: str
    """全国地方公共団体コード."""
    services: tuple[str, ...]
    """The services it subscribes to."""
    run: str
    """Names the run: part of every notice's source, so that runs on the same federation never meet."""
    seed: int = 1
    """The same seed makes the same people and the same day."""
    residents: int = 3000
    movements: int = 420
    """Households with a movement on the working day."""
    load_per_s: float = 150.0
    """Notices per second of the initial load, at most."""
    day_per_s: float = 60.0
    """Notices per second of the working day, at most."""
    wrong_share: float = 0.02
    """Part of all notices that is wrong on purpose."""
    resend_after_s: float = 5.0
    """What has no receipt after so many seconds is sent again, then after twice as many, and so on."""
    patience_s: float = 90.0
    """How long to wait for the last receipts once all has been sent."""

    @property
    def source(self) -> str:
        """CloudEvents `source` of everything the run sends."""
        return f"urn:demo:{self.municipality}:{self.run}"

    def write(self, path: Path) -> None:
        """Write the plan for another process."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2))

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Read a plan. Raises OSError, ValueError or TypeError for a file that is none."""
        found = json.loads(path.read_text())
        return cls(**{**found, "services": tuple(found["services"])})
