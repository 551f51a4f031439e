//! The table of routes that a reader sees first.

use std::collections::BTreeMap;

use tests::documents;

/// Its rows as routes, each with its function: a row may have several methods, as in `GET`, `POST /auth/verify-token`.
fn told() -> BTreeMap<String, String> {
    let readme = documents::text("README.md");
    let table = readme.split_once("| route | function |").expect("a table of routes").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut told = BTreeMap::new();
    for row in rows {
        let row = row.replace('`', "");
        let mut cells = row.split('|').skip(1).map(str::trim);
        let (route, function) = (cells.next().unwrap(), cells.next().unwrap());
        let (methods, path) = route.rsplit_once(' ').unwrap();
        for method in methods.split(", ") {
            let before = told.insert(without_slash(&format!("{method} {path}")), function.to_owned());
            assert_eq!(before, None, "{route} is there twice");
        }
    }
    told
}

/// The one path that ends in a slash is served without it too.
fn without_slash(route: &str) -> String {
    route.trim_end_matches('/').to_owned()
}

#[test]
fn the_readme_has_the_routes_of_the_template() {
    let routes = super::routes().into_iter();
    let routes: BTreeMap<_, _> = routes.map(|(route, function)| (without_slash(&route), function)).collect();
    assert_eq!(told(), routes);
}
