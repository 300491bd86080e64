//! Every way to a token that the lab can play, with as much after it as it can be asked for.

use app::lab_scenarios::HEALTHY;
use lab::{CLIENT_PRIVATE_KEY, Lab, LabOptions, WorkloadJwt};
use session::{
    Browser, GrantChoice, IdentityProvider, Options, Registration, ResponseMode, TokenAuthMethod,
};
use test_support::sent::{call, client, client_with_key};
use trace::ActionKind as Do;

pub struct Flow {
    pub name: &'static str,
    pub lab: fn(&mut LabOptions),
    pub run: fn(&Lab, &mut Options),
    /// Parts of the paths that it has to send requests to: else it proves nothing.
    pub reaches: &'static [&'static str],
}

/// In what is typed: it is spelt differently in URLs, forms, JSON and HTML.
pub const MARK: &str = "Tp7~ ü\"&+%=/x";

pub fn typed(name: &str) -> String {
    format!("{name}-{MARK}-4Zq9")
}

pub const FLOWS: &[Flow] = &[
    Flow {
        name: "a client that registers, and all that can be done afterwards",
        lab: |_| {},
        run: |_, run| {
            run.scope = Some("openid offline_access mcp:read".into());
            run.initial_access_token = Some("initial-7Hq2-Access-Token".into());
            run.then = vec![
                Do::Refresh,
                Do::ReuseRotated,
                Do::Introspect,
                Do::Userinfo,
                Do::CheckSignatures,
                Do::ReadRegistration,
                Do::UpdateRegistration,
                Do::ReplayCode,
                Do::CheckCors,
                Do::TryInvalidToken,
            ];
        },
        reaches: &["/register", "/authorize", "/token", "/userinfo", "/jwks"],
    },
    Flow {
        name: "tokens and a registration that end",
        lab: |_| {},
        run: |_, run| {
            run.then = vec![
                Do::Rotate,
                Do::RefreshTwice,
                Do::RevokeAndTry,
                Do::Revoke,
                Do::DeleteRegistration,
            ];
        },
        reaches: &["/register/", "/revoke"],
    },
    Flow {
        name: "a secret in the header",
        lab: |_| {},
        run: |_, run| {
            run.registration = client("lab-confidential", Some("lab-secret"));
            run.token_auth_method = TokenAuthMethod::ClientSecretBasic;
            run.then = vec![Do::Introspect, Do::Revoke];
        },
        reaches: &["/token", "/introspect", "/revoke"],
    },
    Flow {
        name: "a secret in the form",
        lab: |_| {},
        run: |_, run| {
            run.registration = client("lab-confidential", Some("lab-secret"));
            run.token_auth_method = TokenAuthMethod::ClientSecretPost;
            run.then = vec![Do::Refresh];
        },
        reaches: &["/token"],
    },
    Flow {
        name: "a secret that is wrong",
        lab: |_| {},
        run: |_, run| {
            let secret = typed("client_secret");
            run.registration = client("lab-confidential", Some(&secret));
        },
        reaches: &["/token"],
    },
    Flow {
        name: "a client that signs, with a pushed request object",
        lab: |lab| lab.require_par = true,
        run: |_, run| {
            run.registration = client_with_key("lab-jwt", CLIENT_PRIVATE_KEY);
            run.authorization.par = true;
            run.authorization.request_object = true;
            let hint = ("login_hint".to_owned(), "pat-9Xw2@mail.example".to_owned());
            run.authorization.parameters = vec![hint];
        },
        reaches: &["/par", "/token"],
    },
    Flow {
        name: "an answer by form post",
        lab: |_| {},
        run: |_, run| run.authorization.response_mode = ResponseMode::FormPost,
        reaches: &["/callback"],
    },
    Flow {
        name: "a login that is filled in, with a second factor and a step-up",
        lab: |lab| lab.transfer_tool = true,
        run: |_, run| {
            run.call = Some(call("transfer", r#"{"amount": 3}"#));
            run.browser = Browser::Approver {
                form: [
                    ("username", "alice"),
                    ("password", "wonderland"),
                    ("one_time_code", "271828"),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            };
        },
        reaches: &["/token"],
    },
    Flow {
        name: "a login with the wrong password",
        lab: |_| {},
        run: |_, run| {
            let password = ("password".to_owned(), typed("password"));
            run.browser = Browser::Approver {
                form: vec![password],
            };
        },
        reaches: &["/authorize"],
    },
    Flow {
        name: "client credentials",
        lab: |_| {},
        run: |_, run| {
            run.registration = client("lab-confidential", Some("lab-secret"));
            run.grant = GrantChoice::ClientCredentials;
        },
        reaches: &["/token"],
    },
    Flow {
        name: "client credentials by a key",
        lab: |_| {},
        run: |_, run| {
            run.registration = client_with_key("lab-jwt", CLIENT_PRIVATE_KEY);
            run.grant = GrantChoice::ClientCredentials;
        },
        reaches: &["/token"],
    },
    Flow {
        name: "a device",
        lab: |lab| lab.device_polls = Some(1),
        run: |_, run| run.grant = GrantChoice::DeviceCode,
        reaches: &["/device_authorization", "/token"],
    },
    Flow {
        name: "a workload",
        lab: |lab| lab.idp = true,
        run: |lab, run| {
            let assertion = lab.workload_jwt(WorkloadJwt::Valid).expect("asked for");
            run.registration = client("lab-workload", None);
            run.grant = GrantChoice::JwtBearer {
                assertion: assertion.into(),
            };
        },
        reaches: &["/token"],
    },
    Flow {
        name: "an identity provider that vouches",
        lab: |lab| lab.idp = true,
        run: |lab, run| {
            run.registration = client("lab-confidential", Some("lab-secret"));
            run.grant = GrantChoice::EnterpriseManaged(IdentityProvider {
                id_token: lab.id_token().expect("asked for").into(),
                client_id: lab.idp_client_id().expect("asked for").into(),
                client_secret: None,
                issuer: lab.idp_url().map(Into::into),
                token_endpoint: None,
            });
        },
        reaches: &["/token"],
    },
    Flow {
        name: "DPoP with nonces",
        lab: |lab| {
            lab.dpop_nonce = true;
            lab.dpop_required = true;
        },
        run: |_, run| {
            run.dpop = true;
            run.then = vec![Do::Refresh];
        },
        reaches: &["/token"],
    },
    Flow {
        name: "a client metadata document",
        lab: |lab| lab.cimd = true,
        run: |lab, run| {
            run.registration = Registration::Cimd;
            (HEALTHY[1].way.run)(lab, run);
        },
        reaches: &["/token"],
    },
    Flow {
        name: "more scope on the way",
        lab: |_| {},
        run: |_, run| run.call = Some(call("write_note", r#"{"text": "x"}"#)),
        reaches: &["/token"],
    },
];
