//! HAR files are accepted by other programs: har-validator, haralyzer and mitmproxy (`tests/har`).

mod support;

use std::fs::{File, create_dir_all};
use std::path::{Path, PathBuf};
use std::process::Command;

use formats::{Export, Secrets};
use support::{Secrets as Planted, empty, failures, flow};
use trace::{Decision, EntryKind, Phase, Trace};

#[test]
fn har_files_are_accepted_by_har_validator_haralyzer_and_mitmproxy() {
    let planted = Planted::new(1);
    let mut healthy = empty();
    flow(&mut healthy, &planted);
    let mut broken = empty();
    failures(&mut broken, &planted);
    let mut rewound = empty();
    flow(&mut rewound, &planted);
    let at = rewound.started;
    rewound.push(at, 1, Phase::Challenge, EntryKind::Rewound { to: 2 });
    rewound.push(
        at,
        1,
        Phase::Challenge,
        EntryKind::Decision(Decision::Ended),
    );
    let abandoned = rewound.entries[0].kind.clone();
    rewound.push(at, 1, Phase::Challenge, abandoned);

    let folder = folder();
    let mut files = Vec::new();
    for (name, trace) in [
        ("healthy", &healthy),
        ("broken", &broken),
        ("rewound", &rewound),
        ("empty", &empty()),
    ] {
        for secrets in [Secrets::Redacted, Secrets::Included] {
            files.push(write(&folder, name, trace, secrets));
        }
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/har");
    let output = Command::new("sh")
        .arg(tests.join("check.sh"))
        .args(&files)
        .output()
        .expect("sh can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(said.lines().count(), files.len(), "{said}");
}

fn write(folder: &Path, name: &str, trace: &Trace, secrets: Secrets) -> PathBuf {
    let path = folder.join(format!("{name}-{secrets:?}.har").to_lowercase());
    let export = Export {
        secrets,
        ..Export::redacted(trace, "0.1.0")
    };
    let mut file = File::create(&path).expect("the test's folder can be written to");
    let har = formats::format("har").expect("the format is in the table");
    har.write(&export, &mut file)
        .expect("the file can be written");
    path
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("har");
    create_dir_all(&folder).expect("the test's folder can be made");
    folder
}
