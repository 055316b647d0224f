"""`python -m kumiai_resident_registry`: run the service."""

from kumiai_common.bundle.part import Kept
from kumiai_common.service import Ground, run

from kumiai_resident_registry import name_index, overdue, own_system_routes
from kumiai_resident_registry.handlers import ResidentRegistry
from kumiai_resident_registry.reads import routes
from kumiai_resident_registry.settings import RegistrySettings


def main() -> None:
    """Run the service."""
    settings = RegistrySettings()

    async def look_for_overdue(ground: Ground) -> None:
        await overdue.watch(ground, settings.overdue_look_seconds)

    run(
        ResidentRegistry(),
        routes=routes,
        tasks=[name_index.run, own_system_routes.watch, look_for_overdue],
        kept=Kept(("emergency_access", "protection_release", "own_feed", "own_feed_divergence")),
    )


if __name__ == "__main__":
    main()
