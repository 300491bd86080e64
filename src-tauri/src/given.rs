//! Files that come from outside the window: dropped on it, opened by the system, named on the
//! command line of this process or of one that was started after it.

use std::path::{Path, PathBuf};

use tokio::sync::{Mutex, mpsc, watch};

/// The files that were given and not yet taken, in order.
pub struct Given {
    giver: mpsc::UnboundedSender<String>,
    waiting: Mutex<mpsc::UnboundedReceiver<String>>,
    /// How often was asked.
    asked: watch::Sender<u32>,
}

impl Given {
    pub fn new() -> Self {
        let (giver, waiting) = mpsc::unbounded_channel();
        Self {
            giver,
            waiting: Mutex::new(waiting),
            asked: watch::Sender::new(0),
        }
    }

    pub fn give(&self, path: &Path) {
        // The receiver lives as long as this does.
        let _ = self.giver.send(path.to_string_lossy().into_owned());
    }

    /// The files of a command line, without the program and its flags; relative ones are meant in
    /// this folder.
    pub fn give_arguments(&self, arguments: impl IntoIterator<Item = String>, folder: &Path) {
        let files = arguments.into_iter().skip(1);
        for file in files.filter(|file| !file.starts_with('-')) {
            let path = PathBuf::from(&file);
            let path = if path.is_absolute() {
                path
            } else {
                folder.join(path)
            };
            if path.is_file() {
                self.give(&path);
            }
        }
    }

    /// Waits for the next file. `None` once somebody else asks: a page that was loaded again gets
    /// what comes, and not the one before.
    pub async fn next(&self) -> Option<String> {
        self.asked
            .send_modify(|asked| *asked = asked.wrapping_add(1));
        let mut asked = self.asked.subscribe();
        let next = async { self.waiting.lock().await.recv().await };
        tokio::select! {
            biased;
            _ = asked.changed() => None,
            next = next => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn a_file_goes_to_the_page_that_asked_last() {
        let given = Given::new();
        let mut former = pin!(given.next());
        let at_once = poll_fn(|context| Poll::Ready(former.as_mut().poll(context)));
        assert!(at_once.await.is_pending());
        let now = pin!(given.next());
        given.give(Path::new("/run.har"));
        let (now, former) = tokio::join!(now, former);
        assert_eq!((former, now), (None, Some("/run.har".to_owned())));
    }

    #[tokio::test]
    async fn files_that_came_before_anybody_asked_wait_in_order() {
        let given = Given::new();
        given.give(Path::new("/a.har"));
        given.give(Path::new("/b.har"));
        assert_eq!(given.next().await.as_deref(), Some("/a.har"));
        assert_eq!(given.next().await.as_deref(), Some("/b.har"));
    }

    /// Linux knows a kind of file only by this description, macOS and Windows by the configuration.
    #[test]
    fn every_kind_of_file_that_is_ours_is_described_to_the_system() {
        let configuration: Value =
            serde_json::from_str(include_str!("../../tauri.conf.json")).expect("it is JSON");
        let described = include_str!("../mime-types.xml");
        let ours = configuration["bundle"]["fileAssociations"].as_array();
        for kind in ours.expect("there are some") {
            let name = kind["mimeType"].as_str().expect("a kind");
            let (_, description) = described
                .split_once(&format!("<mime-type type=\"{name}\">"))
                .unwrap_or_else(|| panic!("{name} is not described"));
            let (description, _) = description.split_once("</mime-type>").expect("an end");
            for extension in kind["ext"].as_array().expect("extensions") {
                let extension = extension.as_str().expect("an extension");
                let glob = format!("<glob pattern=\"*.{extension}\"/>");
                assert!(description.contains(&glob), "{name}: no {glob}");
            }
        }
        let files = configuration["bundle"]["linux"]["deb"]["files"].as_object();
        let mut files = files.expect("files").iter();
        assert!(
            files.any(|(to, from)| to.starts_with("/usr/share/mime/packages/")
                && from == "src-tauri/mime-types.xml"),
            "the package leaves it out"
        );
    }
}
