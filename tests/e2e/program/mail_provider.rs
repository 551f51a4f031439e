//! Mail that the provider does not take when it is written.

use std::time::Duration;

use serde_json::json;
use tempfile::tempdir;
use tests::program::{Latchkey, Program};
use tests::smtp::Smtp;

async fn sign_up(program: &Program, name: &str) {
    let email = format!("{name}@example.com");
    let body = json!({ "username": name, "email": email, "password": "correct horse battery" });
    let answer = program.http.post(program.at("/auth/signup")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{name}");
}

/// The recipients of all mails in the order of the alphabet, once there are so many.
async fn taken(smtp: &Smtp, count: usize) -> Vec<String> {
    for _ in 0..1200 {
        let mut taken = smtp.taken();
        if taken.len() >= count {
            taken.sort();
            return taken;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?} instead of {count} mails", smtp.taken());
}

#[tokio::test]
async fn signup_is_answered_while_the_provider_is_away_and_the_mail_arrives_once() {
    let folder = tempdir().unwrap();
    let smtp = Smtp::start().await;
    let start =
        async || Latchkey::new(folder.path(), ["--port", "0"]).env("MAIL_TRANSPORT", &smtp.url).serve().await;
    let program = start().await;
    smtp.answer("MAIL", "451 4.3.0 Try again");
    let silent = smtp.hold("MAIL");
    sign_up(&program, "ada").await;
    silent.arrived().await;
    // The mailer waits for the provider, and nobody waits for the mailer.
    sign_up(&program, "bob").await;
    let tried_again = smtp.hold("MAIL");
    silent.release();
    tried_again.arrived().await;
    assert_eq!(smtp.taken(), [""; 0]);
    smtp.take_all();
    tried_again.release();
    assert_eq!(taken(&smtp, 2).await, ["ada@example.com", "bob@example.com"]);
    program.stop().await;

    // What waits is sent at the start, before anything that comes later.
    let program = start().await;
    sign_up(&program, "cleo").await;
    assert_eq!(taken(&smtp, 3).await, ["ada@example.com", "bob@example.com", "cleo@example.com"]);
}
