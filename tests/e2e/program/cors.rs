//! Pages of other origins, as API Gateway answers them.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tests::documents;
use tests::program::{Latchkey, Program};

const ORIGIN: &str = "http://localhost:5173";

async fn started(origins: &str) -> (TempDir, Program) {
    let folder = tempdir().unwrap();
    let command = Latchkey::new(folder.path(), ["--port", "0", "--memory"]).env("ALLOWED_ORIGINS", origins);
    let program = command.serve().await;
    (folder, program)
}

/// What a browser asks before it sends a request with JSON.
fn preflight(program: &Program, origin: &str) -> RequestBuilder {
    let request = program.http.request(Method::OPTIONS, program.at("/auth/login")).header("origin", origin);
    request
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// A list of the template, as a header.
fn listed(settings: &Value, name: &str) -> String {
    let words = settings[name].as_array().unwrap().iter();
    words.map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_as_the_template_says() {
    let (_folder, program) = started("https://app.example.com, http://localhost:5173").await;
    let template = documents::template();
    let mut apis = template["Resources"].as_object().unwrap().values();
    let api = apis.find(|resource| resource["Type"] == "AWS::Serverless::HttpApi").unwrap();
    let settings = &api["Properties"]["DefinitionBody"]["x-amazon-apigateway-cors"]["Fn::If"][1];
    let asked = preflight(&program, ORIGIN).send().await.unwrap();
    assert_eq!(asked.status(), 204);
    assert_eq!(header(&asked, "access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(header(&asked, "access-control-allow-credentials"), Some("true"));
    let methods = listed(settings, "allowMethods");
    assert_eq!(header(&asked, "access-control-allow-methods"), Some(methods.as_str()));
    let headers = listed(settings, "allowHeaders");
    assert_eq!(header(&asked, "access-control-allow-headers"), Some(headers.as_str()));
    assert_eq!(header(&asked, "access-control-max-age"), Some(settings["maxAge"].to_string().as_str()));

    let body = json!({ "username": "nobody", "password": "not this one" });
    for (path, status) in [("/auth/login", 406), ("/nowhere", 404)] {
        let answer =
            program.http.post(program.at(path)).header("origin", ORIGIN).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(ORIGIN), "{path}");
        assert_eq!(header(&answer, "vary"), Some("origin"), "{path}");
        let exposed = listed(settings, "exposeHeaders");
        assert_eq!(header(&answer, "access-control-expose-headers"), Some(exposed.as_str()), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_allowed_nothing() {
    let (_folder, program) = started(ORIGIN).await;
    for origin in
        ["http://localhost:5174", "https://localhost:5173", "null", "http://localhost:5173.evil.example"]
    {
        let asked = preflight(&program, origin).send().await.unwrap();
        let read = program.http.get(program.at("/auth/me")).header("origin", origin).send().await.unwrap();
        for answer in [asked, read] {
            assert_eq!(header(&answer, "access-control-allow-origin"), None, "{origin}");
            assert_eq!(header(&answer, "access-control-allow-credentials"), None, "{origin}");
        }
    }
    let program_itself = program.http.get(program.at("/auth/me")).send().await.unwrap();
    assert_eq!(header(&program_itself, "access-control-allow-origin"), None);
    // What only looks like a question of a browser has no route.
    let options = program.http.request(Method::OPTIONS, program.at("/auth/login")).send().await.unwrap();
    assert_eq!(options.status(), 404);
}

#[tokio::test]
async fn without_the_setting_no_page_is_allowed_anything() {
    let (_folder, program) = started("").await;
    let asked = preflight(&program, ORIGIN).send().await.unwrap();
    assert_eq!((asked.status().as_u16(), header(&asked, "access-control-allow-origin")), (404, None));
}

#[tokio::test]
async fn what_is_no_origin_is_named_at_the_start() {
    let folder = tempdir().unwrap();
    for wrong in ["*", "localhost:5173", "http://localhost:5173/"] {
        let command = Latchkey::new(folder.path(), ["--port", "0", "--memory"]).env("ALLOWED_ORIGINS", wrong);
        let finished = command.finish().await;
        let line = finished.failed();
        assert!(line.contains("ALLOWED_ORIGINS") && line.contains(wrong), "{line}");
    }
}
