//! What each option of a run can cause, and how it is told.

/// A failure that comes of options of the run.
pub(super) struct Cause {
    /// The ids of options, any of which can be the cause.
    pub options: &'static [&'static str],
    /// The findings that can come of them: rules ("T41"), or variants of rules ("N01/proxy").
    pub rules: &'static [&'static str],
    pub tells: Tells,
    /// Why it fails, in one or two sentences.
    pub why: &'static str,
    /// What to change; `{option}` stands for the options that were given.
    pub fix: &'static str,
}

/// How it is told that a failure comes of an option.
pub(super) enum Tells {
    /// Nothing else leads there.
    Always,
    /// The answer says one of these, in small letters.
    Says(&'static [&'static str]),
    /// The answer says none of these.
    SaysNone(&'static [&'static str]),
    /// What the finding shows has one of these in it.
    Told(&'static [&'static str]),
    /// The answer names a parameter that was given, or is what servers answer to it.
    SaysItsName,
    /// It is about a call of one of these methods.
    Method(&'static [&'static str]),
    /// The answer has one of these statuses.
    Status(&'static [u16]),
    /// This option was given too.
    Given(&'static str),
    /// One of these was chosen.
    Chosen(&'static [&'static str]),
    /// The number that was given is no larger.
    AtMost(u64),
    /// No access token came that says that it is meant for this MCP server.
    TokenForAnother,
    /// The authorization server's metadata does not list the grant.
    GrantNotListed,
    /// It is about a request to the identity provider of an enterprise.
    AtIdentityProvider,
    /// The run asked for another resource than the MCP server names, or for none.
    OtherResource,
    /// The run had not been led to ask for more scope yet.
    BeforeStepUp,
    /// The body was cut off at the limit of this run.
    Truncated,
    /// The oldest revision was chosen, and the server offers what later ones have.
    OlderThanOffered,
    Both(&'static Tells, &'static Tells),
}

/// Where a request for a grant can be refused.
const REFUSED: &[&str] = &["A30", "A31", "P03", "DV3", "T41", "T03", "S07"];

const CLIENT: &[&str] = &[
    "registration.client_id",
    "registration.client_secret",
    "registration.private_key_file",
    "registration.alg",
];

/// What names this client to the identity provider.
const IDP_CLIENT: &[&str] = &["grant.idp_client_id", "grant.idp_client_secret"];

/// What servers say of a grant that they do not give.
const GRANT_REFUSED: &[&str] = &[
    "unauthorized_client",
    "unsupported_grant_type",
    "grant type",
    "grant_type",
    "grant-type",
];

/// What servers say of a client that they do not take.
const CLIENT_REFUSED: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "unknown client",
    "invalid client",
    "unrecognized client",
    "client not found",
    "client is not",
    "no such client",
    "client authentication",
];

/// The first that fits counts.
pub(super) const CAUSES: &[Cause] = &[
    Cause {
        options: &["network.proxy", "network.proxy_loopback"],
        rules: &["N01/proxy"],
        tells: Tells::Always,
        why: "The requests go to that proxy, and it does not pass them on.",
        fix: "Correct {option}, or leave it out so that the proxy of the system is used, if any.",
    },
    Cause {
        options: &["grant.is"],
        rules: &["T41", "T03"],
        tells: Tells::Both(
            &Tells::AtIdentityProvider,
            &Tells::Says(&[
                "unauthorized_client",
                "unsupported_grant_type",
                "grant type",
                "grant_type",
                "requested_token_type",
                "requested token type",
            ]),
        ),
        why: "The identity provider does not exchange the user's ID token for an assertion (ID-JAG), \
              or not for this client.",
        fix: "Enable the exchange for the client of --idp-client-id at the identity provider, or leave \
              {option} out.",
    },
    Cause {
        options: IDP_CLIENT,
        rules: &["T41", "T03"],
        tells: Tells::Both(&Tells::AtIdentityProvider, &Tells::Says(CLIENT_REFUSED)),
        why: "The identity provider does not know the client so, or does not take how it shows that it \
              is this client.",
        fix: "Compare {option} with what the identity provider has for this client, and give the \
              secret that it has there.",
    },
    Cause {
        options: &["grant.idp_id_token"],
        rules: &["T41", "T03"],
        tells: Tells::Both(
            &Tells::AtIdentityProvider,
            &Tells::Says(&[
                "invalid_grant",
                "subject_token",
                "subject token",
                "id_token",
                "id token",
                "jwt",
                "jws",
                "expired",
            ]),
        ),
        why: "The ID token does not convince the identity provider: another one issued it, it is for \
              another client, or it has expired.",
        fix: "Log in at the identity provider again as the client of --idp-client-id, and give the new \
              ID token with {option}.",
    },
    Cause {
        options: &["grant.idp_issuer", "grant.idp_token_endpoint"],
        rules: &["N01/refused_server", "N01/dns_server", "N01/tls_server"],
        tells: Tells::AtIdentityProvider,
        why: "Nothing answers at that address of the identity provider as it should.",
        fix: "Correct {option}, or make the identity provider answer there.",
    },
    Cause {
        options: &["network.timeout_seconds"],
        rules: &["N01/timeout", "B02/held_back"],
        tells: Tells::AtMost(2),
        why: "Each exchange has so little time; a server that is started by its first request needs \
              more.",
        fix: "Give more with {option}, or leave it out: the default is 30 seconds.",
    },
    Cause {
        options: &["network.body_limit"],
        rules: &["N04", "S01", "G20", "T02", "N05", "N02", "B02"],
        tells: Tells::Truncated,
        why: "The answer is longer than that, so only its beginning was read.",
        fix: "Raise {option}, or leave it out: the default is 10 MiB.",
    },
    Cause {
        options: &["revision"],
        rules: &[
            "S01", "R10", "G03", "G32", "S06", "A31", "T03", "T02", "T15", "T40",
        ],
        tells: Tells::Both(&Tells::OlderThanOffered, &Tells::TokenForAnother),
        why: "2025-03-26 knows no resource metadata: the run looks for the authorization server at \
              the MCP server's own origin, and asks for no resource. The challenge shows that this \
              server follows a later revision.",
        fix: "Leave {option} out, so that the revision is detected, or choose 2025-06-18 or later.",
    },
    Cause {
        options: &["revision"],
        rules: &["S01/not_all_tried"],
        tells: Tells::Chosen(&["2025-06-18"]),
        why: "Clients of that revision ask for oauth-authorization-server alone. Those of later ones \
              ask for openid-configuration as well, where this server may have its metadata.",
        fix: "Leave {option} out, so that all places are tried. For clients of that revision the \
              authorization server has to serve its metadata at oauth-authorization-server too.",
    },
    Cause {
        options: &["revision"],
        rules: &["N02", "N05"],
        tells: Tells::Both(
            &Tells::Method(&["initialize", "server/discover"]),
            &Tells::Says(&[
                "protocol version",
                "protocolversion",
                "mcp-protocol-version",
                "method not found",
                "-32601",
                "session",
                "not initialized",
                "initialize",
                "server/discover",
            ]),
        ),
        why: "The server does not accept a request of that revision.",
        fix: "Leave {option} out, so that the revision is detected.",
    },
    Cause {
        options: &["registration.is"],
        rules: &["S06"],
        tells: Tells::Chosen(&["cimd"]),
        why: "The authorization server does not accept client metadata documents, or not this \
              document, and the run was told to try no other way.",
        fix: "Leave {option} out, so that the run registers in the way that the server offers, or \
              give --client-id.",
    },
    Cause {
        options: &["registration.is"],
        rules: &["A31/client_id_unknown"],
        tells: Tells::Chosen(&["cimd"]),
        why: "The authorization server takes the URL of the metadata document for the ID of a client \
              that it does not have: it does not take clients by their document.",
        fix: "Leave {option} out, so that the run registers in the way that the server offers, or \
              give --client-id.",
    },
    Cause {
        options: &["registration.is"],
        rules: &["A30", "A31", "P03", "T41"],
        tells: Tells::Both(
            &Tells::Chosen(&["cimd"]),
            &Tells::Says(&[
                "invalid_client",
                "client_id is",
                "unknown client",
                "invalid client",
            ]),
        ),
        why: "The authorization server does not accept the URL of a metadata document as client ID.",
        fix: "Leave {option} out, so that the run registers in the way that the server offers, or \
              give --client-id.",
    },
    Cause {
        options: &["client_metadata.url"],
        rules: &["G14"],
        tells: Tells::Says(&["fetch", "reach", "load", "retriev", "download", "timed out"]),
        why: "The authorization server could not use the document at that URL.",
        fix: "Make {option} a URL that the authorization server can fetch and whose document says the \
              same URL as client_id, or leave it out.",
    },
    Cause {
        options: &["initial_access_token"],
        rules: &["G03", "S06/credentials_wanted", "S06/forbidden"],
        tells: Tells::Status(&[401, 403]),
        why: "The registration was sent with that token, and the authorization server does not \
              accept it.",
        fix: "Give a fresh token with {option}, or leave it out where everybody may register.",
    },
    Cause {
        options: &["authorization.request_object"],
        rules: REFUSED,
        tells: Tells::Says(&[
            "request_not_supported",
            "invalid_request_object",
            "request object",
            "request_uri_not_supported",
            "response_type",
            "redirect_uri",
            "redirect uri",
            "response type",
            "missing",
            "required",
        ]),
        why: "The parameters travel in a request object, and this authorization server reads none, \
              or not one that is signed so.",
        fix: "Leave {option} out.",
    },
    Cause {
        options: &["authorization.response_mode"],
        rules: &["A30", "A31", "P03", "A32", "A18"],
        tells: Tells::Says(&["response_mode", "response mode", "form_post"]),
        why: "The authorization server does not answer in that mode.",
        fix: "Leave {option} out: the default is the query.",
    },
    Cause {
        options: &["authorization.response_mode"],
        rules: &["A31"],
        tells: Tells::Told(&["the answer came by GET"]),
        why: "The authorization server answers in the query all the same, so nothing is posted to \
              the redirect URI.",
        fix: "Leave {option} out: the default is the query.",
    },
    Cause {
        options: &["authorization.authorization_details"],
        rules: &["RA1/not_offered"],
        tells: Tells::Always,
        why: "The metadata lists no authorization_details_types_supported, so the authorization \
              server most likely does not know the parameter, and passes it over as it should.",
        fix: "Leave {option} out.",
    },
    Cause {
        options: &["authorization.authorization_details"],
        rules: REFUSED,
        tells: Tells::Says(&["authorization_details", "authorization details"]),
        why: "The authorization server does not know one of these details, or none at all.",
        fix: "Leave {option} out, or use the types that the metadata lists in \
              authorization_details_types_supported.",
    },
    Cause {
        options: &["authorization.parameters"],
        rules: REFUSED,
        tells: Tells::SaysItsName,
        why: "The authorization request carries that parameter, and the answer is about it.",
        fix: "Leave {option} out, or give a value that this authorization server takes.",
    },
    Cause {
        options: &["authorization.par"],
        rules: &["M05"],
        tells: Tells::Told(&["pushed_authorization_request_endpoint"]),
        why: "The authorization server accepts no pushed requests.",
        fix: "Leave {option} out.",
    },
    Cause {
        options: &["callback.host", "callback.port", "callback.path"],
        rules: &["S07", "A30", "A31", "P03", "T41", "G03"],
        // What is refused to clients of a kind is refused with the default redirect URI too.
        tells: Tells::Both(
            &Tells::Says(&["redirect"]),
            &Tells::SaysNone(&["web client", "application_type", "application type"]),
        ),
        why: "The redirect URI is made of that, and the authorization server does not accept it.",
        fix: "Leave {option} out, or register the redirect URI that comes of it, byte for byte.",
    },
    Cause {
        options: &["scope"],
        rules: &["A30", "A31", "P03", "DV3", "T41", "T03", "G03"],
        tells: Tells::Both(
            &Tells::BeforeStepUp,
            &Tells::Says(&["invalid_scope", "scope"]),
        ),
        why: "These scopes do not come from the MCP server, and the authorization server does not \
              know one of them, or not for this client.",
        fix: "Leave {option} out, so that the run asks for what the MCP server names; or allow these \
              scopes for the client at the authorization server.",
    },
    Cause {
        options: &["scope"],
        rules: &["T40/lacks_scope", "T40/scope_as_401"],
        tells: Tells::Always,
        why: "The token was asked for with these scopes alone, and the MCP server names others in its \
              challenge.",
        fix: "Leave {option} out, so that the run asks for what the MCP server names, or add what is \
              missing.",
    },
    Cause {
        options: &["scope"],
        rules: &["N05"],
        tells: Tells::Says(&["insufficient_scope", "scope"]),
        why: "The token was asked for with these scopes alone, and the MCP server wants others.",
        fix: "Leave {option} out, so that the run asks for what the MCP server names, or add what is \
              missing.",
    },
    Cause {
        options: &["resource.is"],
        rules: REFUSED,
        tells: Tells::Both(
            &Tells::OtherResource,
            &Tells::Says(&["invalid_target", "resource", "audience", "aadsts9010010"]),
        ),
        why: "It is about the resource, and the one asked for is not what the MCP server names.",
        fix: "Leave {option} out, so that the run names the MCP server's own resource.",
    },
    Cause {
        options: &["resource.is", "authorization.parameters"],
        rules: &["T15", "T40"],
        tells: Tells::Both(&Tells::OtherResource, &Tells::TokenForAnother),
        why: "The run did not ask for a token for this MCP server, and most likely got one for \
              something else.",
        fix: "Leave {option} out, so that the run names the MCP server's own resource.",
    },
    Cause {
        options: &["grant.is"],
        rules: &["M04", "M05", "DV3", "T41", "T03"],
        tells: Tells::Both(
            &Tells::Given("registration.client_id"),
            &Tells::Says(GRANT_REFUSED),
        ),
        why: "The authorization server does not give this grant, or not to this client.",
        fix: "Leave {option} out, so that the grant is chosen from what the server offers, or allow \
              it for the client at the authorization server.",
    },
    Cause {
        options: &["grant.is"],
        rules: &["T41", "T03"],
        tells: Tells::Both(&Tells::GrantNotListed, &Tells::Says(GRANT_REFUSED)),
        why: "The authorization server's metadata does not list this grant, and a request for it is \
              refused.",
        fix: "Leave {option} out, so that the grant is chosen from what the server offers.",
    },
    Cause {
        options: &["grant.is"],
        rules: &["G03"],
        tells: Tells::Both(
            &Tells::Chosen(&[
                "client_credentials",
                "device_code",
                "jwt-bearer",
                "token-exchange",
            ]),
            &Tells::Says(&[
                "grant_type",
                "grant type",
                "redirect_uri",
                "redirect uri",
                "response_type",
                "response type",
            ]),
        ),
        why: "A client for this grant alone is registered without redirect URIs and with the grant \
              type alone, and the authorization server lets no such client register.",
        fix: "Leave {option} out, so that the grant is chosen from what the server offers, or give \
              --client-id with a client that may use it.",
    },
    Cause {
        options: CLIENT,
        rules: &["A31/client_id_unknown"],
        tells: Tells::Always,
        why: "The authorization server does not have this client, or no longer, or in another tenant.",
        fix: "Compare {option} with what the authorization server has for this client, or leave it \
              out so that a client is registered.",
    },
    Cause {
        options: &["token_auth_method"],
        rules: &["A30", "A31", "P03", "DV3", "T41", "T03"],
        tells: Tells::Says(CLIENT_REFUSED),
        why: "The client shows in that way that it is this client, and the authorization server does \
              not take it so.",
        fix: "Leave {option} out, so that the way is chosen that the registration and the metadata \
              name.",
    },
    Cause {
        options: CLIENT,
        rules: &["A30", "A31", "P03", "DV3", "T41", "T03"],
        tells: Tells::Says(CLIENT_REFUSED),
        why: "The client was arranged by hand, and the authorization server does not know it so, or \
              does not take how it shows that it is this client.",
        fix: "Compare {option} with what the authorization server has for this client: give the secret, key \
              or certificate that it is registered with, and the way to show it that it is registered \
              for (--token-auth-method); or leave it out so that a client is registered.",
    },
    Cause {
        options: &["issuer"],
        rules: &["M05"],
        tells: Tells::Told(&["issuer:"]),
        why: "The MCP server does not name that authorization server.",
        fix: "Leave {option} out, or give one of the issuers in authorization_servers, byte for byte.",
    },
    Cause {
        options: &["issuer"],
        rules: &["S01", "R10"],
        tells: Tells::Always,
        why: "The run was told to use that authorization server.",
        fix: "Leave {option} out, or give one of the issuers in authorization_servers, byte for byte.",
    },
    Cause {
        options: &["grant.is"],
        rules: &["M01/absent"],
        tells: Tells::Told(&["device_authorization_endpoint"]),
        why: "The authorization server's metadata has no device_authorization_endpoint, so it most \
              likely has no device grant.",
        fix: "Leave {option} out, so that the grant is chosen from what the server offers.",
    },
    Cause {
        options: &["grant.is"],
        rules: &["M04/default"],
        tells: Tells::Always,
        why: "The authorization server's metadata does not list this grant.",
        fix: "Leave {option} out, so that the grant is chosen from what the server offers.",
    },
    Cause {
        options: &["grant.assertion"],
        rules: &["T41", "T03"],
        tells: Tells::Says(&["invalid_grant", "assertion", "jwt"]),
        why: "What was handed in does not convince the server: another issuer, key or audience than \
              it trusts, or it has expired.",
        fix: "Give a fresh {option} that is made for this authorization server (aud is its issuer).",
    },
    Cause {
        options: &["dpop"],
        rules: &["DP1/not_offered"],
        tells: Tells::Always,
        why: "The metadata has no dpop_signing_alg_values_supported, so the authorization server most \
              likely does not know DPoP, and passes the proof over as it should. The tokens are \
              bearer tokens.",
        fix: "Leave {option} out, or enable DPoP at the authorization server.",
    },
    Cause {
        options: &["dpop"],
        rules: &["T41", "T03"],
        tells: Tells::Says(&["proof-of-possession", "proof of possession"]),
        why: "The token request carries a proof of possession, and the authorization server does not \
              take it, or not beside a client certificate.",
        fix: "Leave {option} out.",
    },
    Cause {
        options: &["dpop"],
        rules: &["T40/bearer_only"],
        tells: Tells::Always,
        why: "The tokens were bound to a key because of that, and the MCP server takes bearer tokens \
              alone.",
        fix: "Leave {option} out.",
    },
    Cause {
        options: &["dpop"],
        rules: &["T41", "T03"],
        // Who judges the proof, or asks for a nonce in it, knows DPoP.
        tells: Tells::Both(
            &Tells::Says(&["dpop"]),
            &Tells::SaysNone(&["invalid_dpop_proof", "use_dpop_nonce"]),
        ),
        why: "The token request carries a proof of possession, and the authorization server does \
              not accept it.",
        fix: "Leave {option} out, or enable DPoP at the authorization server.",
    },
    Cause {
        options: &["call.tool", "call.arguments"],
        rules: &["N05"],
        tells: Tells::Says(&["tool", "argument", "-32602", "invalid params", "validation"]),
        why: "The call is as it was given, and the server knows no such tool or does not accept \
              these arguments.",
        fix: "Correct {option}: the tools and what they take are in the answer to tools/list.",
    },
    Cause {
        options: &["callback.timeout_seconds"],
        rules: &["A18/default"],
        tells: Tells::AtMost(30),
        why: "A person needs longer than that to log in and to agree.",
        fix: "Give more with {option}, or leave it out: the default is 300 seconds.",
    },
];
