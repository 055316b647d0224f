"""An integrator installs this package alone: it needs pydantic, what pydantic needs, and nothing else."""

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
PROGRAM = """
import importlib, pkgutil, sys

ALLOWED = ("kumiai_contracts", "pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection")

class OnlyPydantic:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        standard = top in sys.stdlib_module_names or top.startswith("_sysconfigdata")
        if top not in ALLOWED and not standard:
            raise ImportError(f"{name} is not for the contracts")

sys.meta_path.insert(0, OnlyPydantic())
import kumiai_contracts

for module in pkgutil.iter_modules(kumiai_contracts.__path__):
    importlib.import_module(f"kumiai_contracts.{module.name}")

from kumiai_contracts.municipalities import municipality
from kumiai_contracts.generate import generated

print(municipality("131016").name, len(generated()) > 100)
try:
    import jsonschema
except ImportError as refused:
    print(refused)
"""


def test_every_module_works_with_pydantic_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", PROGRAM], capture_output=True, encoding="utf-8", cwd=SOURCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["千代田区 True", "jsonschema is not for the contracts"]
