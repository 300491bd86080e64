//! Dynamic client registration (RFC 7591) and its management (RFC 7592).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::AuthorizationServer;
use super::clients::{AUTH_METHODS, Client, check_redirect_uri, described};
use crate::clock::now;
use crate::jwt::{PublicKey, random_text};
use crate::web::plain;
use crate::web::{OAuthError, bearer, json_answer, no_store, not_found, scopes};
use crate::{Endpoint, Misbehaviour};

/// `POST /register`
pub(super) async fn register(
    State(server): State<Arc<AuthorizationServer>>,
    body: Bytes,
) -> Response {
    if let Some(answer) = server.wrong_answer(Endpoint::Registration) {
        return answer;
    }
    if !server.offers_registration() {
        return not_found();
    }
    if server.is(Misbehaviour::RegistrationRejected) {
        let text = "The redirect URI is not one that clients may register here";
        return OAuthError::new("invalid_redirect_uri", text).into_response();
    }
    let mut client = match read_metadata(&server, &body) {
        Ok(client) => client,
        Err(error) => return error.into_response(),
    };
    // A client does not choose these.
    client.metadata.shift_remove("client_id");
    client.metadata.shift_remove("client_secret");
    client.id = random_text();
    client.registration_access_token = Some(random_text());
    client
        .metadata
        .insert("client_id_issued_at".to_owned(), json!(now()));
    let shared = !matches!(client.auth_methods[0].as_str(), "none" | "private_key_jwt");
    let for_public =
        server.is(Misbehaviour::SecretForPublicClient) && client.may_authenticate_by("none");
    if shared || for_public {
        client.secret = Some(random_text());
    }
    let mut answer = information(&server, &client);
    if let Some(fields) = answer.as_object_mut()
        && server.is(Misbehaviour::RegistrationAnswerUnusable)
    {
        fields.shift_remove("client_id");
    }
    if server.is(Misbehaviour::RegistrationAnswerDiffers) {
        answer["redirect_uris"] = json!(["https://other.example/callback"]);
    }
    server.store().clients.insert(client.id.clone(), client);
    let status = match server.misbehaviour {
        Some(Misbehaviour::RegistrationStatusNotCreated) => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    no_store(json_answer(status, &answer))
}

/// `GET /register/{client_id}`
pub(super) async fn read(
    State(server): State<Arc<AuthorizationServer>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match managed(&server, &id, &headers) {
        Ok(client) => no_store(json_answer(StatusCode::OK, &information(&server, &client))),
        Err(response) => *response,
    }
}

/// `PUT /register/{client_id}`: replaces the metadata, keeps the credentials.
pub(super) async fn update(
    State(server): State<Arc<AuthorizationServer>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let known = match managed(&server, &id, &headers) {
        Ok(client) => client,
        Err(response) => return *response,
    };
    match updated(&server, &body, known) {
        Ok(client) => {
            let answer = information(&server, &client);
            server.store().clients.insert(id, client);
            no_store(json_answer(StatusCode::OK, &answer))
        }
        Err(error) => error.into_response(),
    }
}

/// `DELETE /register/{client_id}`
pub(super) async fn delete(
    State(server): State<Arc<AuthorizationServer>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match managed(&server, &id, &headers) {
        Ok(_) => {
            server.store().remove_client(&id);
            let status = match server.misbehaviour {
                Some(Misbehaviour::RegistrationNotDeleted) => StatusCode::OK,
                _ => StatusCode::NO_CONTENT,
            };
            no_store(status.into_response())
        }
        Err(response) => *response,
    }
}

/// The client that a registration access token belongs to.
fn managed(
    server: &AuthorizationServer,
    id: &str,
    headers: &HeaderMap,
) -> Result<Client, Box<Response>> {
    if !server.offers_registration() {
        return Err(Box::new(not_found()));
    }
    let store = server.store();
    let matches = |client: &&Client| {
        let (Some(known), Some(given)) = (&client.registration_access_token, bearer(headers))
        else {
            return false;
        };
        bool::from(known.as_bytes().ct_eq(given.as_bytes()))
    };
    store
        .clients
        .get(id)
        .filter(matches)
        .cloned()
        .ok_or_else(|| {
            let challenge = "Bearer error=\"invalid_token\"";
            let description =
                "The registration access token is missing or not the one of this client";
            Box::new(
                OAuthError::unauthorized("invalid_token", description, challenge).into_response(),
            )
        })
}

fn updated(server: &AuthorizationServer, body: &[u8], known: Client) -> Result<Client, OAuthError> {
    let mut client = read_metadata(server, body)?;
    // RFC 7592 section 2.2: the identifier is part of the request, and a secret in it is the
    // current one.
    if client.metadata.shift_remove("client_id") != Some(json!(known.id)) {
        return Err(OAuthError::new(
            "invalid_request",
            "The client_id is missing or another one",
        ));
    }
    let secret = client.metadata.shift_remove("client_secret");
    if secret.is_some() && secret != known.secret.as_ref().map(|known| json!(known)) {
        return Err(OAuthError::new(
            "invalid_request",
            "The client_secret is not the current one",
        ));
    }
    let issued = known
        .metadata
        .get("client_id_issued_at")
        .cloned()
        .unwrap_or_default();
    client
        .metadata
        .insert("client_id_issued_at".to_owned(), issued);
    client.secret = match client.auth_methods[0].as_str() {
        "none" | "private_key_jwt" => None,
        _ => known.secret.or_else(|| Some(random_text())),
    };
    client.registration_access_token = known.registration_access_token;
    client.id = known.id;
    Ok(client)
}

/// The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3).
fn information(server: &AuthorizationServer, client: &Client) -> Value {
    let mut answer = Map::new();
    answer.insert("client_id".to_owned(), json!(client.id));
    if let Some(secret) = &client.secret {
        answer.insert("client_secret".to_owned(), json!(secret));
        // Required beside a secret; 0 means that it does not expire.
        answer.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    answer.append(&mut described(client));
    answer.insert(
        "registration_access_token".to_owned(),
        json!(client.registration_access_token),
    );
    if !server.is(Misbehaviour::RegistrationManagementIncomplete) {
        let base = if server.is(Misbehaviour::CredentialsElsewhere) {
            server.base.replace("127.0.0.1", "localhost")
        } else {
            server.base.clone()
        };
        let uri = format!("{base}/register/{}", client.id);
        answer.insert("registration_client_uri".to_owned(), json!(uri));
    }
    Value::Object(answer)
}

fn read_metadata(server: &AuthorizationServer, body: &[u8]) -> Result<Client, OAuthError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(metadata)) => client_of(server, metadata),
        _ => Err(OAuthError::new(
            "invalid_client_metadata",
            "The request is not a JSON object",
        )),
    }
}

/// A client from its metadata; without identifier and credentials.
///
/// # Errors
/// `invalid_redirect_uri` or `invalid_client_metadata` (RFC 7591 section 3.2.2).
pub(super) fn client_of(
    server: &AuthorizationServer,
    mut metadata: Map<String, Value>,
) -> Result<Client, OAuthError> {
    let wrong = |text: String| OAuthError::new("invalid_client_metadata", text);
    let redirect_uris = texts(&metadata, "redirect_uris")?.unwrap_or_default();
    // What is left out has the default of RFC 7591 section 2.
    let grant_types =
        texts(&metadata, "grant_types")?.unwrap_or_else(|| vec!["authorization_code".to_owned()]);
    let response_types =
        texts(&metadata, "response_types")?.unwrap_or_else(|| vec!["code".to_owned()]);
    let method = text(&metadata, "token_endpoint_auth_method")?
        .unwrap_or_else(|| "client_secret_basic".to_owned());
    let scope = text(&metadata, "scope")?;
    let name = text(&metadata, "client_name")?;

    if let Some(unknown) = grant_types
        .iter()
        .find(|grant| !server.grant_types().contains(&grant.as_str()))
    {
        return Err(wrong(format!(
            "The grant type {} is not supported",
            plain(unknown)
        )));
    }
    if let Some(unknown) = response_types.iter().find(|response| *response != "code") {
        return Err(wrong(format!(
            "The response type {} is not supported",
            plain(unknown)
        )));
    }
    if !AUTH_METHODS.contains(&method.as_str()) {
        return Err(wrong(format!(
            "The method {} is not supported",
            plain(&method)
        )));
    }
    if method == "none"
        && grant_types
            .iter()
            .any(|grant| grant == "client_credentials")
    {
        return Err(wrong(
            "The client_credentials grant needs a client that authenticates".to_owned(),
        ));
    }
    let keys = keys(&metadata)?;
    if method == "private_key_jwt" && keys.is_empty() {
        let text = "private_key_jwt needs a P-256 key in jwks";
        return Err(wrong(text.to_owned()));
    }
    let asked = scopes(scope.as_deref().unwrap_or_default());
    if let Some(unknown) = asked
        .iter()
        .find(|scope| !server.scopes().contains(&scope.as_str()))
    {
        return Err(wrong(format!("The scope {} is unknown", plain(unknown))));
    }
    if redirect_uris.is_empty()
        && grant_types
            .iter()
            .any(|grant| grant == "authorization_code")
    {
        return Err(OAuthError::new(
            "invalid_redirect_uri",
            "At least one redirect URI is needed",
        ));
    }
    for uri in &redirect_uris {
        check_redirect_uri(uri).map_err(|why| OAuthError::new("invalid_redirect_uri", why))?;
    }
    // Only the server says these.
    for field in [
        "client_id_issued_at",
        "client_secret_expires_at",
        "registration_access_token",
    ] {
        metadata.shift_remove(field);
    }
    metadata.shift_remove("registration_client_uri");
    Ok(Client {
        id: String::new(),
        secret: None,
        keys,
        auth_methods: vec![method],
        grant_types,
        redirect_uris,
        name,
        metadata,
        registration_access_token: None,
        document_expires: None,
    })
}

/// The keys that a client registers (RFC 7591 section 2).
fn keys(metadata: &Map<String, Value>) -> Result<Vec<PublicKey>, OAuthError> {
    let wrong = |text: &str| Err(OAuthError::new("invalid_client_metadata", text));
    match (metadata.get("jwks"), metadata.get("jwks_uri")) {
        (Some(_), Some(_)) => wrong("jwks and jwks_uri exclude each other"),
        (None, Some(_)) => wrong("The lab fetches no jwks_uri; send jwks instead"),
        (None, None) => Ok(Vec::new()),
        (Some(jwks), None) if jwks["keys"].is_array() => Ok(PublicKey::from_jwks(jwks)),
        (Some(_), None) => wrong("jwks has to be a JWK set"),
    }
}

fn text(metadata: &Map<String, Value>, field: &str) -> Result<Option<String>, OAuthError> {
    match metadata.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(OAuthError::new(
            "invalid_client_metadata",
            format!("{field} has to be a string"),
        )),
    }
}

fn texts(metadata: &Map<String, Value>, field: &str) -> Result<Option<Vec<String>>, OAuthError> {
    let wrong = || {
        OAuthError::new(
            "invalid_client_metadata",
            format!("{field} has to be an array of strings"),
        )
    };
    match metadata.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(wrong()),
    }
}
