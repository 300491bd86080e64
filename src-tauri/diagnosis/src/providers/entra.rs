//! Microsoft Entra.

use crate::finding::Owner;

use super::provider::{Cannot, Host, Provider, Sign, Trait, audience, because, fix, pkce, text};

pub(super) const PROVIDER: Provider = Provider {
    name: "Microsoft Entra",
    hosts: &[
        Host::Within("microsoftonline.com"),
        Host::Within("microsoftonline.us"),
        Host::Within("partner.microsoftonline.cn"),
        Host::Within("ciamlogin.com"),
        Host::Within("b2clogin.com"),
        Host::Is("sts.windows.net"),
    ],
    traits: &[
        Trait::Own(Sign::Member("tenant_region_scope")),
        Trait::Own(Sign::Member("cloud_instance_name")),
        Trait::Own(Sign::Member("msgraph_host")),
        Trait::Own(Sign::Header("x-ms-ests-server")),
        Trait::Own(Sign::Says("AADSTS")),
        Trait::Shared(Sign::Header("x-ms-request-id")),
        Trait::Own(Sign::Claim("iss", "https://sts.windows.net/")),
        Trait::Shared(Sign::Claim("tid", "")),
    ],
    cannot: &[
        Cannot::Register,
        Cannot::AdvertisePkce,
        Cannot::FollowResource,
        Cannot::ServeOauthDocument,
    ],
    usual: &["S08", "M03", "T15/taken"],
    texts: &[
        text(
            &["AADSTS9010010|invalid_target"],
            "resource is not the ID URI of the scope's API",
            Owner::AuthorizationServer,
            "Entra takes resource only when it is the Application ID URI of the API \
              that the scope belongs to.",
            "In the Entra admin center, under Expose an API, set the Application ID \
              URI to {resource}, byte for byte; or leave resource away in this run \
              (--resource off).",
        ),
        text(
            &["AADSTS901002"],
            "it does not accept the resource parameter",
            Owner::AuthorizationServer,
            "This endpoint of Entra refuses resource.",
            "Leave resource away in this run (--resource off) and ask for the scope \
              ID-URI/.default; or put an OAuth proxy in front that drops resource.",
        ),
        text(
            &["AADSTS50011"],
            "it does not know this redirect URI",
            Owner::AuthorizationServer,
            "The redirect URI is not among those of the app registration; for \
              http://localhost the port does not count, the path does.",
            "In the Entra admin center, under Authentication, Mobile and desktop \
              applications, add {redirect_uri}; http://127.0.0.1 goes in through the \
              manifest only.",
        ),
        text(
            &["AADSTS500113"],
            "no redirect URI is registered",
            Owner::AuthorizationServer,
            "The app registration has no redirect URI at all.",
            "In the Entra admin center, under Authentication, add the platform Mobile \
              and desktop applications with {redirect_uri}.",
        ),
        text(
            &["AADSTS65001"],
            "nobody consented to this application",
            Owner::AuthorizationServer,
            "Neither the user nor an administrator has consented to these permissions.",
            "In the Entra admin center, under API permissions of the client, add the \
              scope of your API and grant admin consent.",
        ),
        text(
            &["AADSTS65004"],
            "the user said no",
            Owner::Nobody,
            "The user declined at the consent page.",
            "Nothing has to change. Start again and agree.",
        ),
        text(
            &["AADSTS90094"],
            "an administrator has to consent",
            Owner::AuthorizationServer,
            "The tenant lets only administrators consent to this.",
            "In the Entra admin center, under Enterprise applications, this client, \
              Permissions, grant admin consent.",
        ),
        text(
            &["AADSTS7000218"],
            "it wants a secret from this client",
            Owner::AuthorizationServer,
            "The app registration is a confidential one: its platform is Web, or \
              public client flows are off.",
            "In the Entra admin center, under Authentication, use the platform Mobile \
              and desktop applications and turn on Allow public client flows.",
        ),
        text(
            &["AADSTS7000215"],
            "the client secret is wrong",
            Owner::Client,
            "The secret that was sent is not one of the app registration.",
            "Give this run the value of a client secret (--client-secret): the value, \
              and its ID is another text.",
        ),
        text(
            &["AADSTS700016"],
            "the tenant does not know this client",
            Owner::Client,
            "There is no app registration with this ID in the tenant.",
            "Give this run the application (client) ID of an app registration of this \
              tenant (--client-id).",
        ),
        text(
            &["AADSTS650053"],
            "the scope does not exist at Microsoft Graph",
            Owner::McpServer,
            "A scope without a URI before it is looked up at Microsoft Graph.",
            "Write the scope with the Application ID URI of your API before it into \
              scopes_supported and the challenge (api://CLIENT-ID/{scope}).",
        ),
        text(
            &["AADSTS70011"],
            "it does not know this scope",
            Owner::McpServer,
            "The scope is not one that an API in this tenant exposes.",
            "Write the scope with the Application ID URI of your API before it into \
              scopes_supported and the challenge (api://CLIENT-ID/SCOPE).",
        ),
        text(
            &["AADSTS900144"],
            "a parameter is missing",
            Owner::McpServer,
            "Entra wants a scope in every request, and the MCP server names none.",
            "Name the scope of your API (api://CLIENT-ID/SCOPE) in scopes_supported \
              and in the challenge.",
        ),
        text(
            &["AADSTS50020"],
            "the account is of another tenant",
            Owner::Client,
            "The account that logged in does not exist in this tenant.",
            "Log in with an account of this tenant, or invite the account as a guest.",
        ),
        text(
            &["AADSTS50105"],
            "the user is not assigned to the application",
            Owner::AuthorizationServer,
            "The application wants an assignment, and this user has none.",
            "In the Entra admin center, under Enterprise applications, the application, Users and \
              groups, assign the user or a group of theirs.",
        ),
        text(
            &["AADSTS50194"],
            "the application belongs to one tenant",
            Owner::McpServer,
            "The issuer is the one for all tenants (/common), and the app registration is for its own \
              tenant alone.",
            "Name the issuer of the tenant itself in authorization_servers \
              (https://login.microsoftonline.com/TENANT-ID/v2.0), or make the app registration a \
              multitenant one.",
        ),
        text(
            &["AADSTS500011"],
            "this tenant does not have the API",
            Owner::AuthorizationServer,
            "The API that the scope or resource names is not registered in the tenant, or nobody has \
              consented to it there.",
            "Register the API in this tenant, or have an administrator of this tenant consent to it; \
              check that the issuer names the right tenant.",
        ),
        text(
            &["AADSTS53003"],
            "a Conditional Access policy blocks it",
            Owner::AuthorizationServer,
            "A policy of the tenant does not let this user, device, place or application in.",
            "In the Entra admin center, look at the sign-in log for the Conditional Access policy that \
              applied, and let this application or user through.",
        ),
        text(
            &["AADSTS700025"],
            "a public client has no secret",
            Owner::Client,
            "The app registration is a public client, and a secret was sent.",
            "Run without a client secret, or use the app registration's platform Web.",
        ),
        text(
            &["AADSTS90009"],
            "the application asks for a token for itself",
            Owner::McpServer,
            "Client and API are one app registration. Entra gives it a token only where the API is named \
              by its application (client) ID.",
            "Write the scope with the application (client) ID before it (CLIENT-ID/SCOPE) into \
              scopes_supported and the challenge, or give the client an app registration of its own.",
        ),
        text(
            &["AADSTS650057"],
            "the client has no permission for this API",
            Owner::AuthorizationServer,
            "The API is not among the permissions of the client's app registration.",
            "In the Entra admin center, under API permissions of the client, add the scope of your API \
              and consent to it.",
        ),
        text(
            &["AADSTS90002"],
            "there is no such tenant",
            Owner::McpServer,
            "The tenant in the issuer is not known in this cloud.",
            "Write the issuer with the right tenant ID into authorization_servers, on the host of the \
              cloud that the tenant is in.",
        ),
    ],
    recipes: &[
        fix(
            "S06",
            "In the Entra admin center, create an app registration with the platform \
              Mobile and desktop applications and the redirect URI http://localhost, \
              and give its application (client) ID to this run (--client-id).",
        ),
        pkce(
            "Entra takes PKCE with S256, but its metadata does not say so, and nobody \
              can make it.",
        ),
        audience(
            "Entra puts the API's application (client) ID into aud of v2 tokens, and \
              never the URL.",
            "Make the MCP server expect the application (client) ID of its API as \
              audience. A token for Microsoft Graph (aud \
              00000003-0000-0000-c000-000000000000) means that no scope of the own API \
              was asked for: name it in scopes_supported.",
        ),
        because(
            "T40",
            "Entra puts the API's application (client) ID into aud of v2 tokens; v1 \
              tokens come from https://sts.windows.net/.",
            "Make the MCP server expect the application (client) ID of its API as \
              audience, and set requestedAccessTokenVersion to 2 in the manifest of \
              the API.",
        ),
        because(
            "T40/other_issuer",
            "Tokens of version 1 have https://sts.windows.net/TENANT/ as issuer, and those of \
              version 2 the issuer of the metadata.",
            "In the Entra admin center, under the app registration of the API, Manifest, set \
              requestedAccessTokenVersion to 2.",
        ),
        because(
            "R10",
            "Where the issuer has common or organizations in it, Entra's metadata \
              names {tenantid} instead.",
            "Write https://login.microsoftonline.com/TENANT/v2.0 with the ID of your \
              tenant into authorization_servers.",
        ),
        fix(
            "S01",
            "Write https://login.microsoftonline.com/TENANT/v2.0 with the ID of your \
              tenant into authorization_servers.",
        ),
        fix(
            "S07",
            "In the Entra admin center, under Authentication, Mobile and desktop \
              applications, add {redirect_uri}.",
        ),
        fix(
            "A30",
            "In the Entra admin center, look at Sign-in logs for this request: the \
              AADSTS number names the cause.",
        ),
        fix(
            "T41/refused",
            "In the Entra admin center, look at Sign-in logs for this request: the \
              AADSTS number names the cause.",
        ),
    ],
};
