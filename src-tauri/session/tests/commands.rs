//! Every command in every status: what it is answered, and that a refused one changes nothing.

mod support;

use session::{Action, AppError, Browser, ErrorCode, Registration, Session, Status};
use support::keychain::keychain;
use support::server::Server;
use support::{at_the_browser, at_the_device, without_user};
use test_support::{Watched, options, within};
use trace::{ActionKind, Request};

const BUSY: &str = "A step is under way.";
const NO_STEP: &str = "There is no step to do: the run is over.";
const NO_REQUEST: &str = "There is no request to change.";
const NO_GO_ON: &str = "The flow has not stopped at a place where one can go on.";
const NO_CALLBACK: &str = "No callback is being waited for.";
const NO_REGISTRATION: &str = "There is no authorization server to register with yet.";

#[derive(Debug, Clone, Copy)]
enum Command {
    Next,
    Run,
    GoOn,
    Rewind,
    Edit,
    Paste,
    OpenBrowser,
    WatchBrowser,
    Act,
    ChooseServer,
    ChooseRegistration,
}

/// Those that are answered in any status.
#[derive(Debug, Clone, Copy)]
enum Always {
    Pause,
    TokensChanged,
    Stop,
}

use Command::{
    Act, ChooseRegistration, ChooseServer, Edit, GoOn, Next, OpenBrowser, Paste, Rewind, Run,
    WatchBrowser,
};

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_step() {
    let server = Server::start().await;
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    assert_eq!(run.view().status, Status::Ready);
    refused(
        &run,
        &[
            (GoOn, ErrorCode::NotNow, NO_GO_ON),
            (
                Rewind,
                ErrorCode::Invalid,
                "row 99: expected a row of the present branch",
            ),
            (Edit, ErrorCode::Invalid, "http"),
            (Paste, ErrorCode::NotNow, NO_CALLBACK),
            (OpenBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (WatchBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (Act, ErrorCode::NotNow, "not possible here."),
            (
                ChooseServer,
                ErrorCode::Invalid,
                "authorization server: expected one that",
            ),
            (ChooseRegistration, ErrorCode::NotNow, NO_REGISTRATION),
        ],
    )
    .await;
    always(&mut run).await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_request_is_under_way() {
    let mut server = Server::start().await;
    server.hold("/mcp");
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.session.next().await.expect("there is a step to do");
    server.arrival().await;
    refused(
        &run,
        &[
            (Next, ErrorCode::NotNow, BUSY),
            (GoOn, ErrorCode::NotNow, BUSY),
            (Rewind, ErrorCode::NotNow, BUSY),
            (Edit, ErrorCode::NotNow, BUSY),
            (Paste, ErrorCode::NotNow, BUSY),
            (OpenBrowser, ErrorCode::NotNow, BUSY),
            (WatchBrowser, ErrorCode::NotNow, BUSY),
            (Act, ErrorCode::NotNow, BUSY),
            (ChooseServer, ErrorCode::NotNow, BUSY),
            (ChooseRegistration, ErrorCode::NotNow, BUSY),
        ],
    )
    .await;
    always(&mut run).await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_keychain_is_asked() {
    let (vault, mut gate) = keychain();
    gate.shut();
    let server = Server::start().await;
    let (session, _updates) = Session::start(without_user(&server.mcp_url()), vault)
        .await
        .expect("the options are usable");
    gate.arrival().await;
    for command in [
        Next,
        GoOn,
        Rewind,
        Edit,
        Paste,
        OpenBrowser,
        WatchBrowser,
        Act,
        ChooseServer,
        ChooseRegistration,
    ] {
        let error = tell(&session, command).await.expect_err("it is too early");
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::NotNow, BUSY)
        );
    }
    for command in [Always::Pause, Always::TokensChanged, Always::Stop] {
        tell_always(&session, command).await;
    }
    within("the session to rest", session.rest()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_browser_is_waited_for() {
    let server = Server::start().await;
    let mut run = at_the_browser(&server).await;
    refused(
        &run,
        &[
            (Next, ErrorCode::NotNow, BUSY),
            (GoOn, ErrorCode::NotNow, BUSY),
            (Rewind, ErrorCode::NotNow, BUSY),
            (Edit, ErrorCode::NotNow, BUSY),
            (Paste, ErrorCode::Invalid, "elsewhere.example"),
            (Act, ErrorCode::NotNow, BUSY),
            (ChooseServer, ErrorCode::NotNow, BUSY),
            (ChooseRegistration, ErrorCode::NotNow, BUSY),
        ],
    )
    .await;
    always(&mut run).await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_device_is_waited_for() {
    let server = Server::start().await;
    let mut run = at_the_device(&server, Browser::Show).await;
    refused(
        &run,
        &[
            (Next, ErrorCode::NotNow, BUSY),
            (GoOn, ErrorCode::NotNow, BUSY),
            (Rewind, ErrorCode::NotNow, BUSY),
            (Edit, ErrorCode::NotNow, BUSY),
            (Paste, ErrorCode::NotNow, BUSY),
            (Act, ErrorCode::NotNow, BUSY),
            (ChooseServer, ErrorCode::NotNow, BUSY),
            (ChooseRegistration, ErrorCode::NotNow, BUSY),
        ],
    )
    .await;
    // A pause breaks off the wait: the poll is the next step then.
    run.session.pause().await.expect("it is always possible");
    run.rest().await;
    assert_eq!(run.view().status, Status::Ready);
    always(&mut run).await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_flow_is_done() {
    let server = Server::start().await;
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.run().await;
    run.assert_done();
    refused(
        &run,
        &[
            (Next, ErrorCode::NotNow, NO_STEP),
            (Run, ErrorCode::NotNow, NO_STEP),
            (GoOn, ErrorCode::NotNow, NO_GO_ON),
            (Rewind, ErrorCode::Invalid, "row 99"),
            (Edit, ErrorCode::NotNow, NO_REQUEST),
            (Paste, ErrorCode::NotNow, NO_CALLBACK),
            (OpenBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (WatchBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (ChooseServer, ErrorCode::Invalid, "authorization server"),
        ],
    )
    .await;
    always(&mut run).await;
    run.assert_done();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_flow_stopped() {
    let server = Server::start().await;
    // Where no MCP server answers there is no way on.
    let nowhere = server.mcp_url().replace("/mcp", "/nowhere");
    let mut run = Watched::start(options(&nowhere)).await;
    run.run().await;
    let stopped = run.view().status.clone();
    assert!(
        matches!(
            stopped,
            Status::Stopped {
                can_go_on: false,
                ..
            }
        ),
        "{stopped:?}"
    );
    refused(
        &run,
        &[
            (Next, ErrorCode::NotNow, NO_STEP),
            (Run, ErrorCode::NotNow, NO_STEP),
            (GoOn, ErrorCode::NotNow, NO_GO_ON),
            (Rewind, ErrorCode::Invalid, "row 99"),
            (Edit, ErrorCode::NotNow, NO_REQUEST),
            (Paste, ErrorCode::NotNow, NO_CALLBACK),
            (OpenBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (WatchBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (Act, ErrorCode::NotNow, "not possible here."),
            (ChooseServer, ErrorCode::Invalid, "authorization server"),
        ],
    )
    .await;
    always(&mut run).await;
    assert_eq!(run.view().status, stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_user_ended_the_run() {
    let server = Server::start().await;
    let mut run = Watched::start(without_user(&server.mcp_url())).await;
    run.next().await;
    run.session.stop().await.expect("it is always possible");
    run.rest().await;
    refused(
        &run,
        &[
            (Next, ErrorCode::NotNow, NO_STEP),
            (Run, ErrorCode::NotNow, NO_STEP),
            (GoOn, ErrorCode::NotNow, NO_GO_ON),
            (Rewind, ErrorCode::Invalid, "row 99"),
            (Edit, ErrorCode::NotNow, NO_REQUEST),
            (Paste, ErrorCode::NotNow, NO_CALLBACK),
            (OpenBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (WatchBrowser, ErrorCode::NotNow, NO_CALLBACK),
            (Act, ErrorCode::NotNow, "not possible here."),
            (ChooseServer, ErrorCode::Invalid, "authorization server"),
            (ChooseRegistration, ErrorCode::NotNow, NO_REGISTRATION),
        ],
    )
    .await;
    always(&mut run).await;
    assert!(matches!(run.view().status, Status::Ended { .. }));
    // Going back is the way on.
    run.session.rewind(1).await.expect("it is of this branch");
    run.run().await;
    run.assert_done();
}

/// Each of these is refused with its error, and leaves the trace as it is.
async fn refused(run: &Watched, expected: &[(Command, ErrorCode, &str)]) {
    let before = run.session.trace().entries;
    for (command, code, message) in expected {
        let error = match tell(&run.session, *command).await {
            Ok(()) => panic!("{command:?} was carried out"),
            Err(error) => error,
        };
        assert_eq!(error.code, *code, "{command:?}: {error}");
        assert!(error.message.contains(message), "{command:?}: {error}");
    }
    assert_eq!(run.session.trace().entries, before);
}

/// Each of these is answered without an error; the last of them is Stop.
async fn always(run: &mut Watched) {
    tell_always(&run.session, Always::Pause).await;
    tell_always(&run.session, Always::TokensChanged).await;
    tell_always(&run.session, Always::Stop).await;
    run.rest().await;
}

async fn tell(session: &Session, command: Command) -> Result<(), AppError> {
    let what = format!("{command:?} to be answered");
    let answer = async {
        match command {
            Next => session.next().await,
            Run => session.run().await,
            GoOn => session.go_on().await,
            Rewind => session.rewind(99).await,
            Edit => {
                let no_page = Request::new("GET", "file:///etc/passwd");
                session.edit(Some(no_page)).await
            }
            Paste => {
                let url = "https://elsewhere.example/callback?code=x";
                session.paste_callback(url.into()).await
            }
            OpenBrowser => session.open_browser().await,
            WatchBrowser => session.watch_browser().await,
            Act => {
                let kind = ActionKind::Refresh;
                session.act(Action { kind, call: None }).await
            }
            ChooseServer => {
                let issuer = "https://elsewhere.example";
                session.choose_authorization_server(issuer.into()).await
            }
            ChooseRegistration => session.choose_registration(Registration::Dcr).await,
        }
    };
    within(&what, answer).await
}

async fn tell_always(session: &Session, command: Always) {
    let what = format!("{command:?} to be answered");
    let answer = async {
        match command {
            Always::Pause => session.pause().await,
            Always::TokensChanged => session.tokens_changed().await,
            Always::Stop => session.stop().await,
        }
    };
    if let Err(error) = within(&what, answer).await {
        panic!("{command:?}: {error}");
    }
}
