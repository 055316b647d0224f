"""The names under which the service itself brings something in belong to it: nobody else's notice passes under them."""

from typing import Any

from kumiai_contracts.exchange_notices import ProvisionRequestNotice
from kumiai_contracts.institutions import institution_of
from kumiai_national_id_linkage.network.connector import SOURCE, _received
from kumiai_national_id_linkage.network.messages import Delivery


def test_a_delivery_is_taken_under_the_networks_name_which_is_the_services_own(cases: Any) -> None:
    request = cases.request()
    delivery = Delivery(
        id="d-1",
        receiver=institution_of("131016"),
        type=ProvisionRequestNotice.type,
        body=request.body().decode(),
        repeated=False,
    )
    received = _received(delivery)
    assert received.notice == request, received.reasons
    assert received.envelope is not None and received.envelope.source == SOURCE
