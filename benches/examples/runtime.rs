//! A function of `lambda_http` and nothing else: what a function that asks no storage cannot do without.

use lambda_http::{Error, Response, service_fn};

#[tokio::main(flavor = "local")]
async fn main() -> Result<(), Error> {
    lambda_http::run(service_fn(|_| async {
        Ok::<_, Error>(Response::builder().header("content-type", "application/json").body("{}".to_owned())?)
    }))
    .await
}
