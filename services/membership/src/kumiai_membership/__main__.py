"""`python -m kumiai_membership`: run the service."""

from kumiai_common.service import run

from kumiai_membership.app import Membership

if __name__ == "__main__":
    membership = Membership()
    run(membership, routes=membership.routes, tasks=[membership.keep_kafka_right, membership.keep_leaving])
