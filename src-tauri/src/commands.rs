//! What the window may ask for. Each command hands over to [`App`] or to the session; nothing is
//! decided here.

use formats::About;
use session::{Action, AppError, Boot, Detail, Options, Registration, RevealedToken, Settings};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt as _;
use trace::Request;

use crate::app::{App, export_format};
use crate::updates::Updates;

type Answer<T = ()> = Result<T, AppError>;

#[tauri::command]
pub async fn boot(app: State<'_, App>) -> Answer<Boot> {
    Ok(app.boot().await)
}

#[tauri::command]
pub async fn subscribe(app: State<'_, App>, channel: Channel<Updates>) -> Answer {
    app.subscribe(channel).await
}

#[tauri::command]
pub async fn start(app: State<'_, App>, options: Options, lab: Option<String>) -> Answer {
    app.start(options, lab.as_deref()).await
}

#[tauri::command]
pub async fn next(app: State<'_, App>) -> Answer {
    app.session().await?.next().await
}

#[tauri::command]
pub async fn run(app: State<'_, App>) -> Answer {
    app.session().await?.run().await
}

#[tauri::command]
pub async fn pause(app: State<'_, App>) -> Answer {
    app.session().await?.pause().await
}

#[tauri::command]
pub async fn stop(app: State<'_, App>) -> Answer {
    app.session().await?.stop().await
}

#[tauri::command]
pub async fn restart(app: State<'_, App>) -> Answer {
    app.restart().await
}

#[tauri::command]
pub async fn go_on(app: State<'_, App>) -> Answer {
    app.session().await?.go_on().await
}

#[tauri::command]
pub async fn rewind(app: State<'_, App>, seq: u32) -> Answer {
    app.session().await?.rewind(seq).await
}

#[tauri::command]
pub async fn edit(app: State<'_, App>, request: Option<Request>) -> Answer {
    app.session().await?.edit(request).await
}

#[tauri::command]
pub async fn act(app: State<'_, App>, action: Action) -> Answer {
    app.session().await?.act(action).await
}

#[tauri::command]
pub async fn choose_authorization_server(app: State<'_, App>, issuer: String) -> Answer {
    app.session()
        .await?
        .choose_authorization_server(issuer)
        .await
}

#[tauri::command]
pub async fn choose_registration(app: State<'_, App>, registration: Registration) -> Answer {
    app.session().await?.choose_registration(registration).await
}

#[tauri::command]
pub async fn paste_callback(app: State<'_, App>, url: String) -> Answer {
    app.session().await?.paste_callback(url).await
}

#[tauri::command]
pub async fn open_browser(app: State<'_, App>) -> Answer {
    app.session().await?.open_browser().await
}

#[tauri::command]
pub async fn detail(app: State<'_, App>, seq: u32, secrets: bool) -> Answer<Detail> {
    app.detail(seq, secrets).await
}

#[tauri::command]
pub async fn reveal_token(app: State<'_, App>, id: String) -> Answer<RevealedToken> {
    app.reveal_token(&id).await
}

#[tauri::command]
pub async fn refresh_token(app: State<'_, App>, id: String) -> Answer {
    app.refresh_token(&id).await
}

#[tauri::command]
pub async fn delete_token(app: State<'_, App>, id: String) -> Answer {
    app.delete_token(&id).await
}

#[tauri::command]
pub async fn export(
    app: State<'_, App>,
    format: String,
    path: String,
    secrets: bool,
) -> Answer<String> {
    app.export(&format, &path, secrets).await
}

#[tauri::command]
pub async fn export_preview(app: State<'_, App>, format: String, secrets: bool) -> Answer<String> {
    app.export_preview(&format, secrets).await
}

/// Asks where to save a file of this format, with the system's dialog. None when it was closed.
#[tauri::command]
pub async fn choose_file(
    handle: AppHandle,
    format: String,
    suggested: String,
) -> Answer<Option<String>> {
    let About {
        title, extensions, ..
    } = export_format(&format)?.about();
    let suggested = std::path::PathBuf::from(suggested);
    let mut dialog = handle.dialog().file().add_filter(title, extensions);
    if let Some(folder) = suggested.parent() {
        dialog = dialog.set_directory(folder);
    }
    if let Some(name) = suggested.file_name() {
        dialog = dialog.set_file_name(name.to_string_lossy());
    }
    let (answer, chosen) = tokio::sync::oneshot::channel();
    dialog.save_file(move |path| drop(answer.send(path)));
    let chosen = chosen
        .await
        .ok()
        .flatten()
        .and_then(|path| path.into_path().ok());
    Ok(chosen.map(|path| path.to_string_lossy().into_owned()))
}

#[tauri::command]
pub async fn save_settings(app: State<'_, App>, settings: Settings) -> Answer {
    app.library().await.save_settings(settings)
}

#[tauri::command]
pub async fn clear_history(app: State<'_, App>) -> Answer {
    app.library().await.clear_history()
}

#[tauri::command]
pub async fn open_link(url: String) -> Answer {
    wire::open_browser(&url).map_err(|error| AppError {
        code: session::ErrorCode::Browser,
        message: error.to_string(),
        hint: Some("Copy the address and open it in a browser.".into()),
    })
}
