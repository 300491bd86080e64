//! The tools of the MCP server, and their list where it comes in pages.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// No further page is asked for once there are as many tools as the pages asked for at most, each
/// with this many of them.
const TOOLS_OF_A_PAGE: usize = 100;

/// A tool as `tools/list` names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Tool {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// Its `inputSchema`: a JSON schema, as it came.
    pub input_schema: Value,
}

/// The pages that were read, with the cursor that asks for the next one (2025-11-25
/// server/utilities/pagination).
#[derive(Debug, Clone, PartialEq)]
pub struct ToolPages {
    /// Sent as it came: it means something to the server alone.
    pub cursor: String,
    /// Each state of the flow shares the pages with the one before: they are kept once.
    pub pages: Vec<Arc<[Tool]>>,
}

impl ToolPages {
    /// The tools of all pages.
    pub(crate) fn tools(&self) -> Vec<Tool> {
        all(&self.pages)
    }
}

/// What a page leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum After {
    Page(ToolPages),
    /// The end. Where the list goes on and is not followed: why.
    End {
        tools: Vec<Tool>,
        cut: Option<String>,
    },
}

/// Takes in a result of `tools/list`. `earlier` are the pages before it; `most` pages are asked
/// for.
pub(crate) fn after(earlier: Option<ToolPages>, result: &Value, most: u32) -> After {
    let most_pages = most as usize;
    let most_tools = most_pages.saturating_mul(TOOLS_OF_A_PAGE);
    let (asked, mut pages) = match earlier {
        Some(earlier) => (Some(earlier.cursor), earlier.pages),
        None => (None, Vec::new()),
    };
    // What an earlier page named is not named again by a server that starts over.
    let known: HashSet<&str> = names(&pages).collect();
    let listed = result["tools"].as_array().into_iter().flatten();
    let page: Arc<[Tool]> = listed
        .filter_map(tool)
        .filter(|tool| !known.contains(tool.name.as_str()))
        .collect();
    drop(known);
    pages.push(page);
    let cut = match &result["nextCursor"] {
        Value::Null => return end(&pages, None),
        Value::String(next) if asked.as_ref() == Some(next) => {
            "the next page has the cursor of this one".to_owned()
        }
        Value::String(_) if names(&pages).count() >= most_tools => {
            format!("the list goes on after {most_tools} tools (--max-pages)")
        }
        Value::String(_) if pages.len() >= most_pages => {
            format!("the list goes on after {most_pages} pages (--max-pages)")
        }
        Value::String(next) => {
            return After::Page(ToolPages {
                cursor: next.clone(),
                pages,
            });
        }
        _ => "nextCursor is not a string".to_owned(),
    };
    end(&pages, Some(cut))
}

fn end(pages: &[Arc<[Tool]>], cut: Option<String>) -> After {
    After::End {
        tools: all(pages),
        cut,
    }
}

fn all(pages: &[Arc<[Tool]>]) -> Vec<Tool> {
    pages.iter().flat_map(|page| page.iter().cloned()).collect()
}

fn names(pages: &[Arc<[Tool]>]) -> impl Iterator<Item = &str> {
    let tools = pages.iter().flat_map(|page| page.iter());
    tools.map(|tool| tool.name.as_str())
}

fn tool(listed: &Value) -> Option<Tool> {
    let text = |name: &str| listed[name].as_str().map(Into::into);
    Some(Tool {
        name: text("name")?,
        title: text("title"),
        description: text("description"),
        input_schema: listed["inputSchema"].clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MOST_PAGES: u32 = 100;

    /// Follows a server whose every page is made from its number, counted from 1.
    fn follow(page: impl Fn(usize) -> Value) -> (usize, Vec<Tool>, Option<String>) {
        let mut earlier = None;
        for number in 1.. {
            match after(earlier, &page(number), MOST_PAGES) {
                After::Page(pages) => earlier = Some(pages),
                After::End { tools, cut } => return (number, tools, cut),
            }
        }
        unreachable!("every list ends");
    }

    fn cut(next: Value) -> Option<String> {
        follow(|_| json!({ "tools": [{ "name": "echo" }], "nextCursor": next })).2
    }

    #[test]
    fn pages_are_put_together_until_there_is_no_cursor() {
        let (pages, tools, cut) = follow(|number| match number {
            3 => json!({ "tools": [{ "name": "t3" }] }),
            _ => {
                json!({ "tools": [{ "name": format!("t{number}") }], "nextCursor": number.to_string() })
            }
        });
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!((pages, names, cut), (3, vec!["t1", "t2", "t3"], None));
    }

    #[test]
    fn a_list_without_end_is_followed_for_a_while_only() {
        let (pages, tools, cut) = follow(
            |number| json!({ "tools": [{ "name": format!("t{number}") }], "nextCursor": number.to_string() }),
        );
        assert_eq!((pages, tools.len()), (100, 100));
        assert_eq!(
            cut.as_deref(),
            Some("the list goes on after 100 pages (--max-pages)")
        );
        let (pages, tools, cut) = follow(|number| {
            let tools: Vec<Value> = (0..6_000)
                .map(|tool| json!({ "name": format!("t{number}.{tool}") }))
                .collect();
            json!({ "tools": tools, "nextCursor": number.to_string() })
        });
        assert_eq!((pages, tools.len()), (2, 12_000));
        assert_eq!(
            cut.as_deref(),
            Some("the list goes on after 10000 tools (--max-pages)")
        );
    }

    #[test]
    fn a_cursor_that_leads_nowhere_is_the_end() {
        assert_eq!(cut(Value::Null), None);
        assert_eq!(cut(json!(7)).as_deref(), Some("nextCursor is not a string"));
        // Also an empty one is asked for: what a cursor looks like is up to the server.
        for same in ["again", ""] {
            let (pages, tools, cut) =
                follow(|_| json!({ "tools": [{ "name": "echo" }], "nextCursor": same }));
            assert_eq!((pages, tools.len()), (2, 1));
            assert_eq!(
                cut.as_deref(),
                Some("the next page has the cursor of this one")
            );
        }
    }
}
