//! What the window may ask for about known clients: the table of how each gets on with a server,
//! and whether hosted ones can reach it.

use app::{App, ClientTable, EdgeReport, EdgeRequest, TableRequest};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use crate::commands::{Answer, where_to_save};

#[tauri::command]
pub async fn play_clients(
    app: State<'_, App>,
    wanted: TableRequest,
    channel: Channel<ClientTable>,
) -> Answer<ClientTable> {
    app.play_clients(wanted, |table| {
        if let Err(error) = channel.send(table) {
            tracing::warn!(%error, "the window does not listen");
        }
    })
    .await
}

#[tauri::command]
pub async fn follow_clients(
    app: State<'_, App>,
    channel: Channel<ClientTable>,
) -> Answer<Option<ClientTable>> {
    let table = app.follow_clients(|table| {
        if let Err(error) = channel.send(table) {
            tracing::warn!(%error, "the window does not listen");
        }
    });
    Ok(table.await)
}

#[tauri::command]
pub async fn stop_clients(app: State<'_, App>) -> Answer {
    app.stop_clients();
    Ok(())
}

#[tauri::command]
pub async fn client_table_text(app: State<'_, App>, json: bool) -> Answer<String> {
    app.client_table_text(json)
}

/// Asks where to save the table, with the system's dialog. `None` when it was closed.
#[tauri::command]
pub async fn choose_table_file(handle: AppHandle, suggested: String) -> Answer<Option<String>> {
    Ok(where_to_save(&handle, "JSON", &["json"], &suggested).await)
}

#[tauri::command]
pub async fn save_client_table(app: State<'_, App>, path: String) -> Answer<String> {
    app.save_client_table(&path).await
}

#[tauri::command]
pub async fn check_edge(app: State<'_, App>, wanted: EdgeRequest) -> Answer<EdgeReport> {
    app.check_edge(wanted).await
}
