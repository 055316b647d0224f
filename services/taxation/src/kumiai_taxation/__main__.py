"""`python -m kumiai_taxation`: run the service."""

from kumiai_common.bundle.part import Kept
from kumiai_common.service import run

from kumiai_taxation.handlers import Taxation
from kumiai_taxation.parameters import files_for
from kumiai_taxation.reads import routes
from kumiai_taxation.run import is_under_way, work_on_runs

if __name__ == "__main__":
    kept = Kept(documents=files_for)
    run(Taxation(), routes=routes, tasks=(work_on_runs,), kept=kept, unfinished=is_under_way)
