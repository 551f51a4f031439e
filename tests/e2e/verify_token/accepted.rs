//! What is accepted, and what is said about it.

use shared::user::UserStatus;
use tests::Service;

use super::{PATH, World, by_bearer, by_body, by_cookie};
use crate::support::{scoped_token, send};

fn user_body(world: &World) -> String {
    format!(
        r#"{{"code":200,"message":"The token is valid","data":{{"is_verified":true,"user":{{"id":"{}","first_name":"Johnson","last_name":"Ajayi","display_name":"samsoft","email":"johnson@example.com","phone":"09067324567","status":0,"time_zone":"string","created_at":"2096-10-02T07:06:40.000Z","update_at":"1901-01-01T00:00:00.000Z"}}}}}}"#,
        world.user.id
    )
}

#[tokio::test]
async fn every_kind_of_token_is_accepted_in_every_place_and_shows_its_user() {
    let world = World::new().await;
    let expected = user_body(&world);
    for (kind, token) in world.of_user() {
        for answer in [
            by_bearer(&world.service, token).await,
            by_cookie(&world.service, token).await,
            by_body(&world.service, token).await,
        ] {
            assert_eq!((answer.status.as_u16(), &answer.text), (200, &expected), "{kind}");
            assert_eq!(answer.header("content-type"), "application/json");
            answer.has_common_headers();
        }
    }
}

#[tokio::test]
async fn a_token_of_no_user_says_which_account_it_belongs_to() {
    let world = World::new().await;
    let expected = format!(
        r#"{{"code":200,"message":"The token is valid","data":{{"is_verified":true,"user":null,"account":{{"id":"{}","name":"Hubler"}}}}}}"#,
        world.account.id
    );
    by_bearer(&world.service, &world.for_account).await.is(200, &expected);
}

#[tokio::test]
async fn the_same_token_in_two_places_is_one_credential() {
    let world = World::new().await;
    let token = &world.scoped;
    let request = world.service.post(PATH).bearer_auth(token).header("cookie", format!("JSESSIONID={token}"));
    let answer = send(request.json(&serde_json::json!({ "token": token }))).await;
    answer.is(200, &user_body(&world));
}

#[tokio::test]
async fn a_user_who_is_not_yet_verified_is_shown_with_status_1() {
    let service = Service::start().await;
    service.user_with("newcomer", |user| user.status = UserStatus::Unverified).await;
    let token = scoped_token(&service, "newcomer").await;
    let answer = by_bearer(&service, &token).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["data"]["user"]["status"]), (200, &1.into()));
}

#[tokio::test]
async fn a_changed_record_says_when_it_was_changed() {
    let world = World::new().await;
    let now = world.service.app.now();
    world.change_user(|user| user.updated_at = Some(now)).await;
    let answer = by_bearer(&world.service, &world.scoped).await;
    assert_eq!(answer.json()["data"]["user"]["update_at"], "2096-10-02T07:06:41.000Z");
}

#[tokio::test]
async fn to_verify_is_one_storage_call_for_every_kind() {
    let world = World::new().await;
    let tokens = world.of_user().into_iter().chain([("account token", world.for_account.as_str())]);
    for (kind, token) in tokens {
        world.service.calls.reset();
        assert_eq!(world.status(token).await, 200, "{kind}");
        assert_eq!(world.service.calls.total(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_token_of_the_other_clock_s_near_future_is_accepted() {
    let world = World::new().await;
    world.service.clock.set(tests::START);
    assert_eq!(world.status(&world.scoped).await, 200);
}
