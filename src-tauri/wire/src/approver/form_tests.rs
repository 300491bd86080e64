use super::*;

fn on(page: &str, given: &[(&str, &str)]) -> Result<Submission, String> {
    let given: Vec<(String, String)> = given
        .iter()
        .map(|(n, v)| ((*n).into(), (*v).into()))
        .collect();
    next_on(
        page,
        &Url::parse("https://as.example/login/?next=1").unwrap(),
        &given,
    )
    .map_err(|unanswered| match unanswered {
        Unanswered::AsksNothing(why) | Unanswered::Unanswerable(why) => why,
    })
}

fn pairs(submission: &Submission) -> String {
    trace::encode_pairs(
        submission
            .pairs
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str())),
    )
}

#[test]
fn a_form_is_sent_with_its_values_the_given_ones_and_the_approving_button() {
    let page = r##"<!doctype html><title>Log in</title><form id=f method=post action="../consent?x=1">
        <input type=hidden name=csrf value="a&amp;b">
        <input name=user value=default><input type=password name=password required>
        <input type=checkbox name=scope value=read checked><input type=checkbox name=scope value=write>
        <input type=radio name=who value=me><input type=radio name=who value=all checked>
        <select name=org><option value=1>One<option value=2 selected>Two</select>
        <select name=plain><option disabled>-</option><option>first</option></select>
        <textarea name=note>hi</textarea><input name=off disabled value=x><input value=nameless>
        <button name=decision value=deny>Deny</button><button name=decision value=approve>Approve</button>
        </form><input form=f name=outside value=in>"##;
    let submission = on(
        page,
        &[("user", "ann"), ("password", "p w"), ("unknown", "x")],
    )
    .unwrap();
    assert_eq!(submission.action, "https://as.example/consent?x=1");
    assert!(submission.post);
    assert_eq!(
        pairs(&submission),
        "csrf=a%26b&user=ann&password=p+w&scope=read&who=all&org=2&plain=first&note=hi&outside=in&decision=approve"
    );
}

#[test]
fn given_values_choose_boxes_options_and_buttons() {
    let page = r#"<form action="">
        <input type=checkbox name=a value=1 checked><input type=checkbox name=a value=2>
        <input type=radio name=b value=1 checked><input type=radio name=b value=2>
        <select name=c><option value=1 selected><option value=2></select>
        <button name=go value=yes>Yes</button><button name=go value=no>No</button></form>"#;
    let submission = on(page, &[("a", "2"), ("b", "2"), ("c", "2"), ("go", "no")]).unwrap();
    assert_eq!(pairs(&submission), "a=2&b=2&c=2&go=no");
    assert!(!submission.post);
    assert_eq!(submission.action, "https://as.example/login/?next=1");
}

#[test]
fn of_two_forms_the_approving_one_is_sent() {
    let deny = "<form method=post action=/deny><button>Cancel</button></form>";
    let approve =
        "<form method=post action=/approve><input type=submit value='Allow access'></form>";
    let search = "<form action=/search><input name=q><button>Search</button></form>";
    for page in [
        format!("{deny}{approve}{search}"),
        format!("{search}{approve}{deny}"),
    ] {
        assert_eq!(on(&page, &[]).unwrap().action, "https://as.example/approve");
    }
    let login =
        "<form method=post action=/login><input type=password name=p><button>Go</button></form>";
    let page = format!("{approve}{login}");
    assert_eq!(
        on(&page, &[("p", "x")]).unwrap().action,
        "https://as.example/login"
    );
}

#[test]
fn what_a_person_would_be_needed_for_is_said() {
    let login = "<title>Sign\n in</title><form><input name=user required><input type=password name=pw></form>";
    let error = on(login, &[("user", "ann")]).unwrap_err();
    assert!(
        error.contains("\"Sign in\"") && error.contains("`pw`") && !error.contains("`user`"),
        "{error}"
    );
    assert!(
        on("<form><button>Deny</button></form>", &[])
            .unwrap_err()
            .contains("no form that approves")
    );
    assert!(on("<p>Hello</p>", &[]).unwrap_err().contains("no form"));
    assert!(on("", &[]).is_err());
    let upload = "<form method=post enctype=multipart/form-data><button>OK</button></form>";
    assert!(on(upload, &[]).unwrap_err().contains("multipart/form-data"));
    assert!(
        on(&"x".repeat(2 << 20), &[])
            .unwrap_err()
            .contains("larger")
    );
}

#[test]
fn buttons_and_base_change_where_a_form_goes() {
    let page = r#"<base href="https://id.example/a/"><form action=one>
        <button formaction=two formmethod=POST name=x value=ok>OK</button></form>"#;
    let submission = on(page, &[]).unwrap();
    assert_eq!(submission.action, "https://id.example/a/two");
    assert!(submission.post);
}

#[test]
fn a_page_that_refreshes_itself_is_followed() {
    for content in ["0;url=/next", "0; URL='/next'", "3, /next"] {
        let page = format!("<meta http-equiv=Refresh content=\"{content}\">");
        assert_eq!(on(&page, &[]).unwrap().action, "/next");
    }
}

#[test]
fn deep_and_broken_markup_is_no_trouble() {
    let deep = "<div>".repeat(1_000) + "<form><button>OK</button>";
    assert!(on(&deep, &[]).is_ok());
    assert!(
        on(&"<b>".repeat(100_000), &[])
            .unwrap_err()
            .contains("more than 5000 elements")
    );
    let broken = "<form action='http://[::'><button>OK</form><select><option<";
    assert!(on(broken, &[]).unwrap_err().contains("not a URL"));
}
