//! Whatever is posted, no door breaks.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};
use tests::Service;
use tokio::runtime::Runtime;

use crate::support::door::DOORS;
use crate::support::send;

/// Runs over all doors with each case; every case is one request a door.
fn no_door_breaks_with<S: Strategy>(strategy: &S, body: impl Fn(&S::Value) -> (&'static str, Vec<u8>)) {
    let runtime = Runtime::new().unwrap();
    // Whoever sends nonsense is not to be kept from sending more.
    let service = runtime.block_on(Service::with(&[("ADDRESS_FAILURES", "1000000")]));
    let config = Config { cases: 60, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(strategy, |case| {
        let (content_type, bytes) = body(&case);
        for door in &DOORS {
            let request = service.post(door.path).header("content-type", content_type).body(bytes.clone());
            let answer = runtime.block_on(send(request));
            prop_assert!(answer.status.as_u16() < 500, "{}: {}", door.path, answer.text);
        }
        Ok(())
    });
    result.unwrap();
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[0-9a-f]{24}".prop_map(Value::from),
        "[a-z]{3,9}@[a-z]{2,5}\\.com".prop_map(Value::from),
        "[ards]\\.[0-9a-f]{72}".prop_map(Value::from),
        "[A-Za-z0-9_-]{0,30}\\.[A-Za-z0-9_-]{0,30}\\.[A-Za-z0-9_-]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((".{0,8}", inner), 0..3).prop_map(|members| Map::from_iter(members).into()),
        ]
    })
}

/// Objects with the names that the doors know and some others.
fn any_object() -> impl Strategy<Value = Value> {
    let names = [
        "account",
        "accountid",
        "secret",
        "user_id",
        "username",
        "password",
        "email",
        "refresh_token",
        "all",
        "accessKey",
        "token",
        "",
        "__proto__",
        "pk",
    ];
    let name = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
    vec((name, any_json()), 0..6).prop_map(|members| Map::from_iter(members).into())
}

#[test]
fn random_bytes_never_break_a_door() {
    let types = [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=",
        "application/json; charset=",
    ];
    let strategy = (prop::sample::select(types.to_vec()), vec(any::<u8>(), 0..400));
    no_door_breaks_with(&strategy, |(content_type, bytes)| (content_type, bytes.clone()));
}

#[test]
fn random_json_never_breaks_a_door() {
    no_door_breaks_with(&any_object(), |object| ("application/json", object.to_string().into_bytes()));
}

#[test]
fn random_forms_never_break_a_door() {
    let form = "(username|password|email|grant_type|client_id|client_secret|scope|refresh_token|all|token|x)=[%a-f0-9+ -~]{0,20}(&[a-z_]{0,9}=.{0,9}){0,3}";
    no_door_breaks_with(&form, |form| ("application/x-www-form-urlencoded", form.clone().into_bytes()));
}
