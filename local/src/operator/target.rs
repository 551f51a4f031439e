//! Where a command works.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, ProvideCredentials};
use shared::App;
use shared::aws;
use shared::clock::SystemClock;
use shared::config::Config;
use shared::store::Store;

use super::OperatorError;
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
            let found = aws_config::load_defaults(BehaviorVersion::latest()).await;
            let client = aws_sdk_dynamodb::config::Builder::from(&found)
                .credentials_provider(credentials(&found).await?)
                .retry_config(aws::retries())
                .timeout_config(aws::timeouts());
            let store =
                Store { client: aws_sdk_dynamodb::Client::from_conf(client.build()), engine: None, tables };
            return Ok(Self { app: App::new(config, store, SystemClock), _embedded: None });
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

/// The credentials with which a command works, which is over long before they are. Without a region or credentials the
/// SDK would speak about itself.
async fn credentials(found: &SdkConfig) -> Result<Credentials, OperatorError> {
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
    answer.map_err(|error| without(&shared::log::causes(&error).join(": ")))
}
