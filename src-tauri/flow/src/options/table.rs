//! The options and their words. Front-ends offer what stands here, in this order.

use super::choices::{
    BROWSERS, CALLBACK_HOSTS, CLIENTS, GRANTS, REGISTRATION_WAYS, RESOURCES, RESPONSE_MODES,
    REVISIONS, TOKEN_AUTH_METHODS,
};
use super::info::{Choice, Format, Group, GroupInfo, Kind, OptionInfo, Required, Unit};

/// In the order in which they are shown.
pub const GROUPS: &[GroupInfo] = &[
    group(Group::Server, "Server", "", "Flow"),
    group(
        Group::Registration,
        "Registration",
        "automatic",
        "Registration",
    )
    .common(),
    group(Group::Grant, "Grant", "automatic", "Grant").common(),
    group(Group::Scopes, "Scopes", "what the server asks for", "Flow").common(),
    group(Group::Callback, "Callback", "127.0.0.1", "Authorization").common(),
    group(Group::Revision, "Revision", "detect", "Flow").common(),
    group(
        Group::Authorization,
        "Authorization",
        "nothing extra",
        "Authorization",
    ),
    group(Group::Resource, "Resource", "as advertised", "Flow"),
    group(Group::Tokens, "Tokens", "bearer", "Grant"),
    group(
        Group::After,
        "After the flow",
        "nothing more",
        "After the flow",
    ),
    group(Group::Network, "Network", "system settings", "Network"),
    group(Group::Limits, "Limits", "as they are", "Limits"),
];

const PREREGISTERED: &[&str] = &["preregistered"];
const ENTERPRISE: &[&str] = &["enterprise_managed"];

/// Every option.
pub const OPTIONS: &[OptionInfo] = &[
    OptionInfo::new(
        "server_url",
        Group::Server,
        "Server URL",
        "The MCP server's URL",
        text(Format::Any, "https://mcp.example.dev/mcp"),
    )
    .flag("")
    .value_name("URL")
    .unlisted(),
    OptionInfo::new(
        "revision",
        Group::Revision,
        "Revision",
        "The revision of the MCP specification to follow",
        choices(REVISIONS),
    )
    .flag("revision")
    .value_name("REVISION|auto"),
    OptionInfo::new(
        "scope",
        Group::Scopes,
        "Scopes",
        "The scopes to ask for, with blanks between",
        text(Format::Any, "tools:read tools:call"),
    )
    .unset("what the server asks for in its challenge or metadata")
    .short("{}")
    .flag("scope"),
    OptionInfo::new(
        "resource.is",
        Group::Resource,
        "Resource indicator",
        "The resource parameter (RFC 8707)",
        Kind::Choice {
            values: RESOURCES,
            otherwise: Some("resource.uri"),
        },
    )
    .flag("resource")
    .value_name("URI|off")
    .help("The resource indicator to send (RFC 8707), or `off`; by default what the resource metadata names"),
    OptionInfo::new(
        "resource.uri",
        Group::Resource,
        "Resource",
        "Servers compare it byte for byte: a slash at the end makes a difference",
        text(Format::Uri, "https://mcp.example.dev/mcp"),
    )
    .short("{}")
    .required(Required::Yes)
    .when("resource.is", &["given"]),
    // Registration
    OptionInfo::new(
        "client.play_as",
        Group::Registration,
        "Play as",
        "A known client: its User-Agent, registration, redirect URI and rules for scopes are used",
        choices(CLIENTS),
    )
    .short("as {}")
    .flag("as")
    .value_name("CLIENT")
    .help("Play a known client, such as claude-code, chatgpt, cursor, vscode or mcp-remote"),
    OptionInfo::new(
        "client.consent",
        Group::Registration,
        "Register under its name",
        "The authorization server is told the name of the client that is played",
        Kind::Toggle,
    )
    .short("under its name")
    .flag("as-consent"),
    OptionInfo::new(
        "client.no_login",
        Group::Registration,
        "End before the login",
        "The run ends where a user would log in",
        Kind::Toggle,
    )
    .short("no login")
    .flag("no-login"),
    OptionInfo::new(
        "registration.is",
        Group::Registration,
        "Registration",
        "How to become a client of the authorization server",
        choices(REGISTRATION_WAYS),
    )
    .flag("registration")
    .help("How to become a client; auto: with --client-id as that client, else by client metadata document, else dynamically"),
    OptionInfo::new(
        "registration.client_id",
        Group::Registration,
        "Client ID",
        "The ID of a client that the authorization server knows already",
        text(Format::Any, ""),
    )
    .expected("the client_id that the server gave")
    .short("{}")
    .required(Required::Yes)
    .when("registration.is", PREREGISTERED)
    .flag("client-id"),
    OptionInfo::new(
        "registration.client_secret",
        Group::Registration,
        "Client secret",
        "The secret of this client, if it has one",
        Kind::Secret {
            format: Format::Any,
        },
    )
    .short("secret")
    .when("registration.is", PREREGISTERED)
    .flag("client-secret")
    .env("AUTHSCOPE_CLIENT_SECRET"),
    OptionInfo::new(
        "registration.private_key_file",
        Group::Registration,
        "Private key file (PEM)",
        "The private key of this client; it signs an assertion for each token request (private_key_jwt)",
        file("/home/me/client-key.pem"),
    )
    .short("private key")
    .when("registration.is", PREREGISTERED)
    .flag("private-key")
    .value_name("FILE"),
    OptionInfo::new(
        "registration.alg",
        Group::Registration,
        "Algorithm",
        "The algorithm to sign with: ES256, ES384, RS256 or EdDSA",
        Kind::Text {
            format: Format::Any,
            placeholder: "ES256",
            suggestions: &["ES256", "ES384", "RS256", "EdDSA"],
        },
    )
    .unset("the usual one for this kind of key")
    .short("{}")
    .when("registration.is", PREREGISTERED)
    .needs("registration.private_key_file")
    .flag("alg"),
    OptionInfo::new(
        "initial_access_token",
        Group::Registration,
        "Initial access token",
        "Sent with the registration, for servers that let only its holders register; not kept in the settings",
        Kind::Secret {
            format: Format::Any,
        },
    )
    .short("initial access token")
    .when("registration.is", &["auto", "dcr"])
    .flag("initial-access-token")
    .value_name("TOKEN")
    .env("AUTHSCOPE_INITIAL_ACCESS_TOKEN")
    .help("The token to register with, for servers that let only its holders register (RFC 7591)"),
    OptionInfo::new(
        "token_auth_method",
        Group::Registration,
        "Client authentication",
        "How the client shows at the token endpoint who it is; a client with a private key signs",
        choices(TOKEN_AUTH_METHODS),
    )
    .flag("token-auth-method")
    .value_name("METHOD")
    .help("How the client shows at the token endpoint who it is; auto: what suits its credentials and is listed"),
    OptionInfo::new(
        "client_metadata.serve",
        Group::Registration,
        "Serve the client metadata document from here",
        "Authscope serves the document and shows when it is fetched",
        Kind::Toggle,
    )
    .short("document served here")
    .when("registration.is", &["auto", "cimd"])
    .flag("serve-client-metadata")
    .help("Serve a client metadata document on loopback; with --client-metadata-url: the URL a tunnel shows it under"),
    OptionInfo::new(
        "client_metadata.url",
        Group::Registration,
        "URL of the client metadata document",
        "It is the client_id, and the authorization server fetches it. If Authscope serves the document: the URL of your tunnel",
        text(Format::WebUrl, "https://client.example.dev/metadata.json"),
    )
    .unset("none, or one that Authscope serves if this way is chosen")
    .short("{}")
    .when("registration.is", &["auto", "cimd"])
    .flag("client-metadata-url")
    .value_name("URL")
    .help("The URL of your client metadata document, for authorization servers that accept it as \
           client_id"),
    OptionInfo::new(
        "client_metadata.port",
        Group::Registration,
        "Port of the document",
        "The port on which Authscope serves the document",
        number(Unit::Port),
    )
    .unset("a free one")
    .short("port {}")
    .when("registration.is", &["auto", "cimd"])
    .needs("client_metadata.serve")
    .flag("client-metadata-port")
    .value_name("PORT"),
    // Authorization
    OptionInfo::new(
        "browser.is",
        Group::Callback,
        "Browser for the log-in",
        "Who goes through the authorization request",
        choices(BROWSERS),
    )
    .flag("approve")
    .help("Who goes through the authorization request"),
    OptionInfo::new(
        "browser.form",
        Group::Callback,
        "Form values",
        "Values for the fields of login and consent forms; not kept in the settings",
        Kind::Pairs {
            suggestions: &["username", "password"],
        },
    )
    .short("{}")
    .when("browser.is", &["approver"])
    .flag("form")
    .help("A value for a field of a login or consent form; may be given several times"),
    OptionInfo::new(
        "callback.host",
        Group::Callback,
        "Host of the redirect URI",
        "Some servers compare it byte for byte with what was registered",
        choices(CALLBACK_HOSTS),
    )
    .flag("redirect-host")
    .help("The host of the redirect URI"),
    OptionInfo::new(
        "callback.port",
        Group::Callback,
        "Port of the redirect URI",
        "Where Authscope listens for the callback",
        number(Unit::Port),
    )
    .unset("a free one, chosen for each run")
    .short("port {}")
    .flag("redirect-port")
    .help("The port of the redirect URI"),
    OptionInfo::new(
        "callback.path",
        Group::Callback,
        "Path of the redirect URI",
        "Begins with a slash",
        text(Format::UrlPath, "/callback"),
    )
    .short("{}")
    .required(Required::Yes)
    .flag("redirect-path")
    .help("The path of the redirect URI"),
    OptionInfo::new(
        "callback.timeout_seconds",
        Group::Callback,
        "Seconds to wait for the callback",
        "The run stops when the browser does not come back, or a device is not approved, in this time",
        number(Unit::Seconds),
    )
    .short("{} s")
    .flag("callback-timeout")
    .help("Seconds to wait for the callback, or for the approval of a device"),
    OptionInfo::new(
        "callback.probe_after_seconds",
        Group::Callback,
        "Seconds until the login page is looked at",
        "When the browser does not come back for so long, its page is asked for without cookies, \
         to see whether it is an error",
        number(Unit::Seconds),
    )
    .short("{} s")
    .flag("probe-after")
    .help("Seconds of silence until the authorization page is asked for without cookies"),
    OptionInfo::new(
        "authorization.parameters",
        Group::Authorization,
        "Extra parameters",
        "Sent with the authorization request; each replaces the parameter of the same name",
        Kind::Pairs {
            suggestions: &["audience", "prompt", "acr_values", "login_hint"],
        },
    )
    .short("{}")
    .flag("param")
    .help("A parameter of the authorization request (audience, prompt, login_hint, …); may be given several times"),
    OptionInfo::new(
        "authorization.par",
        Group::Authorization,
        "Push the request (PAR)",
        "The authorization request goes to the server first, and the browser carries a reference to it (RFC 9126)",
        Kind::Toggle,
    )
    .short("pushed")
    .flag("par")
    .help("Push the authorization request (RFC 9126) even where that is not demanded"),
    OptionInfo::new(
        "authorization.request_object",
        Group::Authorization,
        "Send a request object",
        "The parameters travel in a JWT, signed if the client has a private key (RFC 9101)",
        Kind::Toggle,
    )
    .short("request object")
    .flag("request-object")
    .help("Send the authorization request as a request object (RFC 9101), signed with --private-key if given"),
    OptionInfo::new(
        "authorization.response_mode",
        Group::Authorization,
        "Response mode",
        "How the browser brings the answer to the redirect URI",
        choices(RESPONSE_MODES),
    )
    .flag("response-mode"),
    OptionInfo::new(
        "authorization.authorization_details",
        Group::Authorization,
        "authorization_details",
        "What the token is to be good for, a JSON array (RFC 9396)",
        Kind::JsonArray,
    )
    .unset("not sent")
    .short("details")
    .flag("authorization-details")
    .value_name("JSON"),
    OptionInfo::new(
        "issuer",
        Group::Authorization,
        "Authorization server",
        "The issuer to use if the resource metadata names several; a secret that you enter is for it alone",
        text(Format::WebUrl, "https://login.example.dev"),
    )
    .unset("the first one named")
    .short("{}")
    .flag("issuer"),
    OptionInfo::new(
        "allow_credentials_to",
        Group::Authorization,
        "Credentials may also go to",
        "Origins, with blanks between: for endpoints that the authorization server's verified metadata does not name, or that are plain http",
        text(Format::Origins, "https://tokens.example.dev"),
    )
    .unset("to no further origin")
    .short("credentials to {}")
    .flag("allow-credentials-to")
    .value_name("ORIGIN")
    .help("An origin that credentials may go to although it is plain http or not vouched for; several with blanks between"),
    // Grant
    OptionInfo::new(
        "grant.is",
        Group::Grant,
        "Grant",
        "How to get a token",
        choices(GRANTS),
    )
    .flag("grant"),
    OptionInfo::new(
        "grant.idp_id_token",
        Group::Grant,
        "ID token",
        "The user's ID token from the identity provider; not kept in the settings",
        Kind::Secret {
            format: Format::Jwt,
        },
    )
    .required(Required::Yes)
    .when("grant.is", ENTERPRISE)
    .flag("idp-id-token")
    .value_name("JWT")
    .env("AUTHSCOPE_IDP_ID_TOKEN")
    .help("The user's ID token from the identity provider, for enterprise-managed authorization"),
    OptionInfo::new(
        "grant.idp_issuer",
        Group::Grant,
        "Issuer of the identity provider",
        "Its metadata says where tokens are exchanged",
        text(Format::WebUrl, "https://idp.example.dev"),
    )
    .required(Required::Without("grant.idp_token_endpoint"))
    .when("grant.is", ENTERPRISE)
    .flag("idp-issuer")
    .value_name("URL")
    .help("The issuer of the identity provider"),
    OptionInfo::new(
        "grant.idp_token_endpoint",
        Group::Grant,
        "Token endpoint of the identity provider",
        "Where the ID token is exchanged",
        text(Format::WebUrl, "https://idp.example.dev/token"),
    )
    .unset("the one that the issuer's metadata names")
    .when("grant.is", ENTERPRISE)
    .flag("idp-token-endpoint")
    .value_name("URL")
    .help("The token endpoint of the identity provider"),
    OptionInfo::new(
        "grant.idp_client_id",
        Group::Grant,
        "Client ID at the identity provider",
        "The ID under which the identity provider knows this client",
        text(Format::Any, ""),
    )
    .expected("a client_id")
    .required(Required::Yes)
    .when("grant.is", ENTERPRISE)
    .flag("idp-client-id")
    .value_name("ID")
    .help("The client's ID at the identity provider"),
    OptionInfo::new(
        "grant.idp_client_secret",
        Group::Grant,
        "Client secret at the identity provider",
        "The secret of this client there; not kept in the settings",
        Kind::Secret {
            format: Format::Any,
        },
    )
    .unset("none")
    .when("grant.is", ENTERPRISE)
    .flag("idp-client-secret")
    .value_name("SECRET")
    .env("AUTHSCOPE_IDP_CLIENT_SECRET")
    .help("The client's secret at the identity provider, if it has one"),
    OptionInfo::new(
        "grant.assertion",
        Group::Grant,
        "Assertion",
        "A JWT for this authorization server from somebody it trusts; not kept in the settings",
        Kind::Secret {
            format: Format::Jwt,
        },
    )
    .required(Required::Yes)
    .when("grant.is", &["jwt_bearer"])
    .flag("assertion")
    .value_name("JWT")
    .env("AUTHSCOPE_ASSERTION")
    .help("An assertion that somebody else issued, for jwt-bearer (RFC 7523 section 2.1)"),
    OptionInfo::new(
        "dpop",
        Group::Tokens,
        "Bind the tokens to a key (DPoP)",
        "Each request proves that the client has the key (RFC 9449). Off: only if the MCP server demands it",
        Kind::Toggle,
    )
    .short("DPoP")
    .flag("dpop")
    .help("Bind the tokens to a key (RFC 9449); by default only if the MCP server demands it"),
    OptionInfo::new(
        "use_stored_token",
        Group::Tokens,
        "Use a stored token if there is one",
        "Off: the flow begins without a token, whatever the keychain holds",
        Kind::Toggle,
    )
    .short("stored ones not used"),
    // After the flow
    OptionInfo::new(
        "call.tool",
        Group::After,
        "Call a tool",
        "What is called once the tools are listed",
        Kind::Tool,
    )
    .short("call {}")
    .flag("call")
    .value_name("TOOL|first")
    .help("Call this tool at the end; `first` is the first one listed"),
    OptionInfo::new(
        "call.arguments",
        Group::After,
        "Arguments of the tool",
        "The arguments of the tool, a JSON object; not kept in the settings",
        Kind::JsonObject,
    )
    .unset("{}")
    .needs("call.tool")
    .flag("args")
    .value_name("JSON"),
    OptionInfo::new(
        "then",
        Group::After,
        "Actions",
        "Done in this order once the flow has reached its end",
        Kind::Actions,
    )
    .short("{}"),
    // Network
    OptionInfo::new(
        "network.proxy",
        Group::Network,
        "Proxy",
        "An http, https or socks5 URL; all requests but those to this machine go through it",
        text(Format::ProxyUrl, "http://127.0.0.1:8080"),
    )
    .unset("HTTP_PROXY and HTTPS_PROXY are used")
    .short("proxy")
    .flag("proxy")
    .help("Proxy for all requests but those to this machine: an http, https or socks5 URL"),
    OptionInfo::new(
        "network.proxy_loopback",
        Group::Network,
        "Proxy this machine too",
        "Requests to localhost, 127.0.0.1 and [::1] go through the proxy, the callback as well",
        Kind::Toggle,
    )
    .short("proxy for this machine")
    .flag("proxy-loopback")
    .help("Send requests to this machine (localhost, 127.0.0.1, [::1]) through the proxy too"),
    OptionInfo::new(
        "network.ca_files",
        Group::Network,
        "Trusted CA files (PEM)",
        "One path a line; trusted besides the system's certificates",
        Kind::Files,
    )
    .short("CA files")
    .flag("ca")
    .value_name("FILE")
    .help("A PEM file with certificates to trust besides the system's; may be given several times"),
    OptionInfo::new(
        "network.client_certificate.certificate_file",
        Group::Network,
        "Client certificate file (PEM)",
        "With its chain, for servers that ask for one (RFC 8705)",
        file("/home/me/client.pem"),
    )
    .short("client certificate")
    .required(Required::With("network.client_certificate.key_file"))
    .flag("cert")
    .value_name("FILE")
    .help("A PEM file with a certificate of our own, for servers that ask for one (RFC 8705)"),
    OptionInfo::new(
        "network.client_certificate.key_file",
        Group::Network,
        "Key file of the client certificate (PEM)",
        "The private key that belongs to it",
        file("/home/me/client-key.pem"),
    )
    .required(Required::With("network.client_certificate.certificate_file"))
    .flag("key")
    .value_name("FILE")
    .help("The private key of the certificate, a PEM file"),
    OptionInfo::new(
        "network.timeout_seconds",
        Group::Network,
        "Time limit in seconds",
        "An exchange that takes longer fails",
        number(Unit::Seconds),
    )
    .short("limits")
    .flag("timeout")
    .help("Seconds an exchange may take"),
    OptionInfo::new(
        "network.body_limit",
        Group::Network,
        "Body limit",
        "A longer response body is cut off",
        number(Unit::Bytes),
    )
    .short("limits")
    .flag("body-limit")
    .help("Bytes of a response body that are read at most"),
    // Limits
    OptionInfo::new(
        "limits.redirects",
        Group::Limits,
        "Redirects of a request",
        "A request that is redirected more often is judged by its last redirect",
        number(Unit::Times),
    )
    .short("limits")
    .flag("max-redirects")
    .help("Redirects of one request that are followed"),
    OptionInfo::new(
        "limits.pages",
        Group::Limits,
        "Pages of the tool list",
        "A longer list is cut off, also after 100 tools for each of these pages",
        number(Unit::Times),
    )
    .short("limits")
    .flag("max-pages")
    .help("Pages of the tool list that are asked for"),
    OptionInfo::new(
        "limits.step_ups",
        Group::Limits,
        "Authorizations for more scope",
        "An MCP server that then still asks for more scope, or another login, ends the flow",
        number(Unit::Times),
    )
    .short("limits")
    .flag("max-step-ups")
    .help("Authorizations for more scope or another login before the flow gives up"),
    OptionInfo::new(
        "limits.resumptions",
        Group::Limits,
        "Resumptions of an event stream",
        "A stream that breaks off more often before the answer ends the flow",
        number(Unit::Times),
    )
    .short("limits")
    .flag("max-resumptions")
    .help("Times one broken event stream is resumed"),
    OptionInfo::new(
        "limits.login_requests",
        Group::Limits,
        "Requests of a headless login",
        "A login that takes more requests to come back is given up",
        number(Unit::Times),
    )
    .short("limits")
    .flag("max-login-requests")
    .help("Requests of a headless login, from the authorization request to the callback"),
];

/// # Panics
/// Where there is no such option: ids are written in the code.
pub fn option(id: &str) -> &'static OptionInfo {
    let found = OPTIONS.iter().find(|option| option.id == id);
    found.unwrap_or_else(|| panic!("option {id}: expected one of the table"))
}

const fn group(
    group: Group,
    title: &'static str,
    unchanged: &'static str,
    heading: &'static str,
) -> GroupInfo {
    GroupInfo {
        group,
        title,
        unchanged,
        common: false,
        heading,
    }
}

impl GroupInfo {
    const fn common(mut self) -> Self {
        self.common = true;
        self
    }
}

const fn choices(values: &'static [Choice]) -> Kind {
    Kind::Choice {
        values,
        otherwise: None,
    }
}

const fn text(format: Format, placeholder: &'static str) -> Kind {
    Kind::Text {
        format,
        placeholder,
        suggestions: &[],
    }
}

const fn file(placeholder: &'static str) -> Kind {
    Kind::File { placeholder }
}

const fn number(unit: Unit) -> Kind {
    let max = match unit {
        Unit::Port => 65_535,
        Unit::Seconds => 86_400,
        // What a double holds exactly, as JSON numbers may be read.
        Unit::Bytes => (1 << 53) - 1,
        Unit::Times => 10_000,
    };
    Kind::Number { unit, min: 1, max }
}
