//! Users whom an operator gives another password, or deletes.

use serde_json::{Value, json};

use super::{begin_session, check, done, field, mallory, post, run, served, stopped_or_not, store, text};

const OLD: &str = "correct horse battery";
const NEW: &str = "another horse battery";

#[tokio::test]
async fn another_password_ends_what_the_old_one_began() {
    for stopped in [true, false] {
        let (folder, program) = store(true).await;
        let at = folder.path();
        mallory(at, OLD).await;
        let program = served(&folder, program).await;
        let (status, session) = begin_session(&program.url, OLD).await;
        assert_eq!(status, 200, "{session}");
        let token = text(&session["tokens"], "access_token");
        assert_eq!(check(&program.url, token).await, 200);

        let program = stopped_or_not(program, stopped).await;
        let set =
            run(at, &["user", "set-password", "m@example.com", "--password", NEW, "--json"]).await.json();
        assert_eq!((&set["username"], &set["password"]), (&json!("Mallory"), &Value::Null));
        let program = served(&folder, program).await;
        assert_eq!(begin_session(&program.url, OLD).await.0, 406);
        assert_eq!((check(&program.url, token).await, begin_session(&program.url, NEW).await.0), (401, 200));
        let mails = program.mails(1).await;
        assert_eq!(mails[0]["to"], "m@example.com");
        assert!(text(&mails[0], "subject").contains("password"), "{mails:?}");

        let set = run(at, &["user", "set-password", "mallory"]).await;
        let random = field(set.succeeded(), "password");
        assert_eq!(
            (begin_session(&program.url, NEW).await.0, begin_session(&program.url, random).await.0),
            (406, 200)
        );
    }
}

#[tokio::test]
async fn another_password_lets_nobody_in_who_is_suspended() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    mallory(at, OLD).await;
    done(&run(at, &["user", "suspend", "mallory"]).await);
    done(&run(at, &["user", "set-password", "mallory", "--password", NEW]).await);
    let program = served(&folder, program).await;
    let (status, answer) = begin_session(&program.url, NEW).await;
    assert_eq!((status, &answer["error"]), (406, &json!("This user is suspended.")));
}

#[tokio::test]
async fn who_is_deleted_is_gone_and_their_names_are_free() {
    let (folder, program) = store(true).await;
    let at = folder.path();
    let user = mallory(at, OLD).await;
    let key = run(at, &["access-key", "create", "--user", "mallory", "--json"]).await.json();
    let program = served(&folder, program).await;
    let (_, session) = begin_session(&program.url, OLD).await;
    let enter = json!({ "accessKey": key["accessKey"], "secret": key["secret"] });
    let (status, by_key) = post(&program.url, "/login", &enter).await;
    assert_eq!(status, 201, "{by_key}");
    let tokens = [text(&session["tokens"], "access_token"), by_key.as_str()];

    let refused = run(at, &["user", "delete", "mallory"]).await;
    let line = refused.failed();
    assert!(line.contains("nothing was deleted: with --yes, Mallory <m@example.com> goes"), "{line}");
    assert_eq!(begin_session(&program.url, OLD).await.0, 200);

    let deleted = run(at, &["user", "delete", "m@example.com", "--yes", "--json"]).await.json();
    assert_eq!(deleted, user);
    for token in tokens {
        assert_eq!(check(&program.url, token).await, 401);
    }
    let refused = (begin_session(&program.url, OLD).await.0, post(&program.url, "/login", &enter).await.0);
    assert_eq!(refused, (406, 401));
    assert!(run(at, &["user", "show", "mallory"]).await.failed().contains("there is no user"));
    let again = mallory(at, OLD).await;
    assert_ne!(again["id"], user["id"]);
    assert_eq!(begin_session(&program.url, OLD).await.0, 200);
}

#[tokio::test]
async fn nobody_is_changed_who_is_not_there_and_no_password_is_empty() {
    let (folder, _program) = store(true).await;
    for (arguments, expected) in [
        (&["user", "set-password", "nobody"][..], "there is no user \"nobody\""),
        (&["user", "delete", "nobody", "--yes"], "there is no user \"nobody\""),
        (&["user", "set-password", "admin", "--password", ""], "the password is empty"),
    ] {
        let answer = run(folder.path(), arguments).await;
        let line = answer.failed();
        assert!(line.contains(expected), "{arguments:?}: {line}");
    }
}
