//! The one table of all rules.

use std::sync::LazyLock;

use crate::rule::{Rule, RuleInfo};
use crate::rules::*;

/// Every rule, in the order of the flow.
pub(crate) const RULES: &[Rule] = &[
    transport_failure::RULE,
    not_an_mcp_server::RULE,
    forbidden_instead_of_unauthorized::RULE,
    challenge_missing::RULE,
    challenge_unparsable::RULE,
    challenge_without_resource_metadata::RULE,
    error_without_token::RULE,
    scope_malformed::RULE,
    resource_metadata_parameter_wrong::RULE,
    resource_metadata_not_found::RULE,
    resource_metadata_unusable::RULE,
    metadata_is_html::RULE,
    resource_trailing_slash::RULE,
    resource_mismatch::RULE,
    server_metadata_in_resource_metadata::RULE,
    server_metadata_not_found::RULE,
    only_one_metadata_document::RULE,
    issuer_trailing_slash::RULE,
    issuer_mismatch::RULE,
    server_metadata_member_wrong::RULE,
    missing_endpoint::RULE,
    endpoint_insecure::RULE,
    endpoint_of_another_origin::RULE,
    grant_not_offered::RULE,
    endpoint_not_offered::RULE,
    pkce_not_advertised::RULE,
    registration_not_offered::RULE,
    registration_rejected::RULE,
    registration_answer_unusable::RULE,
    registration_status_not_created::RULE,
    registration_answer_differs::RULE,
    secret_for_public_client::RULE,
    registration_management_incomplete::RULE,
    registration_not_deleted::RULE,
    client_document_refused::RULE,
    answer_changed_by_hand::RULE,
    listener_failed::RULE,
    issuer_not_confirmed::RULE,
    credentials_elsewhere::RULE,
    pushed_request_rejected::RULE,
    pushed_answer_unusable::RULE,
    pushed_status_not_created::RULE,
    redirect_uri_rejected::RULE,
    approver_stuck::RULE,
    callback_missing::RULE,
    authorization_refused::RULE,
    callback_without_code::RULE,
    state_altered::RULE,
    iss_missing::RULE,
    iss_wrong::RULE,
    device_request_rejected::RULE,
    device_answer_incomplete::RULE,
    device_not_approved::RULE,
    slow_down_at_interval::RULE,
    token_endpoint_redirects::RULE,
    client_id_ignored_in_basic::RULE,
    token_request_refused::RULE,
    token_response_form_encoded::RULE,
    token_response_unusable::RULE,
    token_error_not_oauth::RULE,
    token_error_malformed::RULE,
    token_response_cacheable::RULE,
    token_type_missing::RULE,
    expires_in_not_a_number::RULE,
    token_answer_member_wrong::RULE,
    media_type_wrong::RULE,
    body_damaged::RULE,
    dpop_nonce_missing::RULE,
    dpop_ignored::RULE,
    dpop_token_unbound::RULE,
    certificate_binding_wrong::RULE,
    code_replay_works::RULE,
    authorization_details_dropped::RULE,
    identity_provider_not_found::RULE,
    issued_token_type_missing::RULE,
    id_jag_type_wrong::RULE,
    id_token_unusable::RULE,
    id_token_issuer_wrong::RULE,
    id_token_audience_wrong::RULE,
    id_token_nonce_wrong::RULE,
    at_hash_wrong::RULE,
    userinfo_subject_wrong::RULE,
    jwks_unusable::RULE,
    jwks_key_missing::RULE,
    signature_wrong::RULE,
    token_expired_at_issue::RULE,
    expires_in_wrong::RULE,
    scope_narrowed::RULE,
    token_audience_wrong::RULE,
    token_not_accepted::RULE,
    insufficient_scope::RULE,
    insufficient_scope_without_scope::RULE,
    endless_step_up::RULE,
    login_not_sufficient::RULE,
    mcp_call_failed::RULE,
    json_rpc_envelope_wrong::RULE,
    refresh_catch_all_error::RULE,
    refresh_invalid_request::RULE,
    refresh_token_rejected::RULE,
    refresh_not_rotated::RULE,
    rotated_token_accepted::RULE,
    refreshes_end_grant::RULE,
    revocation_refused::RULE,
    revoked_token_accepted::RULE,
    introspection_unprotected::RULE,
    introspection_disagrees::RULE,
    side_request_fails::RULE,
    answer_member_wrong::RULE,
    cors_missing::RULE,
    cors_header_missing::RULE,
    cors_header_not_exposed::RULE,
    preflight_redirected::RULE,
    challenge_metadata_ignored::RULE,
    resource_not_sent::RULE,
    resource_of_another_server::RULE,
    scope_not_from_challenge::RULE,
    pkce_not_used::RULE,
    state_weak::RULE,
    token_not_sent::RULE,
    token_in_url::RULE,
    discovery_out_of_order::RULE,
    redirect_uri_not_registered::RULE,
    registered_again::RULE,
    refused_token_used_again::RULE,
    step_up_ignored::RULE,
    iss_not_checked::RULE,
    code_redeemed_again::RULE,
    state_not_checked::RULE,
    gave_up::RULE,
];

/// Every rule with its code, name, level, owner, text and references, in the order of the flow.
pub fn catalogue() -> &'static [RuleInfo] {
    static CATALOGUE: LazyLock<Vec<RuleInfo>> =
        LazyLock::new(|| RULES.iter().map(Rule::info).collect());
    &CATALOGUE
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_rule_has_its_text_under_the_fixed_headings() {
        for rule in catalogue() {
            let headings: Vec<&str> = rule
                .doc
                .lines()
                .filter(|line| line.starts_with('#'))
                .collect();
            let fixed = [
                "# What it looks at",
                "# Why it matters",
                "# How to fix",
                "# References",
            ];
            assert_eq!(headings, fixed, "{}", rule.rule);
            assert!(rule.doc.lines().count() > 10, "{}", rule.rule);
            assert!(
                !rule.title.is_empty() && !rule.title.ends_with('.'),
                "{}",
                rule.rule
            );
        }
    }

    #[test]
    fn every_rule_cites_a_sentence_with_its_address() {
        for rule in catalogue() {
            assert!(!rule.spec.is_empty(), "{}", rule.rule);
            for spec in &rule.spec {
                let known = [
                    "https://www.rfc-editor.org/rfc/",
                    "https://modelcontextprotocol.io/specification/",
                    "https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/",
                    "https://openid.net/specs/",
                    "https://fetch.spec.whatwg.org/",
                    "https://html.spec.whatwg.org/",
                    "https://www.jsonrpc.org/specification",
                ];
                assert!(
                    known.iter().any(|start| spec.url.starts_with(start)),
                    "{}",
                    spec.url
                );
                assert!(
                    spec.quote.len() > 25 && !spec.quote.contains("  "),
                    "{}",
                    spec.quote
                );
            }
        }
    }

    #[test]
    fn codes_and_names_are_unique_and_well_formed() {
        let codes: HashSet<&str> = catalogue().iter().map(|rule| rule.code.as_str()).collect();
        let names: HashSet<&str> = catalogue().iter().map(|rule| rule.rule.as_str()).collect();
        assert_eq!((codes.len(), names.len()), (RULES.len(), RULES.len()));
        let slug = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(names.into_iter().all(slug));
        assert!(codes.into_iter().all(|code| code.len() == 3));
    }
}
