import { Channel, invoke } from "@tauri-apps/api/core";

import type { ClientTable } from "./bindings/ClientTable";
import type { Update } from "./bindings/Update";
import type { Host } from "./host";

/** The program around the web view. */
export function tauriHost(): Host {
  return {
    boot: () => invoke("boot"),
    serversIn: (text) => invoke("servers_in", { text }),
    clientFiles: () => invoke("client_files"),
    subscribe: (onUpdates) => {
      const channel = new Channel<Update[]>(onUpdates);
      return invoke("subscribe", { channel });
    },

    start: (options, lab) => invoke("start", { options, lab }),
    observe: (wanted) => invoke("observe", { wanted }),
    playClients: (wanted, onTable) => {
      const channel = new Channel<ClientTable>(onTable);
      return invoke("play_clients", { wanted, channel });
    },
    followClients: (onTable) => {
      const channel = new Channel<ClientTable>(onTable);
      return invoke("follow_clients", { channel });
    },
    stopClients: () => invoke("stop_clients"),
    clientTableText: (json) => invoke("client_table_text", { json }),
    chooseTableFile: (suggested) => invoke("choose_table_file", { suggested }),
    saveClientTable: (path) => invoke("save_client_table", { path }),
    checkEdge: (wanted) => invoke("check_edge", { wanted }),
    next: () => invoke("next"),
    run: () => invoke("run"),
    pause: () => invoke("pause"),
    stop: () => invoke("stop"),
    restart: () => invoke("restart"),
    reopen: (document) => invoke("reopen", { document }),
    openRun: (id) => invoke("open_run", { id }),
    noteRun: (id, note) => invoke("note_run", { id, note }),
    forgetRun: (id) => invoke("forget_run", { id }),
    restoreRun: (id) => invoke("restore_run", { id }),
    forgetEverything: () => invoke("forget_everything"),
    compare: (a, b) =>
      invoke("compare", { a: a.document, b: b.document, flowA: a.flow, flowB: b.flow }),
    goOn: () => invoke("go_on"),
    rewind: (seq) => invoke("rewind", { seq }),
    edit: (request) => invoke("edit", { request }),
    setBreakpoints: (breakpoints) => invoke("set_breakpoints", { breakpoints }),
    letThrough: (changed) => invoke("let_through", { changed }),
    resend: (seq, request, times) => invoke("resend", { seq, request, times }),

    act: (action) => invoke("act", { action }),
    chooseAuthorizationServer: (issuer) => invoke("choose_authorization_server", { issuer }),
    chooseRegistration: (registration) => invoke("choose_registration", { registration }),

    pasteCallback: (url) => invoke("paste_callback", { url }),
    openBrowser: () => invoke("open_browser"),
    watchBrowser: () => invoke("watch_browser"),
    browserShows: (shows) => invoke("browser_shows", { shows }),

    detail: (seq, secrets) => invoke("detail", { seq, secrets }),

    corrected: (finding) => invoke("corrected", { finding }),
    tokensSeen: () => invoke("tokens_seen"),
    follow: (value) => invoke("follow_value", { value }),

    revealToken: (id) => invoke("reveal_token", { id }),
    refreshToken: (id) => invoke("refresh_token", { id }),
    deleteToken: (id) => invoke("delete_token", { id }),

    export: (format, path, secrets) => invoke("export", { format, path, secrets }),
    exportPreview: (format, secrets) => invoke("export_preview", { format, secrets }),
    exportText: (format) => invoke("export_text", { format }),
    chooseFile: (format, suggested) => invoke("choose_file", { format, suggested }),

    openFile: (path) => invoke("open_file", { path }),
    openText: (text) => invoke("open_text", { text }),
    chooseRecording: () => invoke("choose_recording"),
    fileGiven: () => invoke("file_given"),
    closeAsked: () => invoke("close_asked"),
    answerClose: (close) => invoke("answer_close", { close }),
    setZoom: (zoom) => invoke("set_zoom", { zoom }),
    close: () => invoke("close_window"),
    setMenus: (menus, bar, chosen) => {
      const channel = new Channel<string>(chosen);
      return invoke("set_menus", { menus, bar, channel });
    },
    setMenuState: (can, on) => invoke("set_menu_state", { can, on }),
    explain: (text) => invoke("explain", { text }),

    saveSettings: (settings) => invoke("save_settings", { settings }),
    clearHistory: () => invoke("clear_history"),
    openLink: (url) => invoke("open_link", { url }),
    copied: (text) => invoke("copied", { text }),
  };
}
