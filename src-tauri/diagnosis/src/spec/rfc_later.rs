//! Sentences of the RFCs that came after OAuth 2.0 itself.

use super::sentence::Spec;

pub(crate) const RFC7009_IMMEDIATELY: Spec = Spec {
    title: "RFC 7009 section 2.1",
    url: "https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1",
    quote: "The invalidation takes place immediately, and the token cannot be used again after the \
            revocation.",
};

pub(crate) const RFC7009_STATUS: Spec = Spec {
    title: "RFC 7009 section 2.2",
    url: "https://www.rfc-editor.org/rfc/rfc7009.html#section-2.2",
    quote: "The authorization server responds with HTTP status code 200 if the token has been \
            revoked successfully or if the client submitted an invalid token.",
};

pub(crate) const RFC7517_KTY: Spec = Spec {
    title: "RFC 7517 section 4.1",
    url: "https://www.rfc-editor.org/rfc/rfc7517.html#section-4.1",
    quote: "The \"kty\" value is a case-sensitive string. This member MUST be present in a JWK.",
};

pub(crate) const RFC7517_KID: Spec = Spec {
    title: "RFC 7517 section 4.5",
    url: "https://www.rfc-editor.org/rfc/rfc7517.html#section-4.5",
    quote: "When \"kid\" values are used within a JWK Set, different keys within the JWK Set SHOULD \
            use distinct \"kid\" values.",
};

pub(crate) const RFC7517_DISCLOSURE: Spec = Spec {
    title: "RFC 7517 section 9.2",
    url: "https://www.rfc-editor.org/rfc/rfc7517.html#section-9.2",
    quote: "Private and symmetric keys MUST be protected from disclosure to unintended parties.",
};

pub(crate) const RFC7519_NUMERIC_DATE: Spec = Spec {
    title: "RFC 7519 section 2, NumericDate",
    url: "https://www.rfc-editor.org/rfc/rfc7519.html#section-2",
    quote: "A JSON numeric value representing the number of seconds from 1970-01-01T00:00:00Z UTC \
            until the specified UTC date/time, ignoring leap seconds.",
};

pub(crate) const RFC8693_SCOPE: Spec = Spec {
    title: "RFC 8693 section 4.2",
    url: "https://www.rfc-editor.org/rfc/rfc8693.html#section-4.2",
    quote: "The value of the scope claim is a JSON string containing a space-separated list of \
            scopes associated with the token, in the format described in Section 3.3 of [RFC6749].",
};

pub(crate) const RFC9068_CLAIMS: Spec = Spec {
    title: "RFC 9068 section 2.2",
    url: "https://www.rfc-editor.org/rfc/rfc9068.html#section-2.2",
    quote: "The following claims are used in the JWT access token data structure.",
};

pub(crate) const RFC7519_EXPIRY: Spec = Spec {
    title: "RFC 7519 section 4.1.4",
    url: "https://www.rfc-editor.org/rfc/rfc7519.html#section-4.1.4",
    quote: "The \"exp\" (expiration time) claim identifies the expiration time on or after which \
            the JWT MUST NOT be accepted for processing.",
};

pub(crate) const RFC7591_PUBLIC_CLIENT: Spec = Spec {
    title: "RFC 7591 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-2",
    quote: "\"none\": The client is a public client as defined in OAuth 2.0, Section 2.1, and does \
            not have a client secret.",
};

pub(crate) const RFC7591_CREATED: Spec = Spec {
    title: "RFC 7591 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2",
    quote: "The server responds with an HTTP 201 Created status code and a body of type \
            \"application/json\" with content as described in Section 3.2.1.",
};

pub(crate) const RFC7591_CLIENT_ID: Spec = Spec {
    title: "RFC 7591 section 3.2.1, client_id",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2.1",
    quote: "REQUIRED. OAuth 2.0 client identifier string.",
};

pub(crate) const RFC7591_REGISTERED: Spec = Spec {
    title: "RFC 7591 section 3.2.1",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2.1",
    quote: "Additionally, the authorization server MUST return all registered metadata about this client, \
            including any fields provisioned by the authorization server itself.",
};

pub(crate) const RFC7591_SECRET_EXPIRES: Spec = Spec {
    title: "RFC 7591 section 3.2.1, client_secret_expires_at",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2.1",
    quote: "REQUIRED if \"client_secret\" is issued. Time at which the client secret will expire or 0 if it \
            will not expire.",
};

pub(crate) const RFC7591_ERROR: Spec = Spec {
    title: "RFC 7591 section 3.2.2",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2.2",
    quote: "When a registration error condition occurs, the authorization server returns an HTTP \
            400 status code (unless otherwise specified) with content type \"application/json\" \
            consisting of a JSON object [RFC7159] describing the error in the response body.",
};

pub(crate) const RFC7591_INVALID_REDIRECT_URI: Spec = Spec {
    title: "RFC 7591 section 3.2.2, invalid_redirect_uri",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2.2",
    quote: "The value of one or more redirection URIs is invalid.",
};

pub(crate) const RFC7591_INVALID_METADATA: Spec = Spec {
    title: "RFC 7591 section 3.2.2, invalid_client_metadata",
    url: "https://www.rfc-editor.org/rfc/rfc7591.html#section-3.2.2",
    quote: "The value of one of the client metadata fields is invalid and the server has rejected \
            this request.",
};

pub(crate) const RFC7592_DELETED: Spec = Spec {
    title: "RFC 7592 section 2.3",
    url: "https://www.rfc-editor.org/rfc/rfc7592.html#section-2.3",
    quote: "If a client has been successfully deprovisioned, the authorization server MUST respond \
            with an HTTP 204 No Content message.",
};

pub(crate) const RFC7592_PAIR: Spec = Spec {
    title: "RFC 7592 section 3",
    url: "https://www.rfc-editor.org/rfc/rfc7592.html#section-3",
    quote: "The client information response also contains the fully qualified URL of the client \
            configuration endpoint (Section 2) for this specific client that the client or \
            developer may use to manage the client's registration configuration, as well as a \
            registration access token that is to be used by the client or developer to perform \
            subsequent operations at the client configuration endpoint.",
};

pub(crate) const RFC7662_AUTHORIZATION: Spec = Spec {
    title: "RFC 7662 section 2.1",
    url: "https://www.rfc-editor.org/rfc/rfc7662.html#section-2.1",
    quote: "To prevent token scanning attacks, the endpoint MUST also require some form of \
            authorization to access this endpoint, such as client authentication as described in \
            OAuth 2.0 [RFC6749] or a separate OAuth 2.0 access token such as the bearer token \
            described in OAuth 2.0 Bearer Token Usage [RFC6750].",
};

pub(crate) const RFC7662_RESPONSE: Spec = Spec {
    title: "RFC 7662 section 2.2",
    url: "https://www.rfc-editor.org/rfc/rfc7662.html#section-2.2",
    quote: "The server responds with a JSON object [RFC7159] in \"application/json\" format with \
            the following top-level members.",
};

pub(crate) const RFC7662_ACTIVE: Spec = Spec {
    title: "RFC 7662 section 2.2, active",
    url: "https://www.rfc-editor.org/rfc/rfc7662.html#section-2.2",
    quote: "REQUIRED. Boolean indicator of whether or not the presented token is currently active.",
};

pub(crate) const RFC8252_LOOPBACK: Spec = Spec {
    title: "RFC 8252 section 7.3",
    url: "https://www.rfc-editor.org/rfc/rfc8252.html#section-7.3",
    quote: "The authorization server MUST allow any port to be specified at the time of the \
            request for loopback IP redirect URIs, to accommodate clients that obtain an available \
            ephemeral port from the operating system at the time of the request.",
};

pub(crate) const RFC8414_AUTHORIZATION_ENDPOINT: Spec = Spec {
    title: "RFC 8414 section 2, authorization_endpoint",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "URL of the authorization server's authorization endpoint [RFC6749]. This is REQUIRED \
            unless no grant types are supported that use the authorization endpoint.",
};

pub(crate) const RFC8414_TOKEN_ENDPOINT: Spec = Spec {
    title: "RFC 8414 section 2, token_endpoint",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "URL of the authorization server's token endpoint [RFC6749]. This is REQUIRED unless \
            only the implicit grant type is supported.",
};

pub(crate) const RFC8414_JWKS: Spec = Spec {
    title: "RFC 8414 section 2, jwks_uri",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "The referenced document contains the signing key(s) the client uses to validate \
            signatures from the authorization server.",
};

pub(crate) const RFC8414_GRANT_TYPES: Spec = Spec {
    title: "RFC 8414 section 2, grant_types_supported",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "JSON array containing a list of the OAuth 2.0 grant type values that this \
            authorization server supports.",
};

pub(crate) const RFC8414_RESPONSE_TYPES: Spec = Spec {
    title: "RFC 8414 section 2, response_types_supported",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "REQUIRED. JSON array containing a list of the OAuth 2.0 \"response_type\" values that this \
            authorization server supports.",
};

pub(crate) const RFC8414_SCOPES: Spec = Spec {
    title: "RFC 8414 section 2, scopes_supported",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-2",
    quote: "RECOMMENDED. JSON array containing a list of the OAuth 2.0 [RFC6749] \"scope\" values that this \
            authorization server supports.",
};

pub(crate) const RFC8414_RESPONSE: Spec = Spec {
    title: "RFC 8414 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-3.2",
    quote: "A successful response MUST use the 200 OK HTTP status code and return a JSON object \
            using the \"application/json\" content type that contains a set of claims as its \
            members that are a subset of the metadata values defined in Section 2.",
};

pub(crate) const RFC8414_ISSUER: Spec = Spec {
    title: "RFC 8414 section 3.3",
    url: "https://www.rfc-editor.org/rfc/rfc8414.html#section-3.3",
    quote: "The \"issuer\" value returned MUST be identical to the authorization server's issuer \
            identifier value into which the well-known URI string was inserted to create the URL \
            used to retrieve the metadata.",
};

pub(crate) const RFC8628_DEVICE_CODE: Spec = Spec {
    title: "RFC 8628 section 3.2, device_code",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.2",
    quote: "REQUIRED. The device verification code.",
};

pub(crate) const RFC8628_METADATA: Spec = Spec {
    title: "RFC 8628 section 4, device_authorization_endpoint",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-4",
    quote: "OPTIONAL. URL of the authorization server's device authorization endpoint, as defined in \
            Section 3.1.",
};

pub(crate) const RFC8628_VERIFICATION_URI: Spec = Spec {
    title: "RFC 8628 section 3.2, verification_uri",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.2",
    quote: "REQUIRED. The end-user verification URI on the authorization server. The URI should be \
            short and easy to remember as end users will be asked to manually type it into their \
            user agent.",
};

pub(crate) const RFC8628_ERROR: Spec = Spec {
    title: "RFC 8628 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.2",
    quote: "In the event of an error (such as an invalidly configured client), the authorization \
            server responds in the same way as the token endpoint specified in Section 5.2 of \
            [RFC6749].",
};

pub(crate) const RFC8628_SLOW_DOWN: Spec = Spec {
    title: "RFC 8628 section 3.5, slow_down",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.5",
    quote: "A variant of \"authorization_pending\", the authorization request is still pending and \
            polling should continue, but the interval MUST be increased by 5 seconds for this and \
            all subsequent requests.",
};

pub(crate) const RFC8628_DENIED: Spec = Spec {
    title: "RFC 8628 section 3.5, access_denied",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.5",
    quote: "The authorization request was denied.",
};

pub(crate) const RFC8628_INTERVAL: Spec = Spec {
    title: "RFC 8628 section 3.2, interval",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.2",
    quote: "The minimum amount of time in seconds that the client SHOULD wait between polling \
            requests to the token endpoint.",
};

pub(crate) const RFC8628_EXPIRED: Spec = Spec {
    title: "RFC 8628 section 3.5, expired_token",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.5",
    quote: "The \"device_code\" has expired, and the device authorization session has concluded.",
};

pub(crate) const RFC8693_NOT_APPLICABLE: Spec = Spec {
    title: "RFC 8693 section 2.2.1, token_type",
    url: "https://www.rfc-editor.org/rfc/rfc8693.html#section-2.2.1",
    quote: "If the issued token is not an access token or usable as an access token, then the \
            token_type value N_A is used to indicate that an OAuth 2.0 token_type identifier is not \
            applicable in that context.",
};

pub(crate) const RFC8693_ISSUED_TYPE: Spec = Spec {
    title: "RFC 8693 section 2.2.1, issued_token_type",
    url: "https://www.rfc-editor.org/rfc/rfc8693.html#section-2.2.1",
    quote: "REQUIRED. An identifier, as described in Section 3, for the representation of the \
            issued security token.",
};

pub(crate) const RFC8705_MATCH: Spec = Spec {
    title: "RFC 8705 section 3",
    url: "https://www.rfc-editor.org/rfc/rfc8705.html#section-3",
    quote: "The protected resource MUST obtain, from its TLS implementation layer, the client \
            certificate used for mutual TLS and MUST verify that the certificate matches the \
            certificate associated with the access token.",
};

pub(crate) const RFC8705_MEMBER: Spec = Spec {
    title: "RFC 8705 section 3.1",
    url: "https://www.rfc-editor.org/rfc/rfc8705.html#section-3.1",
    quote: "the certificate hash information SHOULD be represented using the x5t#S256 confirmation \
            method member defined herein.",
};

pub(crate) const RFC8707_AUDIENCE: Spec = Spec {
    title: "RFC 8707 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc8707.html#section-2",
    quote: "The authorization server SHOULD audience-restrict issued access tokens to the \
            resource(s) indicated by the \"resource\" parameter.",
};

pub(crate) const RFC8707_INVALID_TARGET: Spec = Spec {
    title: "RFC 8707 section 2, invalid_target",
    url: "https://www.rfc-editor.org/rfc/rfc8707.html#section-2",
    quote: "The requested resource is invalid, missing, unknown, or malformed.",
};

pub(crate) const RFC9110_UNAUTHORIZED: Spec = Spec {
    title: "RFC 9110 section 11.6.1",
    url: "https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1",
    quote: "A server generating a 401 (Unauthorized) response MUST send a WWW-Authenticate header \
            field containing at least one challenge.",
};

pub(crate) const RFC9110_PARAMETERS: Spec = Spec {
    title: "RFC 9110 section 11.2",
    url: "https://www.rfc-editor.org/rfc/rfc9110.html#section-11.2",
    quote: "Authentication parameters are name/value pairs, where the name token is matched \
            case-insensitively and each parameter name MUST only occur once per challenge.",
};

pub(crate) const RFC9110_TRANSFORMED: Spec = Spec {
    title: "RFC 9110 section 15.3.4",
    url: "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.3.4",
    quote: "This status code allows the proxy to notify recipients when a transformation has been \
            applied, since that knowledge might impact later decisions regarding the content.",
};

pub(crate) const RFC9110_POST_BECOMES_GET: Spec = Spec {
    title: "RFC 9110 section 15.4.2",
    url: "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.4.2",
    quote: "For historical reasons, a user agent MAY change the request method from POST to GET \
            for the subsequent request.",
};

pub(crate) const RFC9126_CREATED: Spec = Spec {
    title: "RFC 9126 section 2.2",
    url: "https://www.rfc-editor.org/rfc/rfc9126.html#section-2.2",
    quote: "If the verification is successful, the server MUST generate a request URI and provide \
            it in the response with a 201 HTTP status code.",
};

pub(crate) const RFC9126_ERROR: Spec = Spec {
    title: "RFC 9126 section 2.3",
    url: "https://www.rfc-editor.org/rfc/rfc9126.html#section-2.3",
    quote: "The authorization server returns an error response with the same format as is \
            specified for error responses from the token endpoint in Section 5.2 of [RFC6749] \
            using the appropriate error code from therein or from Section 4.1.2.1 of [RFC6749].",
};

pub(crate) const RFC9207_ISS: Spec = Spec {
    title: "RFC 9207 section 2",
    url: "https://www.rfc-editor.org/rfc/rfc9207.html#section-2",
    quote: "In authorization responses to the client, including error responses, an authorization \
            server supporting this specification MUST indicate its identity by including the iss \
            parameter in the response.",
};

pub(crate) const RFC9207_COMPARE: Spec = Spec {
    title: "RFC 9207 section 2.4",
    url: "https://www.rfc-editor.org/rfc/rfc9207.html#section-2.4",
    quote: "If the value does not match the expected issuer identifier, clients MUST reject the \
            authorization response and MUST NOT proceed with the authorization grant.",
};

pub(crate) const RFC9396_GRANTED: Spec = Spec {
    title: "RFC 9396 section 7",
    url: "https://www.rfc-editor.org/rfc/rfc9396.html#section-7",
    quote: "In addition to the token response parameters as defined in [RFC6749], the AS MUST also \
            return the authorization_details as granted by the resource owner and assigned to the \
            respective access token.",
};

pub(crate) const RFC9449_PROOF: Spec = Spec {
    title: "RFC 9449 section 5",
    url: "https://www.rfc-editor.org/rfc/rfc9449.html#section-5",
    quote: "The DPoP HTTP header field MUST contain a valid DPoP proof JWT.",
};

pub(crate) const RFC9449_TOKEN_TYPE: Spec = Spec {
    title: "RFC 9449 section 5",
    url: "https://www.rfc-editor.org/rfc/rfc9449.html#section-5",
    quote: "A token_type of DPoP MUST be included in the access token response to signal to the \
            client that the access token was bound to its DPoP key and can be used as described in \
            Section 7.1.",
};

pub(crate) const RFC9449_JKT: Spec = Spec {
    title: "RFC 9449 section 6.1",
    url: "https://www.rfc-editor.org/rfc/rfc9449.html#section-6.1",
    quote: "When access tokens are represented as JWTs [RFC7519], the public key information is \
            represented using the jkt confirmation method member defined herein.",
};

pub(crate) const RFC9449_SCHEME: Spec = Spec {
    title: "RFC 9449 section 7.1",
    url: "https://www.rfc-editor.org/rfc/rfc9449.html#section-7.1",
    quote: "A DPoP-bound access token is sent using the Authorization request header field per \
            Section 11.6.2 of [RFC9110] with an authentication scheme of DPoP.",
};

pub(crate) const RFC9449_NONCE: Spec = Spec {
    title: "RFC 9449 section 8",
    url: "https://www.rfc-editor.org/rfc/rfc9449.html#section-8",
    quote: "The authorization server includes a DPoP-Nonce HTTP header in the response supplying a \
            nonce value to be used when sending the subsequent request.",
};

pub(crate) const RFC9470_INSUFFICIENT: Spec = Spec {
    title: "RFC 9470 section 3",
    url: "https://www.rfc-editor.org/rfc/rfc9470.html#section-3",
    quote: "The authentication event associated with the access token presented with the request \
            does not meet the authentication requirements of the protected resource.",
};

pub(crate) const RFC9700_ROTATION: Spec = Spec {
    title: "RFC 9700 section 2.2.2",
    url: "https://www.rfc-editor.org/rfc/rfc9700.html#section-2.2.2",
    quote: "Refresh tokens for public clients MUST be sender-constrained or use refresh token \
            rotation as described in Section 4.14.",
};

pub(crate) const RFC9700_CORS: Spec = Spec {
    title: "RFC 9700 section 2.6",
    url: "https://www.rfc-editor.org/rfc/rfc9700.html#section-2.6",
    quote: "To support browser-based clients, endpoints directly accessed by such clients \
            including the Token Endpoint, Authorization Server Metadata Endpoint, jwks_uri \
            Endpoint, and Dynamic Client Registration Endpoint MAY support the use of Cross-Origin \
            Resource Sharing (CORS) [WHATWG.CORS].",
};

pub(crate) const RFC9700_INVALIDATED: Spec = Spec {
    title: "RFC 9700 section 4.14.2",
    url: "https://www.rfc-editor.org/rfc/rfc9700.html#section-4.14.2",
    quote: "The previous refresh token is invalidated, but information about the relationship is \
            retained by the authorization server.",
};

pub(crate) const RFC9700_REVOKED: Spec = Spec {
    title: "RFC 9700 section 4.14.2",
    url: "https://www.rfc-editor.org/rfc/rfc9700.html#section-4.14.2",
    quote: "The authorization server cannot determine which party submitted the invalid refresh \
            token, but it will revoke the active refresh token.",
};

pub(crate) const RFC9728_RESPONSE: Spec = Spec {
    title: "RFC 9728 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.2",
    quote: "A successful response MUST use the 200 OK HTTP status code and return a JSON object \
            using the application/json content type that contains a set of metadata parameters as \
            its members that are a subset of the metadata parameters defined in Section 2.",
};

pub(crate) const RFC9728_UNKNOWN_MEMBERS: Spec = Spec {
    title: "RFC 9728 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.2",
    quote: "Additional metadata parameters MAY be defined and used; any metadata parameters that \
            are not understood MUST be ignored.",
};

pub(crate) const RFC9728_WELL_KNOWN: Spec = Spec {
    title: "RFC 9728 section 3.3",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.3",
    quote: "The resource value returned MUST be identical to the protected resource's resource \
            identifier value into which the well-known URI path suffix was inserted to create the \
            URL used to retrieve the metadata.",
};

pub(crate) const RFC9728_FROM_CHALLENGE: Spec = Spec {
    title: "RFC 9728 section 3.3",
    url: "https://www.rfc-editor.org/rfc/rfc9728.html#section-3.3",
    quote: "If the protected resource metadata was retrieved from a URL returned by the protected \
            resource via the WWW-Authenticate resource_metadata parameter, then the resource value \
            returned MUST be identical to the URL that the client used to make the request to the \
            resource server.",
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

pub(crate) const RFC8628_OK: Spec = Spec {
    title: "RFC 8628 section 3.2",
    url: "https://www.rfc-editor.org/rfc/rfc8628.html#section-3.2",
    quote: "In response, the authorization server generates a unique device verification code and \
            an end-user code that are valid for a limited time and includes them in the HTTP \
            response body using the \"application/json\" format [RFC8259] with a 200 (OK) status \
            code.",
};

pub(crate) const RFC7515_CRITICAL: Spec = Spec {
    title: "RFC 7515 section 4.1.11",
    url: "https://www.rfc-editor.org/rfc/rfc7515.html#section-4.1.11",
    quote: "If any of the listed extension Header Parameters are not understood and supported by \
            the recipient, then the JWS is invalid.",
};
