"""`python -m kumiai_national_id_linkage`: run the service."""

from kumiai_common.service import run

from kumiai_national_id_linkage.handlers import NationalIdLinkage
from kumiai_national_id_linkage.reads import routes

if __name__ == "__main__":
    run(NationalIdLinkage(), routes=routes)
