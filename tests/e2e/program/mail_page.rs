//! The page that shows the mails of a laptop.

use reqwest::StatusCode;
use serde_json::json;
use tempfile::tempdir;
use tests::program::{Latchkey, Program};

const PATH: &str = "/local/mail";

async fn sign_up(program: &Program) {
    let body = json!({ "username": "ada", "email": "ada@example.com", "password": "a <b>good</b> phrase" });
    let answer = program.http.post(program.at("/auth/signup")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn local_mail_shows_each_mail_as_text_and_as_its_reader_sees_it() {
    let folder = tempdir().unwrap();
    let program = Latchkey::new(folder.path(), ["--port", "0", "--memory"])
        .env("PRODUCT_NAME", "Tom & Co")
        .env("PRODUCT_COLOR", "#0a7d33")
        .serve()
        .await;
    assert!(program.banner.contains(&format!("Mails: {}\n", program.at(PATH))), "{}", program.banner);
    let empty = program.http.get(program.at(PATH)).send().await.unwrap();
    assert_eq!(empty.status(), 200);
    assert!(empty.text().await.unwrap().contains("No mail yet."));

    sign_up(&program).await;
    let mail = program.mails(1).await.remove(0);
    let link = mail["link"].as_str().unwrap();
    assert_eq!(mail["to"], "ada@example.com");
    assert_eq!(mail["subject"], "Verify your e-mail address for Tom & Co");
    assert!(link.starts_with(&program.at("/auth/verify-email?token=e.")), "{link}");
    assert!(mail["text"].as_str().unwrap().contains(link));
    assert!(mail["html"].as_str().unwrap().contains("background:#0a7d33"), "{mail}");

    let page = program.http.get(program.at(PATH)).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    assert!(policy.contains("frame-src 'self'"), "without it the frame stays empty: {policy}");
    let page = page.text().await.unwrap();
    assert!(page.contains(&format!("<a href=\"{link}\">")), "{page}");
    let framed = page.split_once("srcdoc=\"").expect("the mail as HTML").1.split_once('"').unwrap().0;
    assert!(framed.contains("background:#0a7d33") && framed.contains("&lt;body"), "{framed}");
    // Nothing of a mail is part of the page itself.
    assert_eq!(page.matches("<body").count(), 0, "{page}");
}

#[tokio::test]
async fn local_mail_is_for_this_machine_by_its_own_name() {
    let folder = tempdir().unwrap();
    let program = Latchkey::new(folder.path(), ["--port", "0", "--memory"]).serve().await;
    let answer =
        program.http.get(program.at(PATH)).header("host", "rebound.example.com").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn local_mail_is_not_promised_where_mails_leave_another_way() {
    let folder = tempdir().unwrap();
    let program = Latchkey::new(folder.path(), ["--port", "0", "--memory"])
        .env("MAIL_TRANSPORT", "smtp://someone:hidden-word@127.0.0.1:1")
        .serve()
        .await;
    assert!(!program.banner.contains(PATH), "{}", program.banner);
    assert!(program.banner.contains("\nMails: by SMTP, as MAIL_TRANSPORT says\n"), "{}", program.banner);
    assert!(!program.banner.contains("hidden-word"), "{}", program.banner);
    let answer = program.http.get(program.at(PATH)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
