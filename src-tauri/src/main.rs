//! The desktop program: a window over [`app::App`].

// No console window beside the program on Windows.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod commands;
mod updates;

use app::App;
use tauri::Manager as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::updates::Carrier;

fn main() {
    // The callback's server calls the end of its socket an error; the listener deals with it, and
    // says so itself.
    let filter = EnvFilter::try_from_env("AUTHSCOPE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,tiny_http=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .finish()
        .with(filter_fn(app::may_be_logged))
        .init();

    let built = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .setup(|handle| {
            let folder = handle.path().app_config_dir()?;
            let downloads = handle
                .path()
                .download_dir()
                .or_else(|_| handle.path().home_dir());
            handle.manage(App::new(folder, downloads.unwrap_or_default()));
            handle.manage(Carrier::default());
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![
            commands::boot,
            commands::servers_in,
            commands::client_files,
            commands::subscribe,
            commands::start,
            commands::observe,
            commands::next,
            commands::run,
            commands::pause,
            commands::stop,
            commands::restart,
            commands::reopen,
            commands::open_run,
            commands::note_run,
            commands::forget_run,
            commands::forget_everything,
            commands::compare,
            commands::go_on,
            commands::rewind,
            commands::edit,
            commands::act,
            commands::choose_authorization_server,
            commands::choose_registration,
            commands::paste_callback,
            commands::open_browser,
            commands::detail,
            commands::corrected,
            commands::follow_value,
            commands::reveal_token,
            commands::refresh_token,
            commands::delete_token,
            commands::export,
            commands::export_preview,
            commands::export_text,
            commands::choose_file,
            commands::save_settings,
            commands::clear_history,
            commands::open_link,
        ])
        .run(tauri::generate_context!("tauri.conf.json"));
    if let Err(error) = built {
        tracing::error!(%error, "the window could not be opened");
        eprintln!("Authscope could not open its window: {error}");
        std::process::exit(1);
    }
}
