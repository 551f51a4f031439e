//! Where a command works.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_sdk_dynamodb::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::primitives::DateTime;
use serde_json::Value;
use shared::App;
use shared::aws;
use shared::clock::{Clock, SystemClock};
use shared::config::Config;
use shared::store::{Key, NO_ITEM, Store};

use super::OperatorError;
use super::clock::ServerClock;
use crate::cli::Target;
use crate::embedded::{self, Embedded, Place};

/// A process of the service without a server; the store, if it was opened for this command, closes with it.
pub(super) struct Operator {
    pub(super) app: App,
    _embedded: Option<Embedded>,
}

impl Operator {
    pub(super) async fn connect(target: &Target) -> Result<Self, OperatorError> {
        let config = Config::from_env()?;
        let tables = config.tables.clone();
        if target.aws {
            let mut loader = aws_config::defaults(BehaviorVersion::latest());
            if let Some(bundle) = &config.ca_bundle {
                // The SDK's own client does not know of it, and asks for the credentials too.
                loader = loader.http_client(aws::client_for(None, Some(bundle)));
            }
            let found = loader.load().await;
            let clock = ServerClock::default();
            let client = aws_sdk_dynamodb::config::Builder::from(&found)
                .interceptor(clock.clone())
                .credentials_provider(credentials(&found).await?)
                .retry_config(aws::retries())
                .timeout_config(aws::timeouts());
            let store =
                Store { client: aws_sdk_dynamodb::Client::from_conf(client.build()), engine: None, tables };
            // An answer tells the time, whatever else it says; where there is none, no command comes any further.
            let told: Result<Option<Value>, _> =
                store.get(&store.tables.tokens, Key::new(NO_ITEM, NO_ITEM)).await;
            if let Err(error) = told
                && error.is_unavailable()
            {
                return Err(error.into());
            }
            return Ok(Self { app: App::new(config, store, clock), _embedded: None });
        }
        let at = |endpoint: embedded::Endpoint, config| {
            let store = endpoint.store(tables.clone());
            Self { app: App::new(config, store, SystemClock), _embedded: None }
        };
        if let Some(endpoint) = embedded::running(&target.data) {
            return Ok(at(endpoint, config));
        }
        if !target.data.exists() {
            let folder = target.data.display();
            return Err(OperatorError::Argument(format!(
                "there is no data folder {folder}: start `latchkey` first, or name the folder with --data, or work on AWS with --aws"
            )));
        }
        match Embedded::with_tables(&Place::Folder(target.data.clone()), &tables).await {
            Ok(embedded) => {
                let store = embedded.store(tables);
                Ok(Self { app: App::new(config, store, SystemClock), _embedded: Some(embedded) })
            }
            // A server started in the meantime.
            Err(error) => {
                embedded::running(&target.data).map(|endpoint| at(endpoint, config)).ok_or(error.into())
            }
        }
    }
}

/// The credentials with which a command works. Without a region or credentials the SDK would speak about itself.
async fn credentials(found: &SdkConfig) -> Result<Renewed, OperatorError> {
    if found.region().is_none() {
        let missing = "no AWS region: set AWS_REGION, or AWS_PROFILE to a profile that names one";
        return Err(OperatorError::Argument(missing.to_owned()));
    }
    let without = |reason: &str| {
        // The SDK lists on several lines where it has looked.
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        OperatorError::Argument(format!(
            "no AWS credentials ({reason}): see whether `aws sts get-caller-identity` works with the same environment"
        ))
    };
    let provider = found.credentials_provider().ok_or_else(|| without("none are configured"))?;
    let answer = provider.provide_credentials().await;
    let first = answer.map_err(|error| without(&shared::log::causes(&error).join(": ")))?;
    Ok(Renewed { first, then: provider })
}

/// Credentials that are there already, and once they have expired those that the same place gives by then: an import may take longer
/// than a role lasts, and nobody is to be asked twice for a code before it begins.
#[derive(Debug)]
struct Renewed {
    first: Credentials,
    then: SharedCredentialsProvider,
}

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        let soon = SystemClock.now() + BEFORE_THE_END;
        let good = self.first.expiry().is_none_or(|expiry| soon.seconds() < DateTime::from(expiry).secs());
        if good { Provided::ready(Ok(self.first.clone())) } else { self.then.provide_credentials() }
    }
}

/// Credentials are renewed this long before they expire, as the SDK does it.
const BEFORE_THE_END: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[tokio::test]
    async fn credentials_are_asked_for_once_and_again_when_they_expire() {
        let of = |id: &str, expiry| Credentials::new(id, "secret", None, expiry, "test");
        let now = u64::try_from(SystemClock.now().seconds()).unwrap();
        let after = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(now + seconds));
        for (expiry, expected) in
            [(None, "first"), (after(60), "first"), (after(5), "then"), (after(0), "then")]
        {
            let then = SharedCredentialsProvider::new(of("then", None));
            let renewed = Renewed { first: of("first", expiry), then };
            assert_eq!(renewed.provide_credentials().await.unwrap().access_key_id(), expected);
        }
    }
}
