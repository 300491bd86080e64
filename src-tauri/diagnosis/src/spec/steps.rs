//! Sentences that say what a step of the flow is.

use super::sentence::Spec;

pub(crate) const MCP_CLIENT_DISCOVERY: Spec = Spec {
    title: "MCP 2025-11-25 authorization, Overview",
    url: "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#overview",
    quote: "MCP clients MUST support both discovery mechanisms to obtain the information required \
            to interact with the authorization server.",
};

pub(crate) const RFC8414_WELL_KNOWN: Spec = Spec {
    title: "RFC 8414 section 3",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-3",
    quote: "Authorization servers supporting metadata MUST make a JSON document containing \
            metadata as specified in Section 2 available at a path formed by inserting a \
            well-known URI string into the authorization server's issuer identifier between the \
            host component and the path component, if any.",
};

pub(crate) const RFC7591_REGISTERS: Spec = Spec {
    title: "RFC 7591 section 3.1",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.1",
    quote: "The authorization server assigns this client a unique client identifier, optionally \
            assigns a client secret, and associates the metadata provided in the request with the \
            issued client identifier.",
};

pub(crate) const RFC6749_AUTHORIZES: Spec = Spec {
    title: "RFC 6749 section 4.1",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1",
    quote: "The client initiates the flow by directing the resource owner's user-agent to the \
            authorization endpoint.",
};

pub(crate) const RFC6749_AUTHENTICATES: Spec = Spec {
    title: "RFC 6749 section 3.1",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1",
    quote: "The way in which the authorization server authenticates the resource owner (e.g., \
            username and password login, session cookies) is beyond the scope of this \
            specification.",
};

pub(crate) const RFC6749_NO_REDIRECT: Spec = Spec {
    title: "RFC 6749 section 3.1.2.4",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1.2.4",
    quote: "If an authorization request fails validation due to a missing, invalid, or mismatching \
            redirection URI, the authorization server SHOULD inform the resource owner of the \
            error and MUST NOT automatically redirect the user-agent to the invalid redirection \
            URI.",
};

pub(crate) const RFC6749_REDEEMS: Spec = Spec {
    title: "RFC 6749 section 4.1",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1",
    quote: "The client requests an access token from the authorization server's token endpoint by \
            including the authorization code received in the previous step.",
};

pub(crate) const RFC6749_REFRESHES: Spec = Spec {
    title: "RFC 6749 section 1.5",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-1.5",
    quote: "Refresh tokens are issued to the client by the authorization server and are used to \
            obtain a new access token when the current access token becomes invalid or expires, or \
            to obtain additional access tokens with identical or narrower scope (access tokens may \
            have a shorter lifetime and fewer permissions than authorized by the resource owner).",
};

pub(crate) const RFC6749_FOR_ITSELF: Spec = Spec {
    title: "RFC 6749 section 4.4",
    url: "https://www.rfc-editor.org/rfc/rfc6749.html#section-4.4",
    quote: "The client can request an access token using only its client credentials (or other \
            supported means of authentication) when the client is requesting access to the \
            protected resources under its control, or those of another resource owner that have \
            been previously arranged with the authorization server (the method of which is beyond \
            the scope of this specification).",
};

pub(crate) const RFC7009_REVOKES: Spec = Spec {
    title: "RFC 7009 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc7009.html#section-2",
    quote: "The client requests the revocation of a particular token by making an HTTP POST \
            request to the token revocation endpoint URL.",
};

pub(crate) const RFC7523_ASSERTS: Spec = Spec {
    title: "RFC 7523 section 2.1",
    url: "https://www.rfc-editor.org/rfc/rfc7523.html#section-2.1",
    quote: "To use a Bearer JWT as an authorization grant, the client uses an access token request \
            as defined in Section 4 of the OAuth Assertion Framework [RFC7521] with the following \
            specific parameter values and encodings.",
};

pub(crate) const RFC7592_READS: Spec = Spec {
    title: "RFC 7592 section 2.1",
    url: "https://www.rfc-editor.org/rfc/rfc7592.html#section-2.1",
    quote: "To read the current configuration of the client on the authorization server, the \
            client makes an HTTP GET request to the client configuration endpoint, authenticating \
            with its registration access token.",
};

pub(crate) const RFC7592_UPDATES: Spec = Spec {
    title: "RFC 7592 section 2.2",
    url: "https://www.rfc-editor.org/rfc/rfc7592.html#section-2.2",
    quote: "To update a previously registered client's registration with an authorization server, \
            the client makes an HTTP PUT request to the client configuration endpoint with a \
            content type of \"application/json\".",
};

pub(crate) const RFC7592_DELETES: Spec = Spec {
    title: "RFC 7592 section 2.3",
    url: "https://www.rfc-editor.org/rfc/rfc7592.html#section-2.3",
    quote: "To deprovision itself on the authorization server, the client makes an HTTP DELETE \
            request to the client configuration endpoint.",
};

pub(crate) const RFC7662_TELLS: Spec = Spec {
    title: "RFC 7662 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc7662.html#section-2",
    quote: "The introspection endpoint is an OAuth 2.0 endpoint that takes a parameter \
            representing an OAuth 2.0 token and returns a JSON [RFC7159] document representing the \
            meta information surrounding the token, including whether this token is currently \
            active.",
};

pub(crate) const RFC8628_BEGINS: Spec = Spec {
    title: "RFC 8628 section 3.1",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.1",
    quote: "The client initiates the authorization flow by requesting a set of verification codes \
            from the authorization server by making an HTTP \"POST\" request to the device \
            authorization endpoint.",
};

pub(crate) const RFC8628_POLLS: Spec = Spec {
    title: "RFC 8628 section 3.4",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.4",
    quote: "After displaying instructions to the user, the client creates an access token request \
            and sends it to the token endpoint (as defined by Section 3.2 of [RFC6749]) with a \
            \"grant_type\" of \"urn:ietf:params:oauth:grant-type:device_code\".",
};

pub(crate) const RFC9126_PUSHES: Spec = Spec {
    title: "RFC 9126 section 1",
    url: "https://www.rfc-editor.org/rfc/rfc9126.html#section-1",
    quote: "This document defines the pushed authorization request (PAR) endpoint, which enables \
            an OAuth [RFC6749] client to push the payload of an authorization request directly to \
            the authorization server.",
};

pub(crate) const OIDC_USERINFO: Spec = Spec {
    title: "OpenID Connect Core 1.0 section 5.3",
    url: "https://openid.net/specs/openid-connect-core-1_0.html#UserInfo",
    quote: "The UserInfo Endpoint is an OAuth 2.0 Protected Resource that returns Claims about the \
            authenticated End-User.",
};
