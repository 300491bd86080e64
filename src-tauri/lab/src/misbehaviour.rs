//! The one table of everything that the lab can do wrong.
//!
//! A misbehaviour changes one thing; the line that differs asks for it by name.

/// How much a misbehaviour matters to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Breaks a MUST, or ends the flow.
    Error,
    /// Breaks a SHOULD, or ends the flow of some clients.
    Warning,
    /// Worth knowing; nothing breaks.
    Note,
}

macro_rules! misbehaviours {
    (
        ALL $($variant:ident $code:literal $slug:literal $severity:ident $title:literal $sentence:literal)+;
        EXTENDED $($more:ident $mcode:literal $mslug:literal $mseverity:ident $mtitle:literal $msentence:literal)+;
    ) => {
        /// One named way in which the lab goes wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Misbehaviour {
            $(#[doc = $sentence] $variant,)+
            $(#[doc = $msentence] $more,)+
        }

        impl Misbehaviour {
            /// Every misbehaviour that a run of the usual flow meets, in the order of the
            /// catalogue.
            pub const ALL: &[Misbehaviour] = &[$(Misbehaviour::$variant,)+];
            /// Further ones: most show only to a client that uses an extension, replays, steps up
            /// or looks closely.
            pub const EXTENDED: &[Misbehaviour] = &[$(Misbehaviour::$more,)+];

            fn row(self) -> &'static Row {
                match self {
                    $(Misbehaviour::$variant => &Row {
                        code: $code,
                        slug: $slug,
                        severity: Severity::$severity,
                        title: $title,
                        sentence: $sentence,
                    },)+
                    $(Misbehaviour::$more => &Row {
                        code: $mcode,
                        slug: $mslug,
                        severity: Severity::$mseverity,
                        title: $mtitle,
                        sentence: $msentence,
                    },)+
                }
            }
        }
    };
}

misbehaviours! {
    ALL
    ServerMetadataNotFound "S01" "server_metadata_not_found" Error
        "Wrong authorization server domain"
        "The resource metadata names an authorization server that answers 404 at every well-known URL."
    RegistrationNotOffered "S06" "registration_not_offered" Error
        "No dynamic registration"
        "The authorization server has no registration endpoint; only pre-registered clients get on."
    RedirectUriRejected "S07" "redirect_uri_rejected" Error
        "Loopback redirect URI refused"
        "Registration accepts a loopback redirect URI, but the authorize page refuses its random port."
    OnlyOneMetadataDocument "S08" "only_one_metadata_document" Note
        "Only one metadata document"
        "Only openid-configuration is served; clients that ask for oauth-authorization-server get 404."
    ResourceMetadataParameterWrong "S09" "resource_metadata_parameter_wrong" Error
        "Wrong challenge parameter"
        "The challenge says resource with a relative path instead of resource_metadata with a full URL."
    ServerMetadataInResourceMetadata "S10" "server_metadata_in_resource_metadata" Note
        "Server metadata in the wrong document"
        "The resource metadata carries a field that belongs to the authorization server's metadata."
    RefreshCatchAllError "S11" "refresh_catch_all_error" Error
        "Catch-all error on refresh"
        "Every refresh answers invalid_request with nothing a client could act on, so it is stuck."
    RefreshTokenRejected "S12" "refresh_token_rejected" Note
        "Refresh token no longer valid"
        "A refresh answers invalid_grant, so the client has to forget its tokens and authorize afresh."
    TokenExpiresEarly "S13" "token_expires_early" Note
        "Access token expires at once"
        "Nothing is wrong: the first access token expires right away and the refresh token gets a new one."
    ChallengeMissing "D01" "challenge_missing" Error
        "No challenge"
        "The 401 comes without WWW-Authenticate, so clients cannot tell that OAuth is wanted."
    ChallengeWithoutResourceMetadata "D02" "challenge_without_resource_metadata" Note
        "Challenge without resource metadata"
        "The challenge does not say where the resource metadata is; clients that only read it get no further."
    ForbiddenInsteadOfUnauthorized "D04" "forbidden_instead_of_unauthorized" Error
        "403 instead of 401"
        "A request without a token is answered 403, so clients do not begin to authorize."
    MetadataIsHtml "D15" "metadata_is_html" Error
        "Metadata is a web page"
        "A catch-all route answers two of the well-known URLs with 200 and an HTML page."
    ResourceTrailingSlash "R01" "resource_trailing_slash" Error
        "Resource with a trailing slash"
        "The resource in the resource metadata has a slash at its end that the server's URL does not have."
    ResourceMismatch "R02" "resource_mismatch" Error
        "Resource of another origin"
        "The resource metadata describes the authorization server's URL instead of the MCP server's."
    IssuerTrailingSlash "R07" "issuer_trailing_slash" Error
        "Issuer with a trailing slash"
        "The issuer in the server metadata has a slash at its end that the resource metadata does not have."
    IssuerMismatch "R10" "issuer_mismatch" Error
        "Issuer of another host"
        "The server metadata names an issuer on another host than the one it was fetched from."
    IssWrong "R12" "iss_wrong" Error
        "Wrong iss in the callback"
        "The authorization response names an issuer that is not the one of the server metadata."
    IssMissing "R13" "iss_missing" Error
        "No iss in the callback"
        "The server metadata promises iss in the authorization response, but none is sent."
    RegistrationStatusNotCreated "G06" "registration_status_not_created" Warning
        "Registration answers 200"
        "A successful registration is answered 200 instead of 201, which strict clients refuse."
    SecretForPublicClient "G07" "secret_for_public_client" Warning
        "Secret for a public client"
        "A client that registers without authentication is given a secret all the same."
    StateAltered "A05" "state_altered" Error
        "No state in the callback"
        "The authorization response leaves out the state that the request carried."
    PkceNotAdvertised "A07" "pkce_not_advertised" Error
        "PKCE not advertised"
        "The server metadata has no code_challenge_methods_supported, so clients have to refuse."
    TokenResponseFormEncoded "T01" "token_response_form_encoded" Error
        "Token answer is not JSON"
        "The token endpoint answers in form encoding instead of JSON."
    RefreshInvalidRequest "T05" "refresh_invalid_request" Error
        "Wrong error for a dead refresh token"
        "A dead refresh token is answered invalid_request where invalid_grant is due, so clients keep it."
    TokenAudienceWrong "T15" "token_audience_wrong" Error
        "Access token for another audience"
        "The access token is meant for the authorization server, so the MCP server refuses it."
    TokenResponseCacheable "C01" "token_response_cacheable" Warning
        "Token answer may be cached"
        "The token answer comes without Cache-Control: no-store."
    TransportFailure "N01" "transport_failure" Error
        "Authorization server is not there"
        "The resource metadata names an authorization server at a port where nothing listens."
    NotAnMcpServer "N02" "not_an_mcp_server" Error
        "A web page instead of an MCP server"
        "The MCP endpoint answers every call with 200 and an HTML page."
    ResourceMetadataNotFound "N03" "resource_metadata_not_found" Error
        "No resource metadata"
        "The challenge names the resource metadata, but both of its well-known URLs answer 404."
    ResourceMetadataUnusable "N04" "resource_metadata_unusable" Error
        "No authorization server named"
        "The resource metadata has no authorization_servers, so clients do not know where to authorize."
    McpCallFailed "N05" "mcp_call_failed" Error
        "Tools cannot be listed"
        "Authorization works, and then tools/list is answered with an internal error."
    ChallengeUnparsable "D40" "challenge_unparsable" Error
        "Challenge cannot be read"
        "The challenge lacks its last quotation mark, so clients take it for none at all."
    ErrorWithoutToken "D41" "error_without_token" Warning
        "Error before there was a token"
        "The challenge to a call without any token says that the token is invalid."
    ScopeMalformed "A08" "scope_malformed" Warning
        "Scope with a space at its beginning"
        "The scope in the challenge begins with a space, which clients send on as it is."
    MissingEndpoint "M01" "missing_endpoint" Error
        "No token endpoint"
        "The server metadata has no token_endpoint, so there is nowhere to redeem a code."
    EndpointInsecure "M02" "endpoint_insecure" Error
        "Endpoint without TLS"
        "The server metadata names an endpoint on another machine by plain http."
    EndpointOfAnotherOrigin "M03" "endpoint_of_another_origin" Note
        "Endpoint of another origin"
        "The token endpoint is on another host name than the issuer. That is allowed, and worth a look."
    RegistrationRejected "G03" "registration_rejected" Error
        "Registration refused"
        "Every registration is refused with invalid_redirect_uri."
    ClientIdIgnoredInBasic "G09" "client_id_ignored_in_basic" Error
        "Client ID wanted twice"
        "Clients have to authenticate by Basic, but the token endpoint looks for client_id in the body."
    RegistrationAnswerUnusable "G20" "registration_answer_unusable" Error
        "Registration without client ID"
        "A registration is answered 201 and the answer holds no client_id."
    ScopeNarrowed "A20" "scope_narrowed" Error
        "Less scope than asked for"
        "offline_access is asked for and not granted, and the token answer does not say so."
    AuthorizationRefused "A30" "authorization_refused" Error
        "Authorization request refused"
        "Every authorization request comes back with invalid_scope."
    ApproverStuck "A31" "approver_stuck" Error
        "Login that nobody fills in"
        "The login form comes empty, so a run without a browser needs user name and password."
    CallbackWithoutCode "A32" "callback_without_code" Error
        "No code in the callback"
        "The authorization response carries neither a code nor an error."
    TokenResponseUnusable "T02" "token_response_unusable" Error
        "Token error with status 200"
        "The token endpoint reports its errors with status 200, and there is always one."
    TokenErrorNotOauth "T03" "token_error_not_oauth" Error
        "Token error without error code"
        "The token endpoint answers 400 with a message and without the error that clients look for."
    TokenEndpointRedirects "T04" "token_endpoint_redirects" Error
        "Token endpoint redirects"
        "A POST to the token endpoint is redirected to the same path with a slash at its end."
    InsufficientScope "T19" "insufficient_scope" Error
        "More scope wanted than asked for"
        "Listing tools needs mcp:write, while challenge and resource metadata speak of mcp:read alone."
    TokenNotAccepted "T40" "token_not_accepted" Error
        "Access token not accepted"
        "The MCP server takes no token of its authorization server, whatever is in it."
    TokenRequestRefused "T41" "token_request_refused" Error
        "Code not accepted"
        "Every authorization code is refused with invalid_grant."
    TokenTypeMissing "T42" "token_type_missing" Error
        "Token answer without token_type"
        "The token answer does not say of which type the access token is."
    ExpiresInNotANumber "T45" "expires_in_not_a_number" Warning
        "Token lifetime in quotes"
        "The token answer gives expires_in as a text of digits."
    TokenAnswerMemberWrong "T46" "token_answer_member_wrong" Warning
        "Token lifetime of ages"
        "The token answer has a point in time in milliseconds where expires_in has to be."
    ServerMetadataMemberWrong "M06" "server_metadata_member_wrong" Error
        "No response types in the metadata"
        "The authorization server metadata lacks response_types_supported, which is required."
    RegistrationAnswerDiffers "G21" "registration_answer_differs" Warning
        "Other redirect URI registered"
        "The registration answers another redirect URI than the client asked for."
    MediaTypeWrong "B01" "media_type_wrong" Warning
        "Metadata announced as text"
        "The authorization server metadata is JSON and comes as text/plain."
    BodyDamaged "B02" "body_damaged" Warning
        "A member twice in the metadata"
        "The authorization server metadata has issuer twice, and the first one is another server's."
    JsonRpcEnvelopeWrong "N06" "json_rpc_envelope_wrong" Error
        "Another JSON-RPC id"
        "The answer to tools/list carries another id than the request."
    RefreshNotRotated "C02" "refresh_not_rotated" Warning
        "Refresh token not rotated"
        "A refresh brings no new refresh token, and the old one of a public client stays good."
    TokenExpiredAtIssue "J02" "token_expired_at_issue" Error
        "Access token expired when issued"
        "The exp in the access token is a minute before it was issued, whatever expires_in says."
    ExpiresInWrong "J05" "expires_in_wrong" Warning
        "expires_in too long"
        "The token answer promises a life twice as long as the exp of the access token."
    RegistrationManagementIncomplete "G30" "registration_management_incomplete" Warning
        "Registration cannot be managed"
        "A registration is answered with a registration_access_token and without the URL to use it at.";

    EXTENDED
    CorsMissing "S02" "cors_missing" Warning
        "No cross-origin headers"
        "No answer carries Access-Control-Allow-Origin, so clients in a browser cannot read any of them."
    CorsHeaderMissing "S03" "cors_header_missing" Warning
        "Request header not allowed"
        "The preflight answer does not allow the headers of MCP, so clients in a browser cannot send them."
    CorsHeaderNotExposed "S20" "cors_header_not_exposed" Warning
        "Challenge hidden from pages"
        "No answer carries Access-Control-Expose-Headers, so clients in a browser see no challenge."
    PreflightRedirected "S04" "preflight_redirected" Warning
        "Preflight is redirected"
        "A preflight request is redirected to https, which browsers do not follow."
    CodeReplayWorks "T13" "code_replay_works" Error
        "Code works twice"
        "An authorization code can be exchanged again within its minute."
    EndlessStepUp "T20" "endless_step_up" Error
        "Step-up without end"
        "Calling write_note is answered insufficient_scope whatever the access token holds."
    InsufficientScopeWithoutScope "T43" "insufficient_scope_without_scope" Warning
        "Step-up without a scope"
        "The insufficient_scope challenge does not say which scope is needed."
    JwksKeyMissing "J01" "jwks_key_missing" Error
        "Signing key not published"
        "The JWK set holds another key than the one that signs the tokens."
    IdTokenNonceWrong "O01" "id_token_nonce_wrong" Error
        "Wrong nonce in the ID token"
        "The ID token holds another nonce than the authorization request."
    IdTokenAudienceWrong "O02" "id_token_audience_wrong" Error
        "ID token for another client"
        "The audience of the ID token is another client."
    AccessTokenHashWrong "O03" "at_hash_wrong" Error
        "Wrong at_hash in the ID token"
        "The at_hash in the ID token is not that of the access token."
    DpopIgnored "DP1" "dpop_ignored" Warning
        "Proof of possession ignored"
        "The token endpoint ignores the DPoP proof and issues a bearer token."
    DpopTokenUnbound "DP2" "dpop_token_unbound" Error
        "DPoP token without a key"
        "The token_type is DPoP, but the access token says nothing of the key that it is bound to."
    PushedStatusNotCreated "P01" "pushed_status_not_created" Warning
        "Pushed request answers 200"
        "A pushed authorization request is answered 200 instead of 201."
    AuthorizationDetailsDropped "RA1" "authorization_details_dropped" Error
        "Authorization details not returned"
        "The token answer leaves out the authorization_details that were granted."
    MixUp "A34" "mix_up" Error
        "Browser sent to another server"
        "The authorization endpoint sends the browser on to another authorization server, to get its code."
    RegistrationNotDeleted "G31" "registration_not_deleted" Warning
        "Deletion answers 200"
        "Deleting a registration is answered 200 instead of 204."
    CredentialsElsewhere "G32" "credentials_elsewhere" Error
        "Registration managed elsewhere"
        "registration_client_uri is on another origin than the authorization server."
    ClientDocumentRefused "G14" "client_document_refused" Error
        "Client document never fetched"
        "The metadata offers client metadata documents, and no document is ever fetched."
    PushedAnswerUnusable "P02" "pushed_answer_unusable" Error
        "Pushed request without request_uri"
        "A pushed authorization request is answered 201, and the answer holds no request_uri."
    PushedRequestRejected "P03" "pushed_request_rejected" Error
        "Pushed request refused"
        "Every pushed authorization request is refused with invalid_request."
    DeviceAnswerIncomplete "DV1" "device_answer_incomplete" Error
        "Device answer in an old spelling"
        "The device authorization answer says verification_url where clients look for verification_uri."
    DeviceNotApproved "DV2" "device_not_approved" Error
        "Device code expires at once"
        "Every poll is answered expired_token, so that nobody can approve a device."
    DeviceRequestRejected "DV3" "device_request_rejected" Error
        "Device request refused"
        "Every device authorization request is refused with unauthorized_client."
    SlowDownAtInterval "DV4" "slow_down_at_interval" Warning
        "Slow down, whatever the interval"
        "The first poll of a device is answered slow_down, however long it waited."
    CertificateBindingWrong "MT1" "certificate_binding_wrong" Error
        "Token for another certificate"
        "The access token is bound to another certificate than the one that its client shows."
    DpopNonceMissing "DP3" "dpop_nonce_missing" Error
        "Nonce wanted and not given"
        "The token endpoint wants a nonce in every DPoP proof, and never says which."
    RotatedTokenAccepted "C03" "rotated_token_accepted" Warning
        "Old refresh token stays good"
        "A refresh brings a new refresh token, and the old one of a public client goes on working."
    JwksUnusable "J03" "jwks_unusable" Error
        "No key set"
        "A web page is served where the metadata says that the keys are."
    SignatureWrong "J04" "signature_wrong" Error
        "Another key under the same name"
        "The published key has the kid of the one that signs, and is another."
    IdTokenIssuerWrong "O04" "id_token_issuer_wrong" Error
        "ID token of another issuer"
        "The ID token names an issuer that is not the one of the server metadata."
    IdTokenUnusable "O05" "id_token_unusable" Error
        "ID token about nobody"
        "The ID token has no sub, so it does not say who logged in."
    UserinfoSubjectWrong "O06" "userinfo_subject_wrong" Error
        "UserInfo about somebody else"
        "UserInfo answers with another sub than the ID token has."
    LoginNotSufficient "T44" "login_not_sufficient" Error
        "Second factor never asked for"
        "The authorization server takes acr_values and asks for a password all the same."
    RevokedTokenAccepted "V01" "revoked_token_accepted" Warning
        "Revocation without effect"
        "A revocation is answered 200, and the token goes on working."
    RevocationRefused "V02" "revocation_refused" Warning
        "Revocation refused"
        "Every revocation is refused with invalid_client."
    IntrospectionDisagrees "V03" "introspection_disagrees" Warning
        "Introspection knows no token"
        "Introspection calls every token inactive, also those that the MCP server takes."
    IntrospectionUnprotected "V04" "introspection_unprotected" Note
        "Introspection for everybody"
        "The introspection endpoint wants no client authentication."
    TokenErrorMalformed "T47" "token_error_malformed" Warning
        "401 for a used code"
        "A code that comes a second time is answered invalid_grant with status 401."
    SideRequestFails "N07" "side_request_fails" Warning
        "Introspection fails"
        "The introspection endpoint answers 500, because it does not reach its own store."
    AnswerMemberWrong "B03" "answer_member_wrong" Warning
        "Flag as text"
        "Introspection says active in quotes, as a text."
    GrantNotOffered "M04" "grant_not_offered" Error
        "Few grants listed"
        "The server metadata lists authorization_code and refresh_token as the only grants."
    EndpointNotOffered "M05" "endpoint_not_offered" Note
        "No introspection"
        "The server metadata has no introspection_endpoint, so nobody can ask about a token."
    IdentityProviderNotFound "X03" "identity_provider_not_found" Error
        "Identity provider without metadata"
        "The identity provider answers 404 at every well-known URL."
    IssuedTokenTypeMissing "X01" "issued_token_type_missing" Error
        "Exchange without token type"
        "The identity provider does not say what its token exchange issued."
    IdJagTypeWrong "X02" "id_jag_type_wrong" Error
        "ID-JAG of another type"
        "The header of the identity provider's ID-JAG says JWT where it has to say oauth-id-jag+jwt.";
}

struct Row {
    code: &'static str,
    slug: &'static str,
    severity: Severity,
    title: &'static str,
    sentence: &'static str,
}

impl Misbehaviour {
    /// The stable name, also that of the rule it proves.
    pub fn slug(self) -> &'static str {
        self.row().slug
    }

    /// The short stable code, such as `S01`.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// A few words for a card's head.
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// One plain sentence for a card.
    pub fn sentence(self) -> &'static str {
        self.row().sentence
    }

    /// The sign of the card.
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// Finds a misbehaviour by code or slug, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let named =
            |m: &Self| m.code().eq_ignore_ascii_case(text) || m.slug().eq_ignore_ascii_case(text);
        Self::ALL.iter().chain(Self::EXTENDED).copied().find(named)
    }

    /// Whether it is the identity provider that goes wrong.
    pub(crate) fn is_of_identity_provider(self) -> bool {
        matches!(
            self,
            Self::IdentityProviderNotFound | Self::IssuedTokenTypeMissing | Self::IdJagTypeWrong
        )
    }

    /// Whether the first access token of a run is refused after the MCP handshake, so that a client
    /// comes to a refresh within that run.
    pub(crate) fn expires_early(self) -> bool {
        matches!(
            self,
            Self::RefreshCatchAllError
                | Self::RefreshTokenRejected
                | Self::RefreshInvalidRequest
                | Self::TokenExpiresEarly
                | Self::RefreshNotRotated
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_is_found_by_code_and_slug() {
        let known: Vec<_> = Misbehaviour::ALL
            .iter()
            .chain(Misbehaviour::EXTENDED)
            .collect();
        for m in known.iter().copied().copied() {
            assert_eq!(Misbehaviour::parse(&m.code().to_lowercase()), Some(m));
            assert_eq!(Misbehaviour::parse(&m.slug().to_uppercase()), Some(m));
            assert!(
                m.sentence().ends_with('.') && m.sentence().len() < 110,
                "{}",
                m.slug()
            );
            assert!(
                !m.title().is_empty() && m.title().len() < 45,
                "{}",
                m.slug()
            );
        }
        assert_eq!(Misbehaviour::parse("healthy"), None);
        let codes: HashSet<_> = known.iter().map(|m| m.code()).collect();
        let slugs: HashSet<_> = known.iter().map(|m| m.slug()).collect();
        assert_eq!((codes.len(), slugs.len()), (known.len(), known.len()));
    }
}
