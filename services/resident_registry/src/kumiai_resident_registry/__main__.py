"""`python -m kumiai_resident_registry`: run the service."""

from kumiai_common.bundle.part import Kept
from kumiai_common.service import run

from kumiai_resident_registry import name_index, overdue, own_system_routes
from kumiai_resident_registry.handlers import ResidentRegistry
from kumiai_resident_registry.reads import routes

if __name__ == "__main__":
    run(
        ResidentRegistry(),
        routes=routes,
        tasks=[name_index.run, own_system_routes.watch, overdue.watch],
        kept=Kept(("emergency_access", "protection_release", "own_feed", "own_feed_divergence")),
    )
