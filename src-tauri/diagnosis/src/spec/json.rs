//! Sentences about JSON-RPC.

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

pub(crate) const JSON_RPC_ONE_OF_BOTH: Spec = Spec {
    title: "JSON-RPC 2.0 section 5",
    url: "https://www.jsonrpc.org/specification#response_object",
    quote: "Either the result member or error member MUST be included, but both members MUST NOT be included.",
};
