//! Sentences about JSON and JSON-RPC.

use super::Spec;

pub(crate) const JSON_RPC_VERSION: Spec = Spec {
    title: "JSON-RPC 2.0 section 5, jsonrpc",
    url: "https://www.jsonrpc.org/specification#response_object",
    quote: "A String specifying the version of the JSON-RPC protocol. MUST be exactly \"2.0\".",
};

pub(crate) const JSON_RPC_ID: Spec = Spec {
    title: "JSON-RPC 2.0 section 5, id",
    url: "https://www.jsonrpc.org/specification#response_object",
    quote: "It MUST be the same as the value of the id member in the Request Object.",
};

pub(crate) const EVENT_DISPATCHED: Spec = Spec {
    title: "HTML Standard section 9.2.6, Interpreting an event stream",
    url: "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation",
    quote: "If the file ends in the middle of an event, before the final empty line, the incomplete \
            event is not dispatched.",
};

pub(crate) const EVENT_TYPE: Spec = Spec {
    title: "HTML Standard section 9.2.6, Interpreting an event stream",
    url: "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation",
    quote: "If the event type buffer has a value other than the empty string, change the type of the \
            newly created event to equal the value of the event type buffer.",
};

pub(crate) const JSON_RPC_ONE_OF_BOTH: Spec = Spec {
    title: "JSON-RPC 2.0 section 5",
    url: "https://www.jsonrpc.org/specification#response_object",
    quote: "Either the result member or error member MUST be included, but both members MUST NOT be included.",
};

pub(crate) const RFC8259_UNIQUE_NAMES: Spec = Spec {
    title: "RFC 8259 section 4",
    url: "https://www.rfc-editor.org/rfc/rfc8259.html#section-4",
    quote: "The names within an object SHOULD be unique.",
};

pub(crate) const RFC8259_UTF8: Spec = Spec {
    title: "RFC 8259 section 8.1",
    url: "https://www.rfc-editor.org/rfc/rfc8259.html#section-8.1",
    quote: "JSON text exchanged between systems that are not part of a closed ecosystem MUST be \
            encoded using UTF-8 [RFC3629].",
};

pub(crate) const RFC8259_BYTE_ORDER_MARK: Spec = Spec {
    title: "RFC 8259 section 8.1",
    url: "https://www.rfc-editor.org/rfc/rfc8259.html#section-8.1",
    quote: "Implementations MUST NOT add a byte order mark (U+FEFF) to the beginning of a \
            networked-transmitted JSON text.",
};

pub(crate) const RFC9112_INCOMPLETE: Spec = Spec {
    title: "RFC 9112 section 8",
    url: "https://www.rfc-editor.org/rfc/rfc9112.html#section-8",
    quote: "A message that uses a valid Content-Length is incomplete if the size of the message body \
            received (in octets) is less than the value given by Content-Length.",
};
