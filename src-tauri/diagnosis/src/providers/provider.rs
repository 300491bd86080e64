//! What is known of one authorization server, as data.

use crate::finding::Owner;

/// An authorization server that many people use. What is known of it only ever adds advice.
#[derive(Debug)]
pub struct Provider {
    pub name: &'static str,
    /// Host names of its own.
    pub(super) hosts: &'static [Host],
    /// What else shows it, under a host name of the customer.
    pub(super) traits: &'static [Trait],
    pub(super) cannot: &'static [Cannot],
    /// Findings (code and variant, or code alone) that tell nothing new here: it is so at every
    /// customer's, and works.
    pub(super) usual: &'static [&'static str],
    /// What its error texts mean. The first that fits counts.
    pub(super) texts: &'static [Text],
    /// What to change here, by rule. The first that fits counts.
    pub(super) recipes: &'static [Recipe],
}

/// A provider of which nothing is known.
pub(super) const UNKNOWN: Provider = Provider {
    name: "",
    hosts: &[],
    traits: &[],
    cannot: &[],
    usual: &[],
    texts: &[],
    recipes: &[],
};

#[derive(Debug)]
pub(super) enum Host {
    Is(&'static str),
    /// This domain, or below it.
    Within(&'static str),
    /// Begins with the one and is within the other.
    Below(&'static str, &'static str),
}

impl Host {
    pub fn fits(&self, host: &str) -> bool {
        match self {
            Self::Is(one) => host == *one,
            Self::Within(domain) => is_within(host, domain),
            Self::Below(start, domain) => host.starts_with(start) && is_within(host, domain),
        }
    }
}

/// Whether a host is a domain or below it.
fn is_within(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Something that shows a provider.
#[derive(Debug)]
pub(super) enum Trait {
    /// Nobody else has it.
    Own(Sign),
    /// Others have it too; two of these are needed.
    Shared(Sign),
}

#[derive(Debug)]
pub(super) enum Sign {
    /// The issuer's path has this in it.
    IssuerPath(&'static str),
    /// The path of the URL in this member of the metadata begins and ends so.
    Path(&'static str, &'static str, &'static str),
    /// The path of the URL in this member of the metadata has this in it.
    InPath(&'static str, &'static str),
    /// The metadata has this member.
    Member(&'static str),
    /// This member of the metadata is, or lists, something that has this in it.
    Holds(&'static str, &'static str),
    /// Answers of the authorization server have this header.
    Header(&'static str),
    /// An access token begins so.
    Token(&'static str),
    /// The header of an access token has this member, and it begins so.
    TokenHeader(&'static str, &'static str),
    /// A JWT access token has this claim, and it begins so.
    Claim(&'static str, &'static str),
    /// An error of the authorization server says this.
    Says(&'static str),
}

/// What a provider cannot be set to do: nobody is told to have it do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cannot {
    /// Dynamic client registration.
    Register,
    /// `code_challenge_methods_supported`, though it takes S256.
    AdvertisePkce,
    /// An `aud` that follows `resource`.
    FollowResource,
    /// The document of RFC 8414.
    ServeOauthDocument,
}

/// What an error text means. Places in braces are filled from the run: `{resource}`, `{mcp}`,
/// `{redirect_uri}`, `{client_id}`, `{scope}`, `{issuer}`.
#[derive(Debug)]
pub(super) struct Text {
    /// All of this is in the text, in any case; `a|b` takes either. A number at the end of a part
    /// ends there.
    pub says: &'static [&'static str],
    /// Continues "… refuses the request: ".
    pub cause: &'static str,
    pub owner: Owner,
    pub message: &'static str,
    pub fix: &'static str,
}

/// What to change at a provider about the finding of a rule, with the same places as [`Text`].
#[derive(Debug)]
pub(super) struct Recipe {
    /// The code, or code and variant ("A07", "T15/taken").
    pub rule: &'static str,
    /// The variant of the rule that it is here, where another one has to act.
    pub becomes: Option<&'static str>,
    /// Added to the message.
    pub why: &'static str,
    pub fix: &'static str,
}

/// A recipe that leaves owner and message as they are.
pub(super) const fn fix(rule: &'static str, fix: &'static str) -> Recipe {
    Recipe {
        rule,
        becomes: None,
        why: "",
        fix,
    }
}

/// A recipe with a reason.
pub(super) const fn because(rule: &'static str, why: &'static str, fix: &'static str) -> Recipe {
    Recipe {
        rule,
        becomes: None,
        why,
        fix,
    }
}

/// A provider that supports PKCE and cannot say so: the MCP server has to step in.
pub(super) const fn pkce(why: &'static str) -> Recipe {
    Recipe {
        rule: "A07",
        becomes: Some("provider_silent"),
        why,
        fix: "Put an OAuth proxy in front of it on the MCP server's side, with metadata of its own \
              that says \"code_challenge_methods_supported\": [\"S256\"], and name the proxy in \
              authorization_servers; or use a client that goes on without it, as this one does \
              when you go on anyway.",
    }
}

/// A provider whose tokens carry an audience of its own.
pub(super) const fn audience(why: &'static str, fix: &'static str) -> Recipe {
    Recipe {
        rule: "T15",
        becomes: Some("provider_audience"),
        why,
        fix,
    }
}

/// What a text means, for the authorization server's owner to change.
pub(super) const fn text(
    says: &'static [&'static str],
    cause: &'static str,
    owner: Owner,
    message: &'static str,
    fix: &'static str,
) -> Text {
    Text {
        says,
        cause,
        owner,
        message,
        fix,
    }
}
