//! One window of the real program, with a configuration folder of its own and a browser that is
//! played here.

use std::future::Future;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::processes::{exe_of, tree_of};

/// Longer than anything takes on a busy machine; a test that reaches it has found a hang.
const LIMIT: Duration = Duration::from_secs(60);

/// What WebKitGTK brings to look at a page.
const BARE: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

pub struct Window {
    client: Client,
    driver: Child,
    name: String,
    folder: PathBuf,
}

pub async fn within<T>(what: &str, limit: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {} s", limit.as_secs()),
    }
}

impl Window {
    pub async fn open(name: &str) -> Self {
        let folder = Self::folders();
        Self::open_in(name, &folder).await
    }

    /// With this settings file.
    pub async fn open_with(name: &str, settings: &str) -> Self {
        let folder = Self::folders();
        let config = folder.join("config/dev.authscope.desktop");
        std::fs::create_dir_all(&config).expect("the temporary folder can be written");
        std::fs::write(config.join("settings.json"), settings)
            .expect("the temporary folder can be written");
        Self::open_in(name, &folder).await
    }

    /// Empty folders for one user.
    pub fn folders() -> PathBuf {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("authscope-desktop-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        for part in ["bin", "config", "data", "cache", "Downloads"] {
            std::fs::create_dir_all(folder.join(part))
                .expect("the temporary folder can be written");
        }
        // The browser: a program that notes the URL, so that the test can go there.
        let browser = folder.join("bin/xdg-open");
        let noted = folder.join("opened-url");
        let script = format!(
            "#!/bin/sh\nprintf %s \"$1\" > '{0}.new' && mv '{0}.new' '{0}'\n",
            noted.display()
        );
        std::fs::write(&browser, script).expect("the temporary folder can be written");
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755))
            .expect("it is ours");
        folder
    }

    /// A further start of the program with the same folders.
    pub async fn open_in(name: &str, folder: &Path) -> Self {
        let window = Self::start(name, folder, env!("CARGO_BIN_EXE_authscope"), &[]).await;
        window.find("start-url").await;
        window
    }

    /// With a recording that is given on the command line.
    pub async fn open_file(name: &str, folder: &Path, file: &Path) -> Self {
        let file = file.display().to_string();
        Self::start(name, folder, env!("CARGO_BIN_EXE_authscope"), &[&file]).await
    }

    /// The same web view without the program, at this page.
    pub async fn open_page(name: &str, folder: &Path, url: &str) -> Self {
        let window = Self::start(name, folder, BARE, &["--automation"]).await;
        window
            .client
            .goto(url)
            .await
            .expect("the page can be opened");
        window
    }

    async fn start(name: &str, folder: &Path, binary: &str, args: &[&str]) -> Self {
        let port = {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            socket.local_addr().expect("it is bound").port()
        };
        let path = std::env::var("PATH").unwrap_or_default();
        let driver = Command::new("WebKitWebDriver")
            .args([format!("--port={port}"), "--host=127.0.0.1".into()])
            // Without these two the session's creation never ends.
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
            .env("PATH", format!("{}:{path}", folder.join("bin").display()))
            .env("XDG_CONFIG_HOME", folder.join("config"))
            .env("XDG_DATA_HOME", folder.join("data"))
            .env("XDG_CACHE_HOME", folder.join("cache"))
            .stdin(Stdio::null())
            // A group of its own, with the program in it, so that both can be ended together.
            .process_group(0)
            .spawn()
            .expect("WebKitWebDriver is installed");
        let capabilities = json!({
            "webkitgtk:browserOptions": { "binary": binary, "args": args }
        });
        let capabilities: Capabilities = serde_json::from_value(capabilities).expect("an object");
        let url = format!("http://127.0.0.1:{port}");
        let connect = async {
            // The driver says nothing when it is ready; it is when it can be connected to.
            loop {
                if tokio::net::TcpStream::connect(("127.0.0.1", port))
                    .await
                    .is_ok()
                {
                    break;
                }
                tokio::task::yield_now().await;
            }
            ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities)
                .connect(&url)
                .await
        };
        let client = within("the window to open", LIMIT, connect)
            .await
            .expect("a WebDriver session");
        Self {
            client,
            driver,
            name: name.into(),
            folder: folder.to_owned(),
        }
    }

    /// The process that all of the window's processes come from.
    pub fn root(&self) -> u32 {
        self.driver.id()
    }

    pub fn program(&self) -> u32 {
        let program = Path::new(env!("CARGO_BIN_EXE_authscope"));
        let mut tree = tree_of(self.root()).into_iter();
        tree.find(|pid| exe_of(*pid).is_some_and(|exe| exe == program))
            .expect("the program runs")
    }

    /// The process that draws the page.
    pub async fn page_process(&self) -> u32 {
        self.until("the page's process", async |window| {
            tree_of(window.root()).into_iter().find(|pid| {
                let exe = exe_of(*pid);
                exe.is_some_and(|exe| exe.ends_with("WebKitWebProcess"))
            })
        })
        .await
    }

    pub async fn another_page_process_than(&self, process: u32) -> u32 {
        let coming = async {
            loop {
                let another = self.page_process().await;
                if another != process {
                    return another;
                }
                tokio::task::yield_now().await;
            }
        };
        within("the page to come back", LIMIT, coming).await
    }

    pub async fn load_again(&self) {
        within("the page to load", LIMIT, self.client.refresh())
            .await
            .expect("it can be loaded");
    }

    /// Runs a script that calls its last argument when it is done.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        let running = self.client.execute_async(script, arguments);
        within("the script", 5 * LIMIT, running)
            .await
            .expect("it runs")
    }

    /// Lets the page work without end.
    pub async fn hang(&self) {
        let hang = "setTimeout(() => { for (;;); }, 0); arguments[0](0)";
        let asked = self.client.execute_async(hang, vec![]);
        // It is chance whether the answer comes out before the page hangs.
        let _ = within("the page to hang", LIMIT, asked).await;
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the program as a user does. Now and then the driver does not answer that; then all of
    /// it is ended by force.
    pub async fn close(&self) {
        let closing = tokio::time::timeout(Duration::from_secs(10), self.client.clone().close());
        if !matches!(closing.await, Ok(Ok(()))) {
            self.end_by_force();
        }
    }

    fn end_by_force(&self) {
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }

    pub async fn find(&self, testid: &str) -> Element {
        let css = format!("[data-testid='{testid}']");
        let waiting = self.client.wait().at_most(LIMIT);
        match waiting.for_element(Locator::Css(&css)).await {
            Ok(element) => element,
            Err(error) => {
                self.picture(&format!("no-{testid}")).await;
                panic!("no {testid}: {error}");
            }
        }
    }

    pub async fn click(&self, testid: &str) {
        let element = self.find(testid).await;
        if let Err(error) = within(testid, LIMIT, element.click()).await {
            self.picture(&format!("cannot-click-{testid}")).await;
            panic!("{testid} cannot be clicked: {error}");
        }
    }

    /// A key with control that ends the program, which may be gone before the driver has answered.
    pub async fn press_to_close(&self, key: &str) {
        let body = self.find_body().await;
        let _ = tokio::time::timeout(LIMIT, body.send_keys(&(Key::Control + key))).await;
    }

    /// A click that does the same.
    pub async fn click_to_close(&self, testid: &str) {
        let element = self.find(testid).await;
        let _ = tokio::time::timeout(LIMIT, element.click()).await;
    }

    pub async fn until_none(&self, testid: &str) {
        let css = format!("[data-testid='{testid}']");
        self.until(&format!("no {testid}"), async |window| {
            let found = window.client.find_all(Locator::Css(&css)).await.ok()?;
            found.is_empty().then_some(())
        })
        .await;
    }

    /// Replaces what a field holds.
    pub async fn type_into(&self, testid: &str, text: &str) {
        let field = self.find(testid).await;
        field.clear().await.expect("it can be cleared");
        field.send_keys(text).await.expect("it takes keys");
    }

    pub async fn value(&self, testid: &str) -> String {
        self.find(testid)
            .await
            .prop("value")
            .await
            .expect("the field is there")
            .unwrap_or_default()
    }

    pub async fn press_escape(&self) {
        self.type_keys(&Key::Escape.to_string()).await;
    }

    pub async fn press_with_control(&self, key: &str) {
        self.type_keys(&(Key::Control + key)).await;
    }

    async fn type_keys(&self, keys: &str) {
        let body = self.find_body().await;
        body.send_keys(keys).await.expect("it takes keys");
    }

    async fn find_body(&self) -> Element {
        let body = self.client.find(Locator::Css("body")).await;
        body.expect("a body")
    }

    /// Where the session stands: `View.status.is`.
    pub async fn status(&self) -> String {
        let element = self.find("status").await;
        element
            .attr("data-status")
            .await
            .expect("it is there")
            .unwrap_or_default()
    }

    pub async fn until_status(&self, wanted: &str) {
        self.until(&format!("status {wanted}"), async |window| {
            (window.status().await == wanted).then_some(())
        })
        .await;
    }

    pub async fn until_status_is_not(&self, unwanted: &str) {
        self.until(&format!("status other than {unwanted}"), async |window| {
            (window.status().await != unwanted).then_some(())
        })
        .await;
    }

    pub async fn until_text(&self, testid: &str, part: &str) -> String {
        self.until(&format!("{testid} to say {part}"), async |window| {
            let text = window.find(testid).await.text().await.ok()?;
            text.contains(part).then_some(text)
        })
        .await
    }

    /// How many rows there are, whether drawn or not.
    pub async fn rows(&self) -> u64 {
        let element = self.find("exchanges").await;
        let rows = element.attr("data-rows").await.expect("it is there");
        rows.and_then(|rows| rows.parse().ok()).unwrap_or_default()
    }

    pub async fn until_more_rows_than(&self, before: u64) {
        self.until("a new row", async |window| {
            (window.rows().await > before).then_some(())
        })
        .await;
    }

    /// Does what a user does in the browser: goes to the URL that was opened and approves.
    pub async fn play_the_browser(&self) {
        let noted = self.folder.join("opened-url");
        let url = self
            .until("a browser to be opened", async |_| {
                std::fs::read_to_string(&noted)
                    .ok()
                    .filter(|url| !url.is_empty())
            })
            .await;
        let redirect_uri = trace::query_pairs(&url)
            .into_iter()
            .find(|pair| pair.name == "redirect_uri");
        let redirect_uri = redirect_uri.expect("a redirect URI").value;
        let wire = wire::Wire::new(&wire::Settings::default()).expect("the defaults are usable");
        let mut approver = wire::Approver::new(wire, Vec::new()).deliver(true);
        let mut ignore = |_| {};
        let approving = approver.approve(&url, &redirect_uri, &mut ignore);
        within("the approval", LIMIT, approving)
            .await
            .expect("the lab's page can be passed");
    }

    pub async fn resize(&self, width: u32, height: u32) {
        self.resize_until((width, height), |page| page == (width, height))
            .await;
    }

    /// Gives the window a size, and waits until the page in it has room for a part of another one.
    pub async fn resize_to_hold(&self, window: (u32, u32), (width, height): (u32, u32)) {
        self.resize_until(window, |page| page.0 >= width && page.1 >= height)
            .await;
    }

    async fn resize_until(
        &self,
        (width, height): (u32, u32),
        is_there: impl Fn((u32, u32)) -> bool,
    ) {
        self.client
            .set_window_rect(0, 0, width, height)
            .await
            .expect("the window can be resized");
        // The page is told by an event of its own.
        let script = "return [innerWidth, innerHeight]";
        self.until("the new size", async |window| {
            let size = window.client.execute(script, vec![]).await.ok()?;
            is_there(serde_json::from_value(size).ok()?).then_some(())
        })
        .await;
    }

    /// How many pixels the page is wider than its window.
    pub async fn horizontal_overflow(&self) -> f64 {
        let script = "return document.documentElement.scrollWidth - innerWidth";
        self.client
            .execute(script, vec![])
            .await
            .ok()
            .and_then(|value| value.as_f64())
            .expect("a number")
    }

    /// When the page was first painted with something to see, in milliseconds since 1970.
    pub async fn first_contentful_paint(&self) -> f64 {
        let script = "const paint = performance.getEntriesByName('first-contentful-paint')[0];\
                      return paint ? performance.timeOrigin + paint.startTime : null;";
        self.until("the first paint", async |window| {
            window.client.execute(script, vec![]).await.ok()?.as_f64()
        })
        .await
    }

    /// Keeps a screenshot among the artefacts.
    pub async fn picture(&self, what: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/artefacts/desktop");
        std::fs::create_dir_all(&folder).expect("the artefacts can be written");
        // A window that does not answer has no picture, and must not hide what went wrong with it.
        if let Ok(Ok(png)) = tokio::time::timeout(LIMIT, self.client.screenshot()).await {
            std::fs::write(folder.join(format!("{}-{what}.png", self.name)), png)
                .expect("they can be written");
        }
    }

    /// Asks again and again, as fast as the driver answers, until there is something.
    async fn until<T>(&self, what: &str, ask: impl AsyncFn(&Self) -> Option<T>) -> T {
        let asking = async {
            loop {
                if let Some(found) = ask(self).await {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        match tokio::time::timeout(LIMIT, asking).await {
            Ok(found) => found,
            Err(_) => {
                self.picture("hang").await;
                panic!(
                    "{what}: not within {} s; the status is {}",
                    LIMIT.as_secs(),
                    self.status().await
                );
            }
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.end_by_force();
        let _ = self.driver.wait();
    }
}

/// A signal, such as `-KILL`.
pub fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(sent.is_ok_and(|sent| sent.success()), "{signal} {pid}");
}

/// Waits until a process has ended. A fault of the window shows as one that never does.
pub async fn until_ended(pid: u32) {
    let ending = async {
        while exe_of(pid).is_some() {
            tokio::task::yield_now().await;
        }
    };
    within("the program to end", LIMIT, ending).await;
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let each = paths.flat_map(|path| {
        if path.is_dir() {
            files_below(&path)
        } else {
            vec![path]
        }
    });
    each.collect()
}

/// Whether a text is in any file that the program wrote.
pub fn left_on_disk(window: &Window, text: &str) -> bool {
    let holds = |content: Vec<u8>| {
        content
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    files_below(&window.folder)
        .into_iter()
        .any(|file| std::fs::read(file).is_ok_and(holds))
}
