//! `latchkey env`: how other programs reach the store of a running server.

use std::path::{Path, PathBuf};

use crate::embedded;

/// No server runs on the folder.
#[derive(Debug, thiserror::Error)]
#[error("no latchkey serves the data folder {}: start one, or name another folder with --data", .0.display())]
pub struct NotRunning(PathBuf);

/// Prints the environment as lines for a shell, or as JSON.
pub fn print(folder: &Path, json: bool) -> Result<(), NotRunning> {
    let endpoint = embedded::running(folder).ok_or_else(|| NotRunning(folder.to_owned()))?;
    let variables = endpoint.environment();
    if json {
        println!("{}", serde_json::Value::from_iter(variables));
        return Ok(());
    }
    for (name, value) in variables {
        println!("export {name}={value}");
    }
    Ok(())
}
