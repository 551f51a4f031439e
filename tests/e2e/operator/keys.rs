//! Signing keys: listed, succeeded, retired.

use serde_json::Value;

use super::{run, store, text};

#[tokio::test]
async fn keys_are_listed_succeeded_and_retired() {
    for running in [true, false] {
        let (folder, program) = store(running).await;
        let at = folder.path();
        let states = |keys: &Value| -> Vec<(String, String)> {
            let keys = keys["items"].as_array().unwrap().iter();
            keys.map(|key| (text(key, "purpose").to_owned(), text(key, "state").to_owned())).collect()
        };
        let signing = |purpose: &str| (purpose.to_owned(), "signing".to_owned());
        let listed = run(at, &["keys", "list", "--json"]).await.json();
        assert_eq!(states(&listed), ["RS256", "HS384", "Session"].map(signing));

        let made = run(at, &["keys", "rotate", "--only", "RS256", "--json"]).await.json();
        assert_eq!(states(&made), [("RS256".to_owned(), "next".to_owned())]);
        let again = run(at, &["keys", "rotate", "--only", "RS256"]).await;
        assert_eq!(again.code, Some(0));
        assert!(again.stderr.contains("has a successor already"), "{}", again.stderr);
        let unused = run(at, &["keys", "rotate", "--only", "ES256"]).await;
        assert!(unused.failed().contains("no key of that purpose signs here"));

        let old = text(&listed["items"][0], "kid");
        let retired = run(at, &["keys", "retire", old, "--json"]).await.json();
        assert_eq!(text(&retired, "retired"), old);
        let listed = run(at, &["keys", "list", "--json"]).await.json();
        let signs = listed["items"].as_array().unwrap().iter().find(|key| key["kid"] == retired["signs_now"]);
        assert_eq!(text(signs.unwrap(), "state"), "signing");
        assert!(run(at, &["keys", "retire", old]).await.failed().contains("latchkey keys list"));
        let table = run(at, &["keys", "list"]).await;
        assert!(table.succeeded().starts_with("KID"), "{}", table.stdout);
        drop(program);
    }
}
