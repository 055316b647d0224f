"""The federation's interface as one AsyncAPI 3.0 document, seen from the federation: it receives notices, sends events.

Invariant: the document is made from the registry and the topics alone, so that no type can be missing from it.
"""

from typing import Any

from kumiai_contracts.envelope import MAX_ATTRIBUTE
from kumiai_contracts.model import CONTRACT_VERSION, Event, Notice
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.registry import EVENTS, NOTICES, TYPES
from kumiai_contracts.strict_json import MAX_BYTES
from kumiai_contracts.topics import SERVICES, STREAM_OF, events_topic, notices_topic, receipts_stream

JsonObject = dict[str, Any]

SERVICE_TITLES = {
    "membership": "加入: members, subscriptions, people and their rights.",
    "resident-registry": "住民記録: residents and households.",
    "taxation": "税: assessments of resident tax.",
    "national-id-linkage": "番号連携: integrated addressee numbers.",
}


def document() -> JsonObject:
    """The whole document."""
    channels: JsonObject = {}
    operations: JsonObject = {}
    for service in SERVICES:
        _add_service(service, channels, operations)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kumiai federation",
            "version": f"{CONTRACT_VERSION}.0.0",
            "description": "Shared municipal services: a municipality's systems send notices (通知), every notice "
            "gets a receipt (受領書), and the services tell what happened as events. Every topic has one partition.",
            "license": {"name": "Apache-2.0"},
            "tags": [{"name": service, "description": text} for service, text in SERVICE_TITLES.items()],
        },
        "defaultContentType": "application/json",
        "servers": {"federation": _SERVER},
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {type_: _message(kind) for type_, kind in TYPES.items()},
            "schemas": {"eventHeaders": _event_headers(), "noticeHeaders": _notice_headers()},
            "parameters": {
                "municipality": {"description": "全国地方公共団体コード: six digits, the last a check digit."}
            },
            "securitySchemes": {"scram": {"type": "scramSha256", "description": "One user for each system."}},
        },
    }


def _add_service(service: str, channels: JsonObject, operations: JsonObject) -> None:
    stream = STREAM_OF[service]
    notices = [type_ for type_, kind in NOTICES.items() if kind.service == service]
    events = [type_ for type_, kind in EVENTS.items() if kind.stream in (stream, "*")]
    channels[f"{service}.events"] = _channel(
        service, events_topic("{municipality}", stream), events, f"What {service} states as facts, in order."
    )
    operations[f"{service}.sendEvents"] = _operation("send", service, f"{service}.events", events)
    if not notices:
        return
    receipts = [ReceiptIssued.type]
    channels[f"{service}.notices"] = _channel(
        service,
        notices_topic("{municipality}", service),
        notices,
        f"What a municipality's own systems tell {service}. Send a notice again until its receipt is there.",
    )
    channels[f"{service}.receipts"] = _channel(
        service,
        events_topic("{municipality}", receipts_stream(service)),
        receipts,
        f"The answer of {service} to every notice.",
    )
    operations[f"{service}.receiveNotices"] = _operation("receive", service, f"{service}.notices", notices) | {
        "reply": {
            "channel": {"$ref": f"#/channels/{service}.receipts"},
            "messages": [_message_of_channel(f"{service}.receipts", type_) for type_ in receipts],
        }
    }
    operations[f"{service}.sendReceipts"] = _operation("send", service, f"{service}.receipts", receipts)


def _channel(service: str, address: str, types: list[str], description: str) -> JsonObject:
    return {
        "address": address,
        "title": address,
        "description": description,
        "messages": {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in types},
        "parameters": {"municipality": {"$ref": "#/components/parameters/municipality"}},
        "tags": [{"name": service}],
        "bindings": {"kafka": {"partitions": 1, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, service: str, channel: str, types: list[str]) -> JsonObject:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [_message_of_channel(channel, type_) for type_ in types],
        "tags": [{"name": service}],
    }


def _message_of_channel(channel: str, type_: str) -> JsonObject:
    return {"$ref": f"#/channels/{channel}/messages/{type_}"}


def _message(kind: type[Event] | type[Notice]) -> JsonObject:
    is_event = issubclass(kind, Event)
    named = {"ce_type": {"const": kind.type}}
    if is_event:
        named["ce_dataschema"] = {"const": kind.dataschema()}
    return {
        "name": kind.type,
        "title": kind.__name__,
        "summary": (kind.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "allOf": [
                {"$ref": f"#/components/schemas/{'eventHeaders' if is_event else 'noticeHeaders'}"},
                {"type": "object", "properties": named},
            ],
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./schemas/{kind.type}.json"},
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "The subject, for events; anything, for notices."},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _text(description: str, **more: Any) -> JsonObject:
    return {"type": "string", "description": description} | more


_COMMON: JsonObject = {
    "ce_specversion": {"const": "1.0"},
    "content-type": _text("The body's media type.", const="application/json"),
    "ce_municipality": _text("全国地方公共団体コード, the one of the topic.", pattern="^[0-9]{6}$"),
    "traceparent": _text("W3C trace context."),
}


def _event_headers() -> JsonObject:
    properties = _COMMON | {
        "ce_id": _text("`incarnation-position`: unique within the stream.", pattern="^[0-9]+-[0-9]+$"),
        "ce_source": _text("`urn:kumiai:municipality:stream`.", format="uri"),
        "ce_type": _text("The event's type and version."),
        "ce_time": _text("When it was recorded, UTC.", format="date-time"),
        "ce_subject": _text("The key of what the event is about."),
        "ce_dataschema": _text("The `$id` of the body's schema.", format="uri"),
        "ce_incarnation": _text("世代: 1, 2, 3, …", pattern="^[0-9]+$"),
        "ce_position": _text("位置: 1, 2, 3, … without a gap.", pattern="^[0-9]+$"),
        "ce_hash": _text("The event's hash in its chain.", pattern="^[0-9a-f]{64}$"),
        "ce_cause": _text("原因: `stream:incarnation:position` of what led to it.", pattern="^[^:]+:[0-9]+:[0-9]+$"),
    }
    optional = ("ce_cause", "traceparent")
    return _headers("CloudEvents 1.0 in Kafka's binary mode, as the services send it.", properties, optional)


def _notice_headers() -> JsonObject:
    limit = {"minLength": 1, "maxLength": MAX_ATTRIBUTE}
    properties = _COMMON | {
        "ce_id": _text("Unique within the source; a correction takes a new one.", **limit),
        "ce_source": _text("The system that sends it.", format="uri-reference", **limit),
        "ce_type": _text("The notice's type and version.", **limit),
        "ce_time": _text("When the system made it.", format="date-time"),
        "ce_subject": _text("The sender's own key of what it is about.", maxLength=MAX_ATTRIBUTE),
        "ce_dataschema": _text("The `$id` of the body's schema.", format="uri"),
        "ce_cause": _text(
            "原因: the event that the sender had seen; the service waits until it has, too.",
            pattern="^[^:]+:[0-9]+:[0-9]+$",
        ),
    }
    optional = ("content-type", "traceparent", "ce_time", "ce_subject", "ce_dataschema", "ce_cause")
    description = f"CloudEvents 1.0 in Kafka's binary mode, as a sender writes it; at most {MAX_BYTES} bytes."
    return _headers(description, properties, optional)


def _headers(description: str, properties: JsonObject, optional: tuple[str, ...]) -> JsonObject:
    required = sorted(name for name in properties if name not in optional)
    return {"type": "object", "description": description, "properties": properties, "required": required}


_SERVER: JsonObject = {
    "host": "{bootstrap}",
    "protocol": "kafka-secure",
    "description": "The federation's Kafka. A system may write its own municipality's notices and read its own topics.",
    "variables": {"bootstrap": {"description": "Host and port that the federation's operator gave you."}},
    "security": [{"$ref": "#/components/securitySchemes/scram"}],
}
