//! The desktop program: a window over [`app::App`].

// No console window beside the program on Windows.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod attention;
mod client_commands;
mod clipboard;
mod closing;
mod commands;
mod given;
mod menus;
mod revival;
mod updates;

use std::path::Path;

use app::App;
use tauri::plugin::TauriPlugin;
use tauri::{DragDropEvent, Manager as _, RunEvent, WebviewWindowBuilder, WindowEvent, Wry};
use tauri_plugin_window_state::StateFlags;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::clipboard::Copied;
use crate::closing::Closing;
use crate::given::Given;
use crate::menus::Menus;
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

    // The window's commands and the flows run where those of the command do: with as many threads
    // as a server that keeps some of them busy makes necessary.
    let runtime = match app::runtime() {
        Ok(runtime) => runtime,
        Err(error) => fail(&error),
    };
    tauri::async_runtime::set(runtime.handle().clone());

    let builder = tauri::Builder::default();
    #[cfg(target_os = "macos")]
    let builder = builder.on_web_content_process_terminate(revival::macos::revive());
    let built = builder
        .plugin(one_instance())
        .plugin(tauri_plugin_dialog::init())
        .plugin(remembered_window())
        .setup(|handle| {
            let folder = handle.path().app_config_dir()?;
            let downloads = handle
                .path()
                .download_dir()
                .or_else(|_| handle.path().home_dir());
            handle.manage(App::new(folder, downloads.unwrap_or_default()));
            handle.manage(Carrier::default());
            handle.manage(Closing::new());
            handle.manage(Menus::default());
            handle.manage(Copied::new(handle.handle()));
            let given = Given::new();
            let folder = std::env::current_dir().unwrap_or_default();
            given.give_arguments(std::env::args(), &folder);
            handle.manage(given);
            open_windows(handle)
        })
        .on_menu_event(|handle, event| menus::chosen(handle, event.id().as_ref()))
        .on_window_event(|window, event| match event {
            WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
                let given = window.state::<Given>();
                paths.iter().for_each(|path| given.give(path));
            }
            WindowEvent::CloseRequested { api, .. } => closing::requested(window, api),
            _ => {}
        })
        .invoke_handler(tauri::generate_handler![
            commands::boot,
            commands::servers_in,
            commands::client_files,
            commands::subscribe,
            commands::start,
            commands::observe,
            client_commands::play_clients,
            client_commands::follow_clients,
            client_commands::stop_clients,
            client_commands::client_table_text,
            client_commands::choose_table_file,
            client_commands::save_client_table,
            client_commands::check_edge,
            commands::next,
            commands::run,
            commands::pause,
            commands::stop,
            commands::restart,
            commands::reopen,
            commands::open_run,
            commands::note_run,
            commands::forget_run,
            commands::restore_run,
            commands::forget_everything,
            commands::compare,
            commands::go_on,
            commands::rewind,
            commands::edit,
            commands::set_breakpoints,
            commands::let_through,
            commands::resend,
            commands::act,
            commands::choose_authorization_server,
            commands::choose_registration,
            commands::paste_callback,
            commands::open_browser,
            commands::watch_browser,
            commands::browser_shows,
            commands::detail,
            commands::corrected,
            commands::follow_value,
            commands::tokens_seen,
            commands::reveal_token,
            commands::refresh_token,
            commands::delete_token,
            commands::export,
            commands::export_preview,
            commands::export_text,
            commands::choose_file,
            commands::open_file,
            commands::open_text,
            commands::choose_recording,
            commands::file_given,
            commands::close_asked,
            commands::answer_close,
            commands::set_zoom,
            menus::close_window,
            menus::set_menus,
            menus::set_menu_state,
            commands::explain,
            commands::save_settings,
            commands::clear_history,
            commands::copied,
            commands::open_link,
        ])
        .build(tauri::generate_context!("tauri.conf.json"));
    let built = built.map(|program| {
        program.run(|handle, event| {
            if matches!(event, RunEvent::Exit) {
                handle.state::<Copied>().end();
            }
            // macOS opens files by an event of its own.
            #[cfg(target_os = "macos")]
            if let RunEvent::Opened { urls } = event {
                let given = handle.state::<Given>();
                let files = urls.iter().filter_map(|url| url.to_file_path().ok());
                files.for_each(|path| given.give(&path));
            }
        });
    });
    if let Err(error) = built {
        fail(&error);
    }
    // A task that a server keeps busy is not waited for.
    runtime.shutdown_background();
}

/// The windows of the configuration. What a page calls itself stands in the bar of its window.
fn open_windows(handle: &tauri::App) -> Result<(), Box<dyn std::error::Error>> {
    for window in &handle.config().app.windows {
        let builder = WebviewWindowBuilder::from_config(handle, window)?;
        let builder = builder.on_document_title_changed(|window, title| {
            // The window is closing: nobody reads its title.
            let _ = window.set_title(&title);
        });
        let _window = builder.build()?;
        #[cfg(target_os = "linux")]
        revival::linux::watch(&_window)?;
    }
    Ok(())
}

fn fail(error: &dyn std::error::Error) -> ! {
    tracing::error!(%error, "the window could not be opened");
    eprintln!("Authscope could not open its window: {error}");
    std::process::exit(1);
}

/// The window comes back where it was, as large as it was.
fn remembered_window() -> TauriPlugin<Wry> {
    let flags = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    tauri_plugin_window_state::Builder::default()
        .with_state_flags(flags)
        .build()
}

/// One program has all documents of a folder of settings: a second one hands its files over and
/// ends.
fn one_instance() -> TauriPlugin<Wry> {
    let one = tauri_plugin_single_instance::Builder::new().callback(|handle, arguments, folder| {
        let given = handle.state::<Given>();
        given.give_arguments(arguments, Path::new(&folder));
        if let Some(window) = handle.get_webview_window("main") {
            let _ = window.unminimize();
            let _ = window.set_focus();
        }
    });
    // The name is for the whole session, and the folder can be another one there.
    #[cfg(target_os = "linux")]
    let one = {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        app::usual_folder().hash(&mut hasher);
        one.dbus_id(format!("dev.authscope.desktop.of{:x}", hasher.finish()))
    };
    one.build()
}
