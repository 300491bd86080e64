//! What a case can say, and all cases. `README.md` describes the files.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Mutex;

use async_compression::tokio::bufread;
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

/// A place at which the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    Challenge,
    ResourceMetadata,
    ServerMetadata,
    Registration,
    Authorization,
    Token,
    Initialize,
    Tools,
    /// Only with this grant.
    Device,
}

impl Leg {
    const EACH: [Self; 8] = [
        Self::Challenge,
        Self::ResourceMetadata,
        Self::ServerMetadata,
        Self::Registration,
        Self::Authorization,
        Self::Token,
        Self::Initialize,
        Self::Tools,
    ];
}

/// What meets the attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// The command plays the client.
    Run,
    /// What is behind the window plays it, and everything that it shows is asked for.
    Window,
    /// A client is observed: the attack goes through the proxy.
    Observe,
    /// A recording of the attack is read.
    Check,
}

/// One attack at one leg.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub front: Front,
    pub leg: Leg,
    pub play: Play,
    /// Of the command that plays the client.
    pub arguments: Vec<String>,
    pub expect: Expect,
    /// Among those that are part of the usual tests.
    #[allow(dead_code, reason = "for the tests")]
    pub usual: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Expect {
    pub exit: Option<i32>,
    /// One of these is in what was written.
    pub says: Vec<String>,
}

/// What is written, with its placeholders, and what comes then.
#[derive(Debug, Clone)]
pub struct Play {
    pub pieces: Vec<Piece>,
    pub then: Then,
}

#[derive(Debug, Clone)]
pub enum Then {
    Close,
    Reset,
    Hold,
    Flood(Vec<u8>),
    Drip(Vec<u8>),
}

#[derive(Deserialize)]
pub struct Answer {
    pub name: String,
    write: Vec<Piece>,
    flood: Option<String>,
    drip: Option<String>,
    #[serde(default)]
    hold: bool,
    #[serde(default)]
    reset: bool,
    #[serde(default)]
    says: String,
}

/// An answer that means something at one leg only.
#[derive(Deserialize)]
struct Single {
    leg: Leg,
    #[serde(default)]
    arguments: Vec<String>,
    exit: Option<i32>,
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// Not from a file.
    #[serde(skip)]
    Text(String),
    Once(String),
    Times(usize, String),
    Bomb {
        bomb: String,
    },
    Numbers {
        numbers: usize,
        each: String,
    },
}

#[derive(Deserialize)]
struct Text {
    name: String,
    text: String,
    #[serde(default)]
    each: String,
    #[serde(default)]
    of_each: usize,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    leg: Leg,
    r#in: Within,
    answer: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Within {
    Json,
    Html,
    Header,
    Query,
}

#[derive(Deserialize)]
struct Way {
    name: String,
    leg: Leg,
    arguments: Vec<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    html: bool,
    answer: String,
    exit: i32,
    says: String,
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let mut all = ways();
    all.extend(answers());
    all.extend(texts());
    all.extend(single());
    let others = [
        (Front::Window, "behind the window"),
        (Front::Observe, "through the proxy"),
        (Front::Check, "in a recording"),
    ];
    let elsewhere = others.into_iter().enumerate().flat_map(|(turn, other)| {
        let attacks = all.iter().filter(|case| case.arguments.is_empty());
        let meeting = attacks
            .enumerate()
            .filter(move |(_, case)| other.0.meets(case));
        meeting.map(move |(number, case)| Case {
            name: format!("{}, {}", case.name, other.1),
            front: other.0,
            expect: Expect::default(),
            // By turns, and whatever has no end.
            usual: (number + turn * 5).is_multiple_of(17)
                || case.leg == Leg::Challenge
                    && matches!(case.play.then, Then::Flood(_) | Then::Drip(_)),
            ..case.clone()
        })
    });
    let elsewhere: Vec<Case> = elsewhere.collect();
    all.extend(elsewhere);
    all
}

impl Front {
    /// A recording that is read is not written again.
    pub fn writes_har(self) -> bool {
        matches!(self, Self::Run | Self::Observe)
    }

    /// A login does not pass through the proxy.
    fn meets(self, case: &Case) -> bool {
        self != Self::Observe || case.leg != Leg::Authorization
    }
}

fn answers() -> Vec<Case> {
    let answers: Vec<Answer> = read(include_str!("answers.json"));
    let each = answers.iter().enumerate().flat_map(|(number, answer)| {
        Leg::EACH
            .into_iter()
            .enumerate()
            .map(move |(place, leg)| Case {
                name: format!("{} at {leg:?}", answer.name),
                front: Front::Run,
                leg,
                play: answer.play(),
                arguments: Vec::new(),
                expect: Expect {
                    exit: None,
                    says: says(&answer.says)
                        .filter(|_| leg == Leg::Challenge)
                        .collect(),
                },
                // Each of them at the first call and at two more legs, each leg by turns.
                usual: leg == Leg::Challenge || (number + place).is_multiple_of(6),
            })
    });
    each.collect()
}

fn texts() -> Vec<Case> {
    let texts: Vec<Text> = read(include_str!("texts.json"));
    let fields: Vec<Field> = read(include_str!("fields.json"));
    let all = fields.iter().enumerate().flat_map(|(number, field)| {
        texts.iter().enumerate().map(move |(place, text)| Case {
            name: format!("{} in {}", text.name, field.name),
            front: Front::Run,
            leg: field.leg,
            play: Play {
                pieces: vec![Piece::Text(field.with(text))],
                then: Then::Close,
            },
            arguments: Vec::new(),
            expect: Expect::default(),
            usual: (number + place).is_multiple_of(3),
        })
    });
    all.collect()
}

fn ways() -> Vec<Case> {
    let ways: Vec<Way> = read(include_str!("ways.json"));
    let case = |way: Way| {
        let kind = if way.html {
            "text/html"
        } else {
            "application/json"
        };
        let status = way.status.as_deref().unwrap_or("200 OK");
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close");
        Case {
            name: way.name,
            front: Front::Run,
            leg: way.leg,
            play: Play {
                pieces: vec![Piece::Text(format!("{head}\r\n\r\n{}", way.answer))],
                then: Then::Close,
            },
            arguments: way.arguments,
            expect: Expect {
                exit: Some(way.exit),
                says: says(&way.says).collect(),
            },
            usual: true,
        }
    };
    ways.into_iter().map(case).collect()
}

fn single() -> Vec<Case> {
    let attacks: Vec<Single> = read(include_str!("single.json"));
    let case = |(number, attack): (usize, Single)| Case {
        front: Front::Run,
        leg: attack.leg,
        play: attack.answer.play(),
        arguments: attack.arguments,
        // What has a cause to name, and of the others each by turns.
        usual: !attack.answer.says.is_empty() || number.is_multiple_of(4),
        expect: Expect {
            exit: attack.exit,
            says: says(&attack.answer.says).collect(),
        },
        name: attack.answer.name,
    };
    attacks.into_iter().enumerate().map(case).collect()
}

fn says(words: &str) -> impl Iterator<Item = String> {
    let words = words.split('|').filter(|word| !word.is_empty());
    words.map(Into::into)
}

pub fn read<T: for<'a> Deserialize<'a>>(json: &str) -> Vec<T> {
    serde_json::from_str(json).expect("the cases are as README.md says")
}

impl Answer {
    pub fn play(&self) -> Play {
        let then = match (&self.flood, &self.drip) {
            (Some(flood), _) => Then::Flood(bytes(flood)),
            (_, Some(drip)) => Then::Drip(bytes(drip)),
            _ if self.hold => Then::Hold,
            _ if self.reset => Then::Reset,
            _ => Then::Close,
        };
        Play {
            pieces: self.write.clone(),
            then,
        }
    }
}

impl Piece {
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Once(text) => bytes(text),
            Self::Times(times, text) => bytes(text).repeat(*times),
            Self::Bomb { bomb: coding } => {
                static MADE: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
                let mut made = MADE.lock().expect("making one does not fail");
                made.entry(coding.clone())
                    .or_insert_with(|| bomb(coding))
                    .clone()
            }
            Self::Numbers { numbers, each } => {
                let each = |number: usize| bytes(&each.replace('#', &number.to_string()));
                (0..*numbers).flat_map(each).collect()
            }
        }
    }
}

/// A character of the files is a byte.
fn bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).expect("a byte"))
        .collect()
}

/// 200 MB of blanks in a coding, and that in the next one.
fn bomb(codings: &str) -> Vec<u8> {
    const SIZE: u64 = 200_000_000;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut codings = codings.split(',');
    let first = codings.next().expect("there is one");
    let blanks = tokio::io::repeat(b' ').take(SIZE);
    let packed = runtime.block_on(packed(first, blanks));
    codings.fold(packed, |inner, coding| {
        runtime.block_on(self::packed(coding, inner.as_slice()))
    })
}

async fn packed(coding: &str, plain: impl tokio::io::AsyncRead + Unpin) -> Vec<u8> {
    let plain = tokio::io::BufReader::with_capacity(1 << 20, plain);
    let mut packed = Cursor::new(Vec::new());
    let copied = match coding {
        "gzip" => tokio::io::copy(&mut bufread::GzipEncoder::new(plain), &mut packed).await,
        "br" => {
            let level = async_compression::Level::Fastest;
            let mut coded = bufread::BrotliEncoder::with_quality(plain, level);
            tokio::io::copy(&mut coded, &mut packed).await
        }
        "zstd" => tokio::io::copy(&mut bufread::ZstdEncoder::new(plain), &mut packed).await,
        _ => tokio::io::copy(&mut bufread::ZlibEncoder::new(plain), &mut packed).await,
    };
    copied.expect("memory does not fail");
    packed.into_inner()
}

impl Field {
    fn with(&self, text: &Text) -> String {
        let text = format!("{}{}", text.text, text.each.repeat(text.of_each));
        let text = match self.r#in {
            Within::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            // A header holds no line breaks, and reading one has a limit.
            Within::Header => text
                .replace(['\r', '\n', '\0', '"'], " ")
                .chars()
                .take(5_000)
                .collect(),
            Within::Html => text,
            Within::Query => {
                let text: String = text.chars().take(1_000).collect();
                trace::encode_pairs([("", text.as_str())])
                    .trim_start_matches('=')
                    .to_owned()
            }
        };
        self.answer.replace("{text}", &text)
    }
}
