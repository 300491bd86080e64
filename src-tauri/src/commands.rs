//! What the window may ask for. Each command hands over to [`App`] or to the session; nothing is
//! decided here.

use app::{
    Action, App, AppError, Boot, Breakpoint, ClientFile, Comparison, Corrected, Detail, ErrorCode,
    Finding, Followed, ObserveRequest, Options, RecordingView, Registration, Resend, RevealedToken,
    Settings, TokenSeen, Understood, export_format,
};
use diagnosis::ClientText;
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};
use tauri_plugin_dialog::DialogExt as _;
use trace::{BrowserShows, Outcome, Request, Secret};

use crate::clipboard::Copied;
use crate::closing::Closing;
use crate::given::Given;
use crate::updates::{Carrier, Updates};

pub(crate) type Answer<T = ()> = Result<T, AppError>;

#[tauri::command]
pub async fn boot(app: State<'_, App>) -> Answer<Boot> {
    Ok(app.boot().await)
}

#[tauri::command]
pub async fn servers_in(text: String) -> Answer<Understood> {
    Ok(app::servers_in(&text))
}

#[tauri::command]
pub async fn client_files(app: State<'_, App>) -> Answer<Vec<ClientFile>> {
    Ok(app.client_files().await)
}

#[tauri::command]
pub async fn subscribe(
    app: State<'_, App>,
    carrier: State<'_, Carrier>,
    window: WebviewWindow,
    channel: Channel<Updates>,
) -> Answer {
    carrier.carry(app.follow(), channel, window);
    Ok(())
}

#[tauri::command]
pub async fn start(app: State<'_, App>, options: Options, lab: Option<String>) -> Answer {
    app.start(options, lab.as_deref()).await
}

#[tauri::command]
pub async fn observe(app: State<'_, App>, wanted: ObserveRequest) -> Answer {
    app.observe(wanted.into()).await
}

#[tauri::command]
pub async fn next(app: State<'_, App>) -> Answer {
    app.session()?.next().await
}

#[tauri::command]
pub async fn run(app: State<'_, App>) -> Answer {
    app.session()?.run().await
}

#[tauri::command]
pub async fn pause(app: State<'_, App>) -> Answer {
    app.session()?.pause().await
}

#[tauri::command]
pub async fn stop(app: State<'_, App>) -> Answer {
    app.stop().await
}

#[tauri::command]
pub async fn restart(app: State<'_, App>) -> Answer {
    app.restart().await
}

#[tauri::command]
pub async fn reopen(app: State<'_, App>, document: u32) -> Answer {
    app.reopen(document).await
}

#[tauri::command]
pub async fn compare(
    app: State<'_, App>,
    a: u32,
    b: u32,
    flow_a: Option<u16>,
    flow_b: Option<u16>,
) -> Answer<Comparison> {
    app.compare((a, flow_a), (b, flow_b)).await
}

#[tauri::command]
pub async fn open_run(app: State<'_, App>, id: String) -> Answer {
    app.open_run(&id).await
}

#[tauri::command]
pub async fn note_run(app: State<'_, App>, id: String, note: String) -> Answer {
    app.note_run(&id, &note)
}

#[tauri::command]
pub async fn forget_run(app: State<'_, App>, id: String) -> Answer {
    // Nothing waits for it to be restored.
    drop(app.forget_run_soon(&id, app::UNDO).await?);
    Ok(())
}

#[tauri::command]
pub async fn restore_run(app: State<'_, App>, id: String) -> Answer {
    app.restore_run(&id)
}

#[tauri::command]
pub async fn forget_everything(app: State<'_, App>) -> Answer {
    app.forget_everything().await
}

#[tauri::command]
pub async fn go_on(app: State<'_, App>) -> Answer {
    app.session()?.go_on().await
}

#[tauri::command]
pub async fn rewind(app: State<'_, App>, seq: u32) -> Answer {
    app.session()?.rewind(seq).await
}

#[tauri::command]
pub async fn edit(app: State<'_, App>, request: Option<Request>) -> Answer {
    app.session()?.edit(request).await
}

#[tauri::command]
pub async fn set_breakpoints(app: State<'_, App>, breakpoints: Vec<Breakpoint>) -> Answer {
    app.set_breakpoints(breakpoints).await
}

#[tauri::command]
pub async fn let_through(app: State<'_, App>, changed: Option<Outcome>) -> Answer {
    app.session()?.let_through(changed).await
}

#[tauri::command]
pub async fn resend(app: State<'_, App>, seq: u32, request: Option<Request>, times: u32) -> Answer {
    let wanted = Resend {
        seq,
        request,
        times,
    };
    app.session()?.resend(wanted).await
}

#[tauri::command]
pub async fn act(app: State<'_, App>, action: Action) -> Answer {
    app.session()?.act(action).await
}

#[tauri::command]
pub async fn choose_authorization_server(app: State<'_, App>, issuer: String) -> Answer {
    app.session()?.choose_authorization_server(issuer).await
}

#[tauri::command]
pub async fn choose_registration(app: State<'_, App>, registration: Registration) -> Answer {
    app.session()?.choose_registration(registration).await
}

#[tauri::command]
pub async fn paste_callback(app: State<'_, App>, url: String) -> Answer {
    app.session()?.paste_callback(url).await
}

#[tauri::command]
pub async fn browser_shows(app: State<'_, App>, shows: BrowserShows) -> Answer {
    app.session()?.browser_shows(shows).await
}

#[tauri::command]
pub async fn open_browser(app: State<'_, App>) -> Answer {
    app.session()?.open_browser().await
}

#[tauri::command]
pub async fn watch_browser(app: State<'_, App>) -> Answer {
    app.session()?.watch_browser().await
}

#[tauri::command]
pub async fn detail(app: State<'_, App>, seq: u32, secrets: bool) -> Answer<Detail> {
    app.detail(seq, secrets)
}

#[tauri::command]
pub async fn corrected(app: State<'_, App>, finding: Finding) -> Answer<Option<Corrected>> {
    app.corrected(&finding)
}

#[tauri::command]
pub async fn follow_value(app: State<'_, App>, value: String) -> Answer<Followed> {
    app.follow_value(value).await
}

#[tauri::command]
pub async fn tokens_seen(app: State<'_, App>) -> Answer<Vec<TokenSeen>> {
    app.tokens_seen().await
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

#[tauri::command]
pub async fn export_text(app: State<'_, App>, format: String) -> Answer<String> {
    app.export_text(&format).await
}

/// Asks where to save a file of this format, with the system's dialog. `None` when it was closed.
#[tauri::command]
pub async fn choose_file(
    handle: AppHandle,
    format: String,
    suggested: String,
) -> Answer<Option<String>> {
    let format = export_format(&format)?.about();
    let extensions = last_extensions(format.extensions);
    Ok(where_to_save(&handle, format.title, &extensions, &suggested).await)
}

/// Asks where to save a file, with the system's dialog. `None` when it was closed.
pub(crate) async fn where_to_save(
    handle: &AppHandle,
    title: &str,
    extensions: &[&str],
    suggested: &str,
) -> Option<String> {
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
    chosen.map(|path| path.to_string_lossy().into_owned())
}

/// A system's dialog filters by what comes after the last dot alone: `md` of `mcp-server.md`.
fn last_extensions(extensions: &[&'static str]) -> Vec<&'static str> {
    let last = |extension: &&'static str| extension.rsplit('.').next().unwrap_or(extension);
    extensions.iter().map(last).collect()
}

/// Opens a recording, or a text with evidence, in a document of its own.
#[tauri::command]
pub async fn open_file(app: State<'_, App>, path: String) -> Answer<RecordingView> {
    app.open_file(path).await
}

#[tauri::command]
pub async fn open_text(app: State<'_, App>, text: String) -> Answer<RecordingView> {
    app.open_text(text).await
}

/// Asks which recording to open, with the system's dialog. `None` when it was closed.
#[tauri::command]
pub async fn choose_recording(handle: AppHandle) -> Answer<Option<String>> {
    let (answer, chosen) = tokio::sync::oneshot::channel();
    let dialog = handle.dialog().file();
    let dialog = dialog.add_filter("Recordings", &app::readable_extensions());
    let dialog = dialog.add_filter("All files", &["*"]);
    dialog.pick_file(move |path| drop(answer.send(path)));
    let chosen = chosen
        .await
        .ok()
        .flatten()
        .and_then(|path| path.into_path().ok());
    Ok(chosen.map(|path| path.to_string_lossy().into_owned()))
}

/// Waits for the next file that was dropped on the window or that the program was started with.
#[tauri::command]
pub async fn file_given(given: State<'_, Given>) -> Answer<String> {
    // The page that asked before is gone: nobody reads this.
    given.next().await.ok_or(AppError {
        code: ErrorCode::NotNow,
        message: "Another page waits for files now".into(),
        hint: None,
    })
}

/// Waits until the window is to be closed while something is under way.
#[tauri::command]
pub async fn close_asked(closing: State<'_, Closing>) -> Answer {
    closing.asked().await;
    Ok(())
}

#[tauri::command]
pub async fn answer_close(
    app: State<'_, App>,
    closing: State<'_, Closing>,
    window: WebviewWindow,
    close: bool,
) -> Answer {
    closing.answered();
    if close {
        app.stop_all().await;
        // The window is closed or closing: there is nobody to tell.
        let _ = window.destroy();
    }
    Ok(())
}

#[tauri::command]
pub async fn explain(text: String) -> Answer<Vec<ClientText>> {
    Ok(app::explain(&text))
}

#[tauri::command]
pub async fn save_settings(app: State<'_, App>, settings: Settings) -> Answer {
    app.save_settings(settings).await
}

/// How large the page is drawn, of its usual size.
#[tauri::command]
pub async fn set_zoom(window: WebviewWindow, zoom: f64) -> Answer {
    window.set_zoom(zoom).map_err(|error| AppError {
        code: ErrorCode::NotNow,
        message: format!("The size of the text could not be changed: {error}"),
        hint: None,
    })
}

#[tauri::command]
pub async fn clear_history(app: State<'_, App>) -> Answer {
    app.clear_history().await
}

/// The page put a text on the clipboard.
#[tauri::command]
pub async fn copied(app: State<'_, App>, copied: State<'_, Copied>, text: String) -> Answer {
    let known = Secret::new(text.clone());
    if app.holds_secret(text).await {
        copied.secret(known);
    }
    Ok(())
}

#[tauri::command]
pub async fn open_link(url: String) -> Answer {
    wire::open_browser(&url).map_err(|error| AppError {
        code: ErrorCode::Browser,
        message: error.to_string(),
        hint: Some("Copy the address and open it in a browser.".into()),
    })
}
