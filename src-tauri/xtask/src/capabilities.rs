//! What the window's web page may ask of the program: each permission with its reason, and nothing
//! else.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Each capability, its permission, and why the page has it.
const GRANTED: &[(&str, &str, &str)] = &[(
    "main",
    "allow-app",
    "The page has no access of its own to files, network or processes: it asks the program.",
)];

/// A page of any other origin has none of them.
const MEMBERS: &[&str] = &["identifier", "description", "windows", "permissions"];

/// What `folder`, and the configuration where there is one, grants without a reason.
pub fn unexplained(folder: &Path, configuration: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if !configuration["app"]["security"]["capabilities"].is_null() {
        found.push("tauri.conf.json: capabilities are files in src-tauri/capabilities".to_owned());
    }
    if configuration["app"]["withGlobalTauri"] == true {
        found.push("tauri.conf.json: every script of the page would have the commands".to_owned());
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        match serde_json::from_str(&text) {
            Ok(capability) => found.extend(
                of_one(&capability)
                    .into_iter()
                    .map(|what| format!("{name}: {what}")),
            ),
            Err(error) => found.push(format!("{name}: {error}")),
        }
    }
    found
}

fn of_one(capability: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let members = capability.as_object().into_iter().flatten();
    for (member, _) in members.filter(|(member, _)| !MEMBERS.contains(&member.as_str())) {
        found.push(format!("the member `{member}` is not expected"));
    }
    if capability["windows"] != serde_json::json!(["main"]) {
        found.push("it is for other windows than `main`".to_owned());
    }
    let identifier = capability["identifier"].as_str().unwrap_or_default();
    let Some(permissions) = capability["permissions"].as_array() else {
        found.push("it has no list of permissions".to_owned());
        return found;
    };
    for permission in permissions {
        let known = |(capability, granted, _): &&(&str, &str, &str)| {
            *capability == identifier && permission == granted
        };
        if GRANTED.iter().find(known).is_none() {
            found.push(format!(
                "{permission} has no reason: name it in src-tauri/xtask/src/capabilities.rs"
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::project::Project;

    fn main() -> Value {
        json!({ "identifier": "main", "windows": ["main"], "permissions": ["allow-app"] })
    }

    #[test]
    fn what_the_project_grants_has_a_reason() {
        let root = Project::here().root().to_owned();
        let text = fs::read_to_string(root.join("tauri.conf.json")).expect("it is there");
        let configuration = serde_json::from_str(&text).expect("it is JSON");
        let folder = root.join("src-tauri/capabilities");
        assert!(folder.join("main.json").exists());
        assert_eq!(unexplained(&folder, &configuration), [""; 0]);
        assert_eq!(of_one(&main()), [""; 0]);
    }

    #[test]
    fn anything_else_is_refused() {
        for (member, value) in [
            ("permissions", json!(["allow-app", "core:default"])),
            ("permissions", json!(["shell:allow-open"])),
            (
                "permissions",
                json!([{ "identifier": "fs:allow-read", "allow": ["$HOME/*"] }]),
            ),
            ("permissions", Value::Null),
            ("identifier", json!("other")),
            ("windows", json!(["*"])),
            ("windows", Value::Null),
            ("webviews", json!(["*"])),
            ("remote", json!({ "urls": ["https://evil.example"] })),
        ] {
            let mut capability = main();
            capability[member] = value;
            assert_eq!(of_one(&capability).len(), 1, "{capability}");
        }
    }

    #[test]
    fn the_configuration_grants_nothing_beside() {
        let nowhere = Path::new("no/such/folder");
        for (app, expected) in [
            (json!({}), 0),
            (json!({ "security": { "capabilities": ["x"] } }), 1),
            (json!({ "withGlobalTauri": true }), 1),
        ] {
            let found = unexplained(nowhere, &json!({ "app": app }));
            assert_eq!(found.len(), expected, "{found:?}");
        }
    }
}
