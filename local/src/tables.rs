//! Creates the tables that the template describes, where they do not exist yet.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
    TimeToLiveSpecification,
};
use shared::config::TableNames;
use shared::store::{Store, StoreError};

use crate::template::{self, Table, TemplateError};

/// Why a table was not made.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It has a table that no setting names.
    #[error("template.yaml has a table {0} that this program does not know")]
    Unknown(String),
    /// The store refused.
    #[error("the tables cannot be made")]
    Store(#[from] StoreError),
}

/// Makes the tables of `template`.
pub async fn create(store: &Store, template: &str) -> Result<(), TablesError> {
    for table in template::tables(template)? {
        let name = name_of(&table, &store.tables)?;
        if create_one(store, name, &table).await?
            && let Some(attribute) = &table.ttl
        {
            let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build();
            let ttl = ttl.map_err(StoreError::from)?;
            let update = store.client.update_time_to_live().table_name(name).time_to_live_specification(ttl);
            update.send().await.map_err(StoreError::from)?;
        }
    }
    Ok(())
}

fn name_of<'n>(table: &Table, names: &'n TableNames) -> Result<&'n str, TablesError> {
    match table.id.as_str() {
        "AccountsTable" => Ok(&names.accounts),
        "TokensTable" => Ok(&names.tokens),
        "KeysTable" => Ok(&names.keys),
        other => Err(TablesError::Unknown(other.to_owned())),
    }
}

/// Whether the table is new.
async fn create_one(store: &Store, name: &str, table: &Table) -> Result<bool, StoreError> {
    let mut create = store.client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, key_type) in table.key.iter().zip([KeyType::Hash, KeyType::Range]) {
        let (attribute, attribute_type) = attribute;
        let definition = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::from(attribute_type.as_str()))
            .build()?;
        let element = KeySchemaElement::builder().attribute_name(attribute).key_type(key_type).build()?;
        create = create.attribute_definitions(definition).key_schema(element);
    }
    match create.send().await {
        Ok(_) => Ok(true),
        Err(error)
            if matches!(error.as_service_error(), Some(CreateTableError::ResourceInUseException(_))) =>
        {
            end_stream(store, name).await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// A store of an earlier version has streams, which nobody reads any more and which slow every write.
async fn end_stream(store: &Store, name: &str) -> Result<(), StoreError> {
    let described = store.client.describe_table().table_name(name).send().await?;
    let stream = described.table.and_then(|table| table.stream_specification);
    if stream.is_some_and(|stream| stream.stream_enabled) {
        let none = StreamSpecification::builder().stream_enabled(false).build()?;
        store.client.update_table().table_name(name).stream_specification(none).send().await?;
    }
    Ok(())
}
