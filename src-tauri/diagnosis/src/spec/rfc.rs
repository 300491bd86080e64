//! Sentences of the RFCs.

use super::Spec;

pub(crate) const RFC6749_STATE: Spec = Spec {
    title: "RFC 6749 section 4.1.2",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2",
    quote: "REQUIRED if the \"state\" parameter was present in the client authorization request. The exact \
            value received from the client.",
};

pub(crate) const RFC6749_TOKEN_JSON: Spec = Spec {
    title: "RFC 6749 section 5.1",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1",
    quote: "The parameters are included in the entity-body of the HTTP response using the \
            \"application/json\" media type as defined by [RFC4627].",
};

pub(crate) const RFC6749_NO_STORE: Spec = Spec {
    title: "RFC 6749 section 5.1",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1",
    quote: "The authorization server MUST include the HTTP \"Cache-Control\" response header field [RFC2616] \
            with a value of \"no-store\" in any response containing tokens, credentials, or other sensitive \
            information, as well as the \"Pragma\" response header field [RFC2616] with a value of \
            \"no-cache\".",
};

pub(crate) const RFC6749_TOKEN_ERROR: Spec = Spec {
    title: "RFC 6749 section 5.2",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2",
    quote: "The authorization server responds with an HTTP 400 (Bad Request) status code (unless specified \
            otherwise) and includes the following parameters with the response:",
};

pub(crate) const RFC6749_INVALID_GRANT: Spec = Spec {
    title: "RFC 6749 section 5.2, invalid_grant",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2",
    quote: "The provided authorization grant (e.g., authorization code, resource owner credentials) or \
            refresh token is invalid, expired, revoked, does not match the redirection URI used in the \
            authorization request, or was issued to another client.",
};

pub(crate) const RFC6749_VALIDATE_TOKEN: Spec = Spec {
    title: "RFC 6749 section 7",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-7",
    quote: "The resource server MUST validate the access token and ensure that it has not expired and that \
            its scope covers the requested resource.",
};

pub(crate) const RFC6750_CHALLENGE: Spec = Spec {
    title: "RFC 6750 section 3",
    url: "https://www.rfc-editor.org/rfc/rfc6750.html#section-3",
    quote: "If the protected resource request does not include authentication credentials or does not \
            contain an access token that enables access to the protected resource, the resource server MUST \
            include the HTTP \"WWW-Authenticate\" response header field",
};

pub(crate) const RFC7591_PUBLIC_CLIENT: Spec = Spec {
    title: "RFC 7591 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-2",
    quote: "\"none\": The client is a public client as defined in OAuth 2.0, Section 2.1, and does not have \
            a client secret.",
};

pub(crate) const RFC7591_CREATED: Spec = Spec {
    title: "RFC 7591 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2",
    quote: "The server responds with an HTTP 201 Created status code and a body of type \"application/json\" \
            with content as described in Section 3.2.1.",
};

pub(crate) const RFC8252_LOOPBACK: Spec = Spec {
    title: "RFC 8252 section 7.3",
    url: "https://www.rfc-editor.org/rfc/rfc8252.html#section-7.3",
    quote: "The authorization server MUST allow any port to be specified at the time of the request for \
            loopback IP redirect URIs, to accommodate clients that obtain an available ephemeral port from \
            the operating system at the time of the request.",
};

pub(crate) const RFC8414_AUTHORIZATION_ENDPOINT: Spec = Spec {
    title: "RFC 8414 section 2, authorization_endpoint",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "URL of the authorization server's authorization endpoint [RFC6749]. This is REQUIRED unless no \
            grant types are supported that use the authorization endpoint.",
};

pub(crate) const RFC8414_TOKEN_ENDPOINT: Spec = Spec {
    title: "RFC 8414 section 2, token_endpoint",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "URL of the authorization server's token endpoint [RFC6749]. This is REQUIRED unless only the \
            implicit grant type is supported.",
};

pub(crate) const RFC8414_RESPONSE: Spec = Spec {
    title: "RFC 8414 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-3.2",
    quote: "A successful response MUST use the 200 OK HTTP status code and return a JSON object using the \
            \"application/json\" content type that contains a set of claims as its members that are a subset \
            of the metadata values defined in Section 2.",
};

pub(crate) const RFC8414_ISSUER: Spec = Spec {
    title: "RFC 8414 section 3.3",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-3.3",
    quote: "The \"issuer\" value returned MUST be identical to the authorization server's issuer identifier \
            value into which the well-known URI string was inserted to create the URL used to retrieve the \
            metadata.",
};

pub(crate) const RFC8707_AUDIENCE: Spec = Spec {
    title: "RFC 8707 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc8707.html#section-2",
    quote: "The authorization server SHOULD audience-restrict issued access tokens to the resource(s) \
            indicated by the \"resource\" parameter.",
};

pub(crate) const RFC9110_UNAUTHORIZED: Spec = Spec {
    title: "RFC 9110 section 11.6.1",
    url: "https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1",
    quote: "A server generating a 401 (Unauthorized) response MUST send a WWW-Authenticate header field \
            containing at least one challenge.",
};

pub(crate) const RFC9207_ISS: Spec = Spec {
    title: "RFC 9207 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc9207.html#section-2",
    quote: "In authorization responses to the client, including error responses, an authorization server \
            supporting this specification MUST indicate its identity by including the iss parameter in the \
            response.",
};

pub(crate) const RFC9207_COMPARE: Spec = Spec {
    title: "RFC 9207 section 2.4",
    url: "https://www.rfc-editor.org/rfc/rfc9207.html#section-2.4",
    quote: "If the value does not match the expected issuer identifier, clients MUST reject the \
            authorization response and MUST NOT proceed with the authorization grant.",
};

pub(crate) const RFC9728_RESPONSE: Spec = Spec {
    title: "RFC 9728 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.2",
    quote: "A successful response MUST use the 200 OK HTTP status code and return a JSON object using the \
            application/json content type that contains a set of metadata parameters as its members that are \
            a subset of the metadata parameters defined in Section 2.",
};

pub(crate) const RFC9728_UNKNOWN_MEMBERS: Spec = Spec {
    title: "RFC 9728 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.2",
    quote: "Additional metadata parameters MAY be defined and used; any metadata parameters that are not \
            understood MUST be ignored.",
};

pub(crate) const RFC9728_WELL_KNOWN: Spec = Spec {
    title: "RFC 9728 section 3.3",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.3",
    quote: "The resource value returned MUST be identical to the protected resource's resource identifier \
            value into which the well-known URI path suffix was inserted to create the URL used to retrieve \
            the metadata.",
};

pub(crate) const RFC9728_FROM_CHALLENGE: Spec = Spec {
    title: "RFC 9728 section 3.3",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.3",
    quote: "If the protected resource metadata was retrieved from a URL returned by the protected resource \
            via the WWW-Authenticate resource_metadata parameter, then the resource value returned MUST be \
            identical to the URL that the client used to make the request to the resource server.",
};

pub(crate) const RFC9728_PARAMETER: Spec = Spec {
    title: "RFC 9728 section 5.1",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-5.1",
    quote: "resource_metadata: The URL of the protected resource metadata.",
};

pub(crate) const RFC9728_TLS: Spec = Spec {
    title: "RFC 9728 section 7.1",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-7.1",
    quote: "Implementations MUST support TLS.",
};
