//! Finds the function of a request as API Gateway's HTTP API does: an exact path before one with variables, and the
//! path as it was sent, without any cleaning.

use std::collections::HashMap;

use crate::functions::{self, Handler};
use crate::template::{self, TemplateError};

/// The routes of the template, each with its handler.
pub struct Routes(Vec<Entry>);

struct Entry {
    key: String,
    method: String,
    segments: Vec<Segment>,
    handler: Handler,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// This text.
    Exact(String),
    /// `{name}`: any one segment.
    Variable(String),
    /// `{name+}`: all that follows.
    Rest(String),
}

/// A route that fits a request.
pub struct Match<'r> {
    /// The function's handler.
    pub handler: Handler,
    /// As in `POST /auth/login`.
    pub route_key: &'r str,
    /// The values of the path's variables.
    pub parameters: HashMap<String, String>,
}

/// The template has a function that this program does not know.
#[derive(Debug, thiserror::Error)]
pub enum RoutesError {
    /// It cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A route leads nowhere.
    #[error("template.yaml routes {0} to the function {1}, which this program does not have")]
    UnknownFunction(String, String),
}

impl Routes {
    /// The routes of `template`.
    pub fn new(template: &str) -> Result<Self, RoutesError> {
        let mut entries = Vec::new();
        for route in template::routes(template)? {
            let key = format!("{} {}", route.method, route.path);
            let Some(handler) = functions::handler(&route.function) else {
                return Err(RoutesError::UnknownFunction(key, route.function));
            };
            entries.push(Entry { key, method: route.method, segments: segments(&route.path), handler });
        }
        // The derived order puts what is more exact first.
        entries.sort_by(|one, other| one.segments.cmp(&other.segments));
        Ok(Self(entries))
    }

    /// The route of a request, if there is one.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        self.0.iter().filter(|entry| entry.method == method || entry.method == "ANY").find_map(|entry| {
            let parameters = fit(&entry.segments, path)?;
            Some(Match { handler: entry.handler, route_key: &entry.key, parameters })
        })
    }
}

fn segments(path: &str) -> Vec<Segment> {
    let segment = |text: &str| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Rest(name.to_owned()),
            None => Segment::Variable(name.to_owned()),
        },
        None => Segment::Exact(text.to_owned()),
    };
    path.trim_start_matches('/').split('/').map(segment).collect()
}

fn fit(segments: &[Segment], path: &str) -> Option<HashMap<String, String>> {
    let mut parameters = HashMap::new();
    let mut rest = path.strip_prefix('/');
    for segment in segments {
        let (text, after) = rest?.split_once('/').map_or((rest?, None), |(text, after)| (text, Some(after)));
        match segment {
            Segment::Exact(expected) if text == expected => {}
            Segment::Variable(name) if !text.is_empty() => {
                parameters.insert(name.clone(), text.to_owned());
            }
            Segment::Rest(name) => {
                parameters.insert(name.clone(), rest?.to_owned());
                return Some(parameters);
            }
            _ => return None,
        }
        rest = after;
    }
    rest.is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::TEMPLATE;

    #[test]
    fn every_route_of_the_template_has_a_function() {
        let routes = Routes::new(TEMPLATE).unwrap();
        assert_eq!(routes.find("POST", "/auth/login").unwrap().route_key, "POST /auth/login");
    }

    #[test]
    fn paths_are_taken_as_they_are_sent() {
        let routes = Routes::new(TEMPLATE).unwrap();
        for path in [
            "/auth/login/",
            "//auth/login",
            "/auth/./login",
            "/auth/%6cogin",
            "/AUTH/login",
            "/auth/login;x",
            "",
            "/",
        ] {
            assert!(routes.find("POST", path).is_none(), "{path}");
        }
        assert!(routes.find("GET", "/auth/login").is_none());
        assert!(routes.find("post", "/auth/login").is_none());
    }

    #[test]
    fn variables_take_one_segment_and_the_rest_takes_all() {
        let of =
            |route, path| fit(&segments(route), path).map(|found| found.into_values().collect::<Vec<_>>());
        assert_eq!(of("/a/{id}", "/a/b"), Some(vec!["b".to_owned()]));
        assert_eq!(of("/a/{id}", "/a/"), None);
        assert_eq!(of("/a/{id}", "/a/b/c"), None);
        assert_eq!(of("/a/{rest+}", "/a/b/c"), Some(vec!["b/c".to_owned()]));
    }
}
