//! What a browser would send when a person fills in a page's form and presses a button.

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::choice::{Intent, intent};

/// A form's data set (HTML, "Constructing the entry list"), or the target of a page that refreshes
/// itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Submission {
    /// Absolute, or relative to the page.
    pub(super) action: String,
    pub(super) post: bool,
    pub(super) pairs: Vec<(String, String)>,
    /// Names of the given values that were typed in. The rest was on the page already.
    pub(super) typed: Vec<String>,
}

/// Why there is nothing to submit, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The page has no form, or none that approves.
    AsksNothing(String),
    /// A person would be needed for it.
    Unanswerable(String),
}

/// The submission of the form that approves most likely.
pub(super) fn next_on(
    page: &str,
    url: &Url,
    given: &[(String, String)],
) -> Result<Submission, Unanswered> {
    readable(page).map_err(Unanswered::Unanswerable)?;
    let document = Html::parse_document(page);
    let forms: Vec<Form<'_>> = all(document.root_element(), "form")
        .filter(|form| !attribute(*form, "method").eq_ignore_ascii_case("dialog"))
        .map(|form| Form::read(&document, form, given))
        .collect();
    let usable = forms.iter().filter(|form| !form.only_denies());
    let Some(best) =
        usable.max_by_key(|form| (form.score(), std::cmp::Reverse(form.order(&forms))))
    else {
        return match refresh(&document) {
            Some(action) => Ok(Submission {
                action,
                post: false,
                pairs: Vec::new(),
                typed: Vec::new(),
            }),
            None => {
                let which = if forms.is_empty() {
                    ""
                } else {
                    " that approves"
                };
                let why = format!("the page {} has no form{which}", title(&document));
                Err(Unanswered::AsksNothing(why))
            }
        };
    };
    let base = all(document.root_element(), "base[href]").next();
    let base = base.and_then(|base| url.join(attribute(base, "href")).ok());
    best.submission(base.as_ref().unwrap_or(url))
        .map_err(|why| {
            Unanswered::Unanswerable(format!("the form of the page {} {why}", title(&document)))
        })
}

/// Pages that ask for a decision are small. Reading elements that are nested takes the square of
/// their number, and this page comes from a server under test.
fn readable(page: &str) -> Result<(), String> {
    const MOST_BYTES: usize = 1024 * 1024;
    const MOST_ELEMENTS: usize = 5_000;
    let tags = page.as_bytes().windows(2);
    let elements = tags
        .filter(|two| two[0] == b'<' && two[1].is_ascii_alphabetic())
        .count();
    if page.len() > MOST_BYTES {
        return Err(format!("the page is larger than {MOST_BYTES} bytes"));
    }
    if elements > MOST_ELEMENTS {
        return Err(format!("the page has more than {MOST_ELEMENTS} elements"));
    }
    Ok(())
}

struct Form<'a> {
    element: ElementRef<'a>,
    fields: Vec<Field>,
    buttons: Vec<Button<'a>>,
    has_password: bool,
}

struct Field {
    name: String,
    value: String,
    given: bool,
    /// The given value is not one that the page offers.
    typed: bool,
    /// A person would have to type something.
    missing: bool,
}

struct Button<'a> {
    element: ElementRef<'a>,
    name: String,
    value: String,
    intent: Intent,
    given: bool,
}

impl<'a> Form<'a> {
    fn read(document: &'a Html, element: ElementRef<'a>, given: &[(String, String)]) -> Self {
        let mut form = Self {
            element,
            fields: Vec::new(),
            buttons: Vec::new(),
            has_password: false,
        };
        let id = attribute(element, "id");
        let controls = all(document.root_element(), "input, select, textarea, button");
        for control in controls.filter(|control| belongs(*control, element, id)) {
            if control.value().attr("disabled").is_none() {
                form.add(control, given);
            }
        }
        form
    }

    fn add(&mut self, control: ElementRef<'a>, given: &[(String, String)]) {
        let name = attribute(control, "name");
        let wanted: Vec<&str> = given
            .iter()
            .filter(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
            .collect();
        let kind = attribute(control, "type").to_ascii_lowercase();
        match (control.value().name(), kind.as_str()) {
            ("input", "submit" | "image") => self.add_button(control, &wanted),
            ("button", "" | "submit") => self.add_button(control, &wanted),
            ("button", _) | ("input", "button" | "reset" | "file") => {}
            _ if name.is_empty() => {}
            ("input", "checkbox" | "radio") => {
                let own = control.value().attr("value").unwrap_or("on");
                let has = |flag: &str| control.value().attr(flag).is_some();
                let chosen = if wanted.is_empty() {
                    has("checked") || (kind == "checkbox" && has("required"))
                } else {
                    wanted.contains(&own) || (kind == "checkbox" && wanted == ["on"])
                };
                if chosen {
                    self.push(name, own, !wanted.is_empty());
                }
            }
            ("select", _) => self.add_select(control, name, &wanted),
            (element, kind) => {
                self.has_password |= kind == "password";
                let own = match element {
                    "textarea" => control.text().collect::<String>(),
                    _ => attribute(control, "value").into(),
                };
                let required = control.value().attr("required").is_some() || kind == "password";
                let value = wanted.first().copied().unwrap_or(&own);
                let missing = kind != "hidden" && required && value.is_empty();
                let given = !wanted.is_empty();
                self.fields.push(Field {
                    name: name.into(),
                    value: value.into(),
                    given,
                    typed: given && value != own,
                    missing,
                });
            }
        }
    }

    fn add_select(&mut self, control: ElementRef<'a>, name: &str, wanted: &[&str]) {
        let text = |option: ElementRef<'_>| match option.value().attr("value") {
            Some(value) => value.to_string(),
            None => option.text().collect::<String>().trim().to_string(),
        };
        let options: Vec<ElementRef<'_>> = all(control, "option")
            .filter(|option| option.value().attr("disabled").is_none())
            .collect();
        if !wanted.is_empty() {
            for value in wanted {
                let offered = options.iter().any(|option| text(*option) == *value);
                self.fields.push(Field {
                    name: name.into(),
                    value: (*value).into(),
                    given: true,
                    typed: !offered,
                    missing: false,
                });
            }
            return;
        }
        let mut selected = options
            .iter()
            .filter(|option| option.value().attr("selected").is_some())
            .peekable();
        let first = options
            .first()
            .filter(|_| control.value().attr("multiple").is_none());
        match (selected.peek(), first) {
            (None, Some(first)) => self.push(name, &text(*first), false),
            _ => selected.for_each(|option| self.push(name, &text(*option), false)),
        }
    }

    fn add_button(&mut self, control: ElementRef<'a>, wanted: &[&str]) {
        let (name, value) = (attribute(control, "name"), attribute(control, "value"));
        let text: String = control.text().collect();
        let intent = intent([
            value,
            name,
            text.as_str(),
            attribute(control, "id"),
            attribute(control, "aria-label"),
        ]);
        self.buttons.push(Button {
            element: control,
            name: name.into(),
            value: value.into(),
            intent,
            given: wanted.contains(&value),
        });
    }

    /// A value that the page offers.
    fn push(&mut self, name: &str, value: &str, given: bool) {
        self.fields.push(Field {
            name: name.into(),
            value: value.into(),
            given,
            typed: false,
            missing: false,
        });
    }

    fn only_denies(&self) -> bool {
        !self.buttons.is_empty()
            && self
                .buttons
                .iter()
                .all(|button| button.intent == Intent::Denies && !button.given)
    }

    /// The button to press: the one given, else the first of those that sound most like approving.
    fn button(&self) -> Option<&Button<'a>> {
        let given = self.buttons.iter().find(|button| button.given);
        given.or_else(|| {
            let best = self.buttons.iter().map(|button| button.intent).max()?;
            self.buttons.iter().find(|button| button.intent == best)
        })
    }

    fn score(&self) -> usize {
        let approves = self
            .button()
            .is_some_and(|button| button.intent == Intent::Approves);
        let given = self.fields.iter().filter(|field| field.given).count()
            + self.buttons.iter().filter(|button| button.given).count();
        given * 8
            + usize::from(self.has_password) * 4
            + usize::from(approves) * 2
            + usize::from(attribute(self.element, "method").eq_ignore_ascii_case("post"))
    }

    fn order(&self, forms: &[Form<'_>]) -> usize {
        forms
            .iter()
            .position(|form| form.element.id() == self.element.id())
            .unwrap_or_default()
    }

    fn submission(&self, base: &Url) -> Result<Submission, String> {
        let missing: Vec<String> = self
            .fields
            .iter()
            .filter(|field| field.missing)
            .map(|field| format!("`{}`", field.name))
            .collect();
        if !missing.is_empty() {
            return Err(format!(
                "wants a value for {}, and none was given",
                missing.join(", ")
            ));
        }
        let button = self.button();
        // A button's own attributes win over the form's.
        let setting = |of_button: &str, of_form: &str| {
            let own = button.and_then(|button| button.element.value().attr(of_button));
            own.unwrap_or(attribute(self.element, of_form))
                .trim()
                .to_string()
        };
        let post = setting("formmethod", "method").eq_ignore_ascii_case("post");
        let encoding = setting("formenctype", "enctype").to_ascii_lowercase();
        if post && !matches!(encoding.as_str(), "" | "application/x-www-form-urlencoded") {
            return Err(format!(
                "wants to be sent as {encoding}, which is not supported"
            ));
        }
        let action = base
            .join(&setting("formaction", "action"))
            .map_err(|error| format!("has an action that is not a URL ({error})"))?;
        let mut pairs: Vec<(String, String)> = self
            .fields
            .iter()
            .map(|field| (field.name.clone(), field.value.clone()))
            .collect();
        if let Some(button) = button.filter(|button| !button.name.is_empty()) {
            pairs.push((button.name.clone(), button.value.clone()));
        }
        let typed = self.fields.iter().filter(|field| field.typed);
        Ok(Submission {
            action: action.into(),
            post,
            pairs,
            typed: typed.map(|field| field.name.clone()).collect(),
        })
    }
}

/// A control belongs to the form it names, else to the one around it.
fn belongs(control: ElementRef<'_>, form: ElementRef<'_>, id: &str) -> bool {
    match control.value().attr("form") {
        Some(named) => !id.is_empty() && named == id,
        None => control
            .ancestors()
            .any(|ancestor| ancestor.id() == form.id()),
    }
}

/// `<meta http-equiv="refresh" content="0; url=…">`
fn refresh(document: &Html) -> Option<String> {
    let metas = all(document.root_element(), "meta[http-equiv][content]");
    let mut refreshes =
        metas.filter(|meta| attribute(*meta, "http-equiv").eq_ignore_ascii_case("refresh"));
    let content = attribute(refreshes.next()?, "content");
    let (_, rest) = content.split_once([';', ','])?;
    let rest = rest.trim();
    let names_url = rest
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("url="));
    let target = if names_url { &rest[4..] } else { rest };
    let target = target.trim().trim_matches(['"', '\'']);
    (!target.is_empty()).then(|| target.into())
}

fn title(document: &Html) -> String {
    let title: String = all(document.root_element(), "title")
        .next()
        .map(|title| title.text().collect())
        .unwrap_or_default();
    let words: Vec<&str> = title.split_whitespace().take(12).collect();
    format!("{:?}", words.join(" "))
}

fn all<'a>(element: ElementRef<'a>, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let found: Vec<ElementRef<'a>> = match Selector::parse(selector) {
        Ok(selector) => element.select(&selector).collect(),
        Err(_) => Vec::new(),
    };
    found.into_iter()
}

fn attribute<'a>(element: ElementRef<'a>, name: &str) -> &'a str {
    element.value().attr(name).unwrap_or_default()
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
