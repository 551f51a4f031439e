//! What `template.yaml` says: the one list of routes, and the tables.

use saphyr::{LoadableYamlNode, Yaml};

/// The template that this program was built with.
pub const TEMPLATE: &str = include_str!("../../template.yaml");

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// As in `POST`.
    pub method: String,
    /// As in `/auth/login` or `/auth/sessions/{id}`.
    pub path: String,
    /// The name of the binary that serves it, as in `login`.
    pub function: String,
}

/// A table; all have the string keys `pk` and `sk`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The logical id, as in `AccountsTable`.
    pub id: String,
    /// The attributes of its primary key, partition key first, each with its type.
    pub key: Vec<(String, String)>,
    /// The attribute that TTL reads.
    pub ttl: Option<String>,
}

/// What API Gateway tells browsers of pages of other origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The methods that they may use.
    pub methods: Vec<String>,
    /// The headers that they may send.
    pub headers: Vec<String>,
    /// The headers that they may read.
    pub exposed: Vec<String>,
    /// For how many seconds browsers remember it.
    pub max_age: i64,
}

/// The template is not what this program expects.
#[derive(Debug, thiserror::Error)]
#[error("template.yaml: {0}")]
pub struct TemplateError(String);

/// Reads the routes of every function.
pub fn routes(template: &str) -> Result<Vec<Route>, TemplateError> {
    let mut routes = Vec::new();
    for (id, resource) in resources(&load(template)?)? {
        let events = text(resource, &["Type"]) == Some("AWS::Serverless::Function");
        let Some(events) =
            Some(resource).filter(|_| events).and_then(|function| at(function, &["Properties", "Events"]))
        else {
            continue;
        };
        let function = text(resource, &["Metadata", "BuildProperties", "Binary"])
            .ok_or_else(|| TemplateError(format!("{id} names no Binary")))?;
        for (name, event) in events.as_mapping().into_iter().flatten() {
            if text(event, &["Type"]) != Some("HttpApi") {
                continue;
            }
            let property = |property| {
                text(event, &["Properties", property]).map(str::to_owned).ok_or_else(|| {
                    TemplateError(format!(
                        "{id}: event {} has no {property}",
                        name.as_str().unwrap_or_default()
                    ))
                })
            };
            routes.push(Route {
                method: property("Method")?.to_uppercase(),
                path: property("Path")?,
                function: function.to_owned(),
            });
        }
    }
    Ok(routes)
}

/// Reads the tables.
pub fn tables(template: &str) -> Result<Vec<Table>, TemplateError> {
    let mut tables = Vec::new();
    for (id, resource) in resources(&load(template)?)? {
        if text(resource, &["Type"]) != Some("AWS::DynamoDB::Table") {
            continue;
        }
        let types = at(resource, &["Properties", "AttributeDefinitions"]).and_then(Yaml::as_sequence);
        let type_of = |name: &str| {
            let definition =
                types?.iter().find(|definition| text(definition, &["AttributeName"]) == Some(name))?;
            text(definition, &["AttributeType"])
        };
        let schema = at(resource, &["Properties", "KeySchema"]).and_then(Yaml::as_sequence);
        let key = schema
            .into_iter()
            .flatten()
            .filter_map(|attribute| {
                let name = text(attribute, &["AttributeName"])?;
                Some((name.to_owned(), type_of(name)?.to_owned()))
            })
            .collect();
        tables.push(Table {
            id: id.to_owned(),
            key,
            ttl: text(resource, &["Properties", "TimeToLiveSpecification", "AttributeName"])
                .map(str::to_owned),
        });
    }
    Ok(tables)
}

/// Reads what pages of other origins may do, where there are any.
pub fn cors(template: &str) -> Result<Cors, TemplateError> {
    let document = load(template)?;
    let apis = resources(&document)?;
    let settings = apis
        .into_iter()
        .filter(|(_, resource)| text(resource, &["Type"]) == Some("AWS::Serverless::HttpApi"))
        .find_map(|(_, api)| at(api, &["Properties", "DefinitionBody", "x-amazon-apigateway-cors"]));
    // `!If [a condition, the settings, nothing]`
    let settings = match settings {
        Some(Yaml::Tagged(_, choice)) => choice.as_sequence().and_then(|choice| choice.get(1)),
        other => other,
    };
    let settings = settings.ok_or_else(|| TemplateError("it has no CORS settings".to_owned()))?;
    let list = |name: &str| -> Result<Vec<String>, TemplateError> {
        let found = at(settings, &[name]).and_then(Yaml::as_sequence);
        let found = found.ok_or_else(|| TemplateError(format!("its CORS settings have no {name}")))?;
        Ok(found.iter().filter_map(Yaml::as_str).map(str::to_owned).collect())
    };
    let max_age = at(settings, &["maxAge"]).and_then(Yaml::as_integer);
    Ok(Cors {
        methods: list("allowMethods")?,
        headers: list("allowHeaders")?,
        exposed: list("exposeHeaders")?,
        max_age: max_age.ok_or_else(|| TemplateError("its CORS settings have no maxAge".to_owned()))?,
    })
}

fn load(template: &str) -> Result<Yaml<'_>, TemplateError> {
    let documents = Yaml::load_from_str(template).map_err(|error| TemplateError(error.to_string()))?;
    documents.into_iter().next().ok_or_else(|| TemplateError("it is empty".to_owned()))
}

fn resources<'y>(template: &'y Yaml<'y>) -> Result<Vec<(&'y str, &'y Yaml<'y>)>, TemplateError> {
    let resources = template.as_mapping_get("Resources").and_then(Yaml::as_mapping);
    let resources = resources.ok_or_else(|| TemplateError("it has no Resources".to_owned()))?;
    Ok(resources.iter().filter_map(|(id, resource)| Some((id.as_str()?, resource))).collect())
}

fn at<'y>(node: &'y Yaml<'y>, path: &[&str]) -> Option<&'y Yaml<'y>> {
    path.iter().try_fold(node, |node, name| node.as_mapping_get(name))
}

fn text<'y>(node: &'y Yaml<'y>, path: &[&str]) -> Option<&'y str> {
    at(node, path)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_of_the_template_are_found() {
        let routes = routes(TEMPLATE).unwrap();
        let login = Route { method: "POST".into(), path: "/auth/login".into(), function: "login".into() };
        assert!(routes.contains(&login), "{routes:?}");
    }

    #[test]
    fn the_tables_of_the_template_are_found() {
        let tables = tables(TEMPLATE).unwrap();
        assert_eq!(tables.len(), 3);
        assert!(
            tables.iter().all(|table| table.key == [("pk".into(), "S".into()), ("sk".into(), "S".into())])
        );
        assert_eq!(tables.iter().filter_map(|table| table.ttl.as_deref()).collect::<Vec<_>>(), ["expires"]);
    }
}
