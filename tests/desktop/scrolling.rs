//! The real window with many rows: what a frame of scrolling costs beside a bare page with as many
//! plain rows in the same web view, in a list of the same size, and how long a large body takes to
//! open.
//!
//! `cargo xtask bench window` (Linux; brings a display and a keychain). The limit: a frame takes at
//! most 1.5 times the processor time of the bare page's at 10,000 rows.

#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the desktop tests use the rest")]
mod window;

#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the start-up benchmark uses the rest")]
mod processes;

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() {
    if std::env::args().any(|argument| argument == "--bench") {
        linux::measure().await;
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the window is measured on Linux only");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use serde_json::{Value, json};

    use crate::processes::{cpu_of, tree_of};
    use crate::window::Window;

    const FRAMES: u32 = 300;
    const ROUNDS: usize = 3;
    /// Of the processor time of the bare page, at 10,000 rows.
    const LIMIT: f64 = 1.5;

    const OURS: &str = "[data-testid='rows']";
    /// The window of the program and of the bare page.
    const WINDOW: (u32, u32) = (1440, 900);

    /// What scrolls around the rows.
    const BOX: &str = "let box = document.querySelector(arguments[0]);\
        while (box.scrollHeight <= box.clientHeight + 1 || getComputedStyle(box).overflowY === 'visible')\
          box = box.parentElement;";
    const SIZE: &str = "arguments[1]([box.clientWidth, box.clientHeight]);";
    /// A little with each frame.
    const SCROLL: &str = "const [, frames, done] = arguments;\
        const far = box.scrollHeight - box.clientHeight;\
        let count = 0;\
        const step = () => {\
          if (count === frames) return done(performance.now() - begun);\
          count += 1;\
          box.scrollTop = (box.scrollTop + 37) % far;\
          requestAnimationFrame(step);\
        };\
        const begun = performance.now();\
        requestAnimationFrame(step);";

    /// Clicks the first row, and waits until its answer's body is there.
    const OPEN: &str = "const [done] = arguments;\
        const begun = performance.now();\
        const step = () => {\
          const body = document.querySelector('[role=tabpanel] :is(.cm-content, pre.plain)');\
          if (body?.textContent.includes('some text')) return done(performance.now() - begun);\
          requestAnimationFrame(step);\
        };\
        document.querySelector('[data-testid=row-1]').click();\
        document.querySelector('[data-testid=tab-response]')?.click();\
        requestAnimationFrame(step);";

    pub async fn measure() {
        let mut at_the_limit = 0.0;
        println!("scrolling, {FRAMES} frames, best of {ROUNDS}: processor time of a frame");
        for rows in [300, 10_000, 100_000] {
            let window = opened(rows, 0).await;
            let list = size_of_list(&window).await;
            let ours = scrolled(&window, OURS).await;
            let bare = scrolled(&bare(rows, list).await, "#rows").await;
            let ratio = ours / bare;
            println!(
                "  {rows:>7} rows  {ours:>6.2} ms, bare page {bare:>6.2} ms, ratio {ratio:.2}"
            );
            if rows == 10_000 {
                at_the_limit = ratio;
            }
        }
        println!("opening a body of JSON: from the click to its text");
        for (what, size) in [("200 kB", 200_000), ("5 MB", 5_000_000)] {
            println!("  {what:>7}  {:>6.0} ms", body_opened(size).await);
        }
        println!("scripts of the window: {} kB", scripts() / 1000);
        assert!(
            at_the_limit <= LIMIT,
            "a frame takes {at_the_limit:.2} times the bare page's; the limit is {LIMIT}"
        );
    }

    /// Milliseconds of processor time of one frame.
    async fn scrolled(window: &Window, rows: &str) -> f64 {
        let mut best = f64::INFINITY;
        for _ in 0..=ROUNDS {
            let before = cpu_of(&tree_of(window.root()));
            window
                .script(&[BOX, SCROLL].concat(), vec![json!(rows), json!(FRAMES)])
                .await;
            let used = cpu_of(&tree_of(window.root())) - before;
            best = best.min(used / f64::from(FRAMES));
        }
        window.close().await;
        best
    }

    /// Width and height of what scrolls, in pixels of the page.
    async fn size_of_list(window: &Window) -> (u32, u32) {
        let script = [BOX, SIZE].concat();
        let size = window.script(&script, vec![json!(OURS)]).await;
        serde_json::from_value(size).expect("two numbers")
    }

    /// A window with a recording of so many calls; the answer to the first has so large a body.
    async fn opened(rows: usize, body: usize) -> Window {
        let folder = Window::folders();
        let file = folder.join("recording.har");
        fs::write(&file, recording(rows, body)).expect("the temporary folder can be written");
        let window = Window::open_file("recording", &folder, &file).await;
        window.until_more_rows_than(rows as u64 - 1).await;
        window.resize(WINDOW.0, WINDOW.1).await;
        window
    }

    /// The same web view with a page of plain rows, in a list of this size.
    async fn bare(rows: usize, (width, height): (u32, u32)) -> Window {
        let folder = Window::folders();
        let file = folder.join("bare.html");
        let mut page = format!(
            "<!doctype html><style>body {{ margin: 0 }}\
             #rows {{ width: {width}px; height: {height}px; overflow: auto }}\
             #rows div {{ height: 44px; border-bottom: 1px solid silver }}</style><div id=rows>",
        );
        for row in 0..rows {
            write!(page, "<div>{row} POST /mcp tools/call 200 12 ms</div>").expect("it is memory");
        }
        fs::write(&file, page).expect("the temporary folder can be written");
        let url = format!("file://{}", file.display());
        let window = Window::open_page("bare", &folder, &url).await;
        // Its own bar takes a part of the window; the list has to be whole in what is left.
        window.resize_to_hold(WINDOW, (width, height)).await;
        window
    }

    /// Milliseconds until the body of the first answer is painted.
    async fn body_opened(size: usize) -> f64 {
        let window = opened(1, size).await;
        window.find("row-1").await;
        let took = window.script(OPEN, Vec::new()).await;
        window.close().await;
        took.as_f64().unwrap_or(f64::NAN)
    }

    fn recording(rows: usize, body: usize) -> String {
        let item = r#"{"type":"text","text":"some text"}"#;
        let large = vec![item; body / item.len()].join(",");
        let entries: Vec<Value> = (0..rows)
            .map(|row| call(row, if row == 0 { &large } else { "" }))
            .collect();
        json!({ "log": {
            "version": "1.2",
            "creator": { "name": "Authscope bench", "version": "1" },
            "entries": entries,
        }})
        .to_string()
    }

    fn call(row: usize, content: &str) -> Value {
        let asked = format!(
            r#"{{"jsonrpc":"2.0","id":{row},"method":"tools/call","params":{{"name":"echo"}}}}"#
        );
        let answer =
            format!(r#"{{"jsonrpc":"2.0","id":{row},"result":{{"content":[{content}]}}}}"#);
        let json_type = json!([{ "name": "content-type", "value": "application/json" }]);
        json!({
            "startedDateTime": format!("2026-11-20T10:{:02}:{:02}.{:03}Z", row / 60_000 % 60, row / 1000 % 60, row % 1000),
            "time": 12,
            "request": {
                "method": "POST", "url": "https://mcp.example.dev/mcp", "httpVersion": "HTTP/1.1",
                "headers": [
                    { "name": "content-type", "value": "application/json" },
                    { "name": "authorization", "value": "Bearer opaque" },
                ],
                "queryString": [], "cookies": [], "headersSize": -1, "bodySize": asked.len(),
                "postData": { "mimeType": "application/json", "text": asked },
            },
            "response": {
                "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": json_type,
                "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": answer.len(),
                "content": { "size": answer.len(), "mimeType": "application/json", "text": answer },
            },
            "cache": {}, "timings": { "send": 0, "wait": 12, "receive": 0 },
        })
    }

    /// Bytes of the scripts that the window loads.
    fn scripts() -> u64 {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/dist/assets");
        let files = fs::read_dir(assets).into_iter().flatten().flatten();
        let scripts = files.filter(|file| file.path().extension().is_some_and(|is| is == "js"));
        scripts
            .filter_map(|file| Some(file.metadata().ok()?.len()))
            .sum()
    }
}
