//! The menus of the window. Their items are the page's own commands: the page says which there are
//! and which can be done now, and is told what was chosen.
//!
//! On macOS they stand in the system's bar. Elsewhere a bar takes height from the page, so it is
//! there only when the user wants it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use tauri::ipc::Channel;
use tauri::menu::{
    AboutMetadata, CheckMenuItem, IsMenuItem, Menu, MenuItem, MenuItemKind, PredefinedMenuItem,
    Submenu,
};
use tauri::{AppHandle, Manager as _, State, WebviewWindow, Wry};

use crate::closing::Closing;
use crate::commands::Answer;

/// macOS has this one in the menu that bears the program's name.
const QUIT: &str = "quit";
const IS_MACOS: bool = cfg!(target_os = "macos");

/// One menu, as the page describes it.
#[derive(Clone, Deserialize)]
pub struct PageMenu {
    title: String,
    items: Vec<PageItem>,
}

#[derive(Clone, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum PageItem {
    Command {
        id: String,
        title: String,
        /// As the page writes them, such as `Ctrl+K`.
        keys: Vec<String>,
        /// It is on or off.
        checks: bool,
    },
    Line,
    Editing,
}

/// What the menus show, and who is told of a choice.
#[derive(Default)]
pub struct Menus(Mutex<Shown>);

#[derive(Default)]
struct Shown {
    commands: Vec<MenuItemKind<Wry>>,
    can: BTreeSet<String>,
    on: BTreeSet<String>,
    /// The page, once it has asked.
    page: Option<Channel<String>>,
}

impl Menus {
    fn with<T>(&self, act: impl FnOnce(&mut Shown) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows what can be done and what is on. To be called in the main thread, which the items
    /// wait for: so the last state is shown last, and nothing is locked meanwhile.
    fn show_state(&self) {
        let (commands, can, on) = self.with(|shown| {
            let Shown {
                commands, can, on, ..
            } = shown;
            (commands.clone(), can.clone(), on.clone())
        });
        for item in commands {
            let id = item.id().as_ref();
            // Where the bar is gone there is nothing to be shown.
            let _ = match &item {
                MenuItemKind::Check(check) => check
                    .set_enabled(can.contains(id))
                    .and_then(|()| check.set_checked(on.contains(id))),
                MenuItemKind::MenuItem(item) => item.set_enabled(can.contains(id)),
                _ => Ok(()),
            };
        }
    }
}

/// To be told of every choice in a menu.
pub fn chosen(handle: &AppHandle, id: &str) {
    if let Some(command) = editing::command_of(id) {
        editing::run(handle, command);
        return;
    }
    let menus = handle.state::<Menus>();
    // The system has ticked it by itself; what is on, the page says.
    menus.show_state();
    let page = menus.with(|shown| shown.page.clone());
    if let Some(page) = page
        && let Err(error) = page.send(id.to_owned())
    {
        tracing::warn!(%error, "the window does not listen");
    }
}

#[tauri::command]
pub async fn set_menus(
    handle: AppHandle,
    window: WebviewWindow,
    state: State<'_, Menus>,
    menus: Vec<PageMenu>,
    bar: bool,
    channel: Channel<String>,
) -> Answer {
    state.with(|shown| shown.page = Some(channel));
    let shown = show(&handle, &window, &state, &menus, bar);
    // The page has all of it behind keys and buttons, too.
    if let Err(error) = shown {
        tracing::warn!(%error, "the menus cannot be shown");
    }
    Ok(())
}

#[tauri::command]
pub async fn set_menu_state(
    handle: AppHandle,
    state: State<'_, Menus>,
    can: BTreeSet<String>,
    on: BTreeSet<String>,
) -> Answer {
    state.with(|shown| {
        shown.can = can;
        shown.on = on;
    });
    show_state(&handle);
    Ok(())
}

/// As the window's button does; not twice, since the page that asks for it can ask the user.
#[tauri::command]
pub async fn close_window(window: WebviewWindow, closing: State<'_, Closing>) -> Answer {
    if !closing.is_asked() {
        // The window is closing already: there is nobody to tell.
        let _ = window.close();
    }
    Ok(())
}

fn show(
    handle: &AppHandle,
    window: &WebviewWindow,
    state: &Menus,
    menus: &[PageMenu],
    bar: bool,
) -> tauri::Result<()> {
    if !bar && !IS_MACOS {
        state.with(|shown| shown.commands.clear());
        window.remove_menu()?;
        return Ok(());
    }
    let (menu, commands) = built(handle, menus)?;
    state.with(|shown| shown.commands = commands);
    show_state(handle);
    if IS_MACOS {
        handle.set_menu(menu)?;
    } else {
        window.set_menu(menu)?;
    }
    Ok(())
}

fn show_state(handle: &AppHandle) {
    let shown = handle.clone();
    // The program ends: there is nothing to be shown.
    let _ = handle.run_on_main_thread(move || shown.state::<Menus>().show_state());
}

/// The menus, and the items in them that are commands.
fn built(
    handle: &AppHandle,
    menus: &[PageMenu],
) -> tauri::Result<(Menu<Wry>, Vec<MenuItemKind<Wry>>)> {
    let bar = Menu::new(handle)?;
    let mut commands = Vec::new();
    if IS_MACOS {
        let quit = menus
            .iter()
            .flat_map(|menu| &menu.items)
            .find(|item| is_quit(item));
        bar.append(&program_menu(handle, quit, &mut commands)?)?;
    }
    for PageMenu { title, items } in menus {
        // Elsewhere than on macOS, Alt and the first letter open it.
        let submenu = Submenu::new(handle, format!("&{title}"), true)?;
        for item in items {
            match item {
                item if IS_MACOS && is_quit(item) => {}
                PageItem::Line => submenu.append(&PredefinedMenuItem::separator(handle)?)?,
                PageItem::Editing => editing::append(handle, &submenu)?,
                command => append_command(handle, &submenu, command, &mut commands)?,
            }
        }
        bar.append(&submenu)?;
    }
    Ok((bar, commands))
}

fn is_quit(item: &PageItem) -> bool {
    matches!(item, PageItem::Command { id, .. } if id == QUIT)
}

/// What macOS expects of every program.
fn program_menu(
    handle: &AppHandle,
    quit: Option<&PageItem>,
    commands: &mut Vec<MenuItemKind<Wry>>,
) -> tauri::Result<Submenu<Wry>> {
    let name = &handle.package_info().name;
    let about = AboutMetadata {
        version: Some(handle.package_info().version.to_string()),
        ..AboutMetadata::default()
    };
    let items: [&dyn IsMenuItem<Wry>; 6] = [
        &PredefinedMenuItem::about(handle, None, Some(about))?,
        &PredefinedMenuItem::separator(handle)?,
        &PredefinedMenuItem::hide(handle, None)?,
        &PredefinedMenuItem::hide_others(handle, None)?,
        &PredefinedMenuItem::show_all(handle, None)?,
        &PredefinedMenuItem::separator(handle)?,
    ];
    let menu = Submenu::with_items(handle, name, true, &items)?;
    if let Some(quit) = quit {
        append_command(handle, &menu, quit, commands)?;
    }
    Ok(menu)
}

fn append_command(
    handle: &AppHandle,
    menu: &Submenu<Wry>,
    item: &PageItem,
    commands: &mut Vec<MenuItemKind<Wry>>,
) -> tauri::Result<()> {
    let PageItem::Command {
        id,
        title,
        keys,
        checks,
    } = item
    else {
        return Ok(());
    };
    let key = keys.first().map(|key| accelerator(key));
    let item = if *checks {
        let check = CheckMenuItem::with_id(handle, id, title, false, false, key)?;
        MenuItemKind::Check(check)
    } else {
        MenuItemKind::MenuItem(MenuItem::with_id(handle, id, title, false, key)?)
    };
    match &item {
        MenuItemKind::Check(check) => menu.append(check)?,
        MenuItemKind::MenuItem(item) => menu.append(item)?,
        _ => {}
    }
    commands.push(item);
    Ok(())
}

/// `Ctrl+K` as the menus write it, which on macOS is Command K. "+" stands on the key of "=".
fn accelerator(key: &str) -> String {
    let key = if key == "Ctrl++" { "Ctrl+=" } else { key };
    key.replacen("Ctrl", "CmdOrCtrl", 1)
}

/// What the system knows of texts.
#[cfg(not(target_os = "linux"))]
mod editing {
    use tauri::menu::{PredefinedMenuItem, Submenu};
    use tauri::{AppHandle, Wry};

    pub fn append(handle: &AppHandle, menu: &Submenu<Wry>) -> tauri::Result<()> {
        if super::IS_MACOS {
            menu.append(&PredefinedMenuItem::undo(handle, None)?)?;
            menu.append(&PredefinedMenuItem::redo(handle, None)?)?;
            menu.append(&PredefinedMenuItem::separator(handle)?)?;
        }
        menu.append(&PredefinedMenuItem::cut(handle, None)?)?;
        menu.append(&PredefinedMenuItem::copy(handle, None)?)?;
        menu.append(&PredefinedMenuItem::paste(handle, None)?)?;
        menu.append(&PredefinedMenuItem::select_all(handle, None)?)
    }

    /// None is this program's.
    pub fn command_of(_id: &str) -> Option<&str> {
        None
    }

    pub fn run(_handle: &AppHandle, _command: &str) {}
}

/// The web view does it: there the system's own items only press keys, for which they need a
/// further library.
#[cfg(target_os = "linux")]
mod editing {
    use tauri::menu::{MenuItem, PredefinedMenuItem, Submenu};
    use tauri::{AppHandle, Manager as _, Wry};
    use webkit2gtk::WebViewExt as _;

    /// Names of the web view's commands, and their titles.
    const COMMANDS: [(&str, &str); 6] = [
        ("Undo", "Undo"),
        ("Redo", "Redo"),
        ("Cut", "Cut"),
        ("Copy", "Copy"),
        ("Paste", "Paste"),
        ("SelectAll", "Select all"),
    ];
    const PREFIX: &str = "editing:";

    pub fn append(handle: &AppHandle, menu: &Submenu<Wry>) -> tauri::Result<()> {
        for (command, title) in COMMANDS {
            if command == "Cut" {
                menu.append(&PredefinedMenuItem::separator(handle)?)?;
            }
            let id = format!("{PREFIX}{command}");
            // The page has their keys already.
            menu.append(&MenuItem::with_id(handle, id, title, true, None::<&str>)?)?;
        }
        Ok(())
    }

    pub fn command_of(id: &str) -> Option<&str> {
        id.strip_prefix(PREFIX)
    }

    pub fn run(handle: &AppHandle, command: &str) {
        let command = command.to_owned();
        if let Some(window) = handle.get_webview_window("main") {
            // The window is closing: there is no text any more.
            let _ = window.with_webview(move |view| view.inner().execute_editing_command(&command));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_page_are_written_as_menus_do() {
        for (page, menu) in [
            ("Ctrl+K", "CmdOrCtrl+K"),
            ("Ctrl++", "CmdOrCtrl+="),
            ("Ctrl+-", "CmdOrCtrl+-"),
            ("Ctrl+0", "CmdOrCtrl+0"),
        ] {
            assert_eq!(accelerator(page), menu);
        }
    }

    #[test]
    fn the_pages_menus_are_read() {
        let menus = r#"[{"title": "View", "items": [
            {"is": "command", "id": "larger", "title": "Larger text", "keys": ["Ctrl++"], "checks": false},
            {"is": "line"}, {"is": "editing"}]}]"#;
        let menus: Vec<PageMenu> = serde_json::from_str(menus).expect("they are menus");
        let [
            PageItem::Command { id, keys, .. },
            PageItem::Line,
            PageItem::Editing,
        ] = &menus[0].items[..]
        else {
            panic!("not what was written");
        };
        assert_eq!((id.as_str(), keys.len()), ("larger", 1));
    }
}
