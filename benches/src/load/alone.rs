//! What the local server cannot do without: the example `engine`, which does the same on the same core, without Latchkey.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use benches::{Call, Script, Scripts};
use serde_json::json;

use crate::built::Yardstick;
use crate::cores::{self, MEASURED};
use crate::fixture::Fixture;
use crate::progress;
use crate::record::Recorder;

use super::client::{Connection, What};

/// The engine, which runs until this is dropped.
pub(crate) struct Alone {
    address: SocketAddr,
    child: Child,
}

impl Alone {
    pub(crate) fn start() -> Self {
        progress("what the local server cannot do without");
        let fixture = Fixture::new();
        let recorder = Recorder::new(&fixture);
        let tables = fixture.seeded.0.app.store.tables.clone();
        let scripts = Scripts {
            scripts: functions().map(|(_, function)| script(&recorder, function)).collect(),
            accounts: tables.accounts,
            tokens: tables.tokens,
            keys: tables.keys,
        };
        let child = cores::on(MEASURED, || {
            let mut command = Command::new(Yardstick::Engine.path());
            command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
        });
        let mut child = child.expect("the engine");
        let mut input = child.stdin.take().expect("its input");
        input.write_all(&serde_json::to_vec(&scripts).expect("JSON")).expect("the engine");
        drop(input);
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("the engine");
        Self { address: line.trim_end().parse().expect("where the engine listens"), child }
    }

    /// This many clients.
    pub(crate) fn clients(&self, count: usize) -> Vec<Connection> {
        (0..count).map(|_| Connection::to(self.address)).collect()
    }

    /// Where it does what is asked of the server; nothing if that asks no storage.
    pub(crate) fn path(what: What) -> Option<String> {
        functions().position(|(other, _)| other == what).map(|number| format!("/{number}"))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn functions() -> impl Iterator<Item = (What, &'static str)> {
    What::ALL.into_iter().filter_map(|what| Some((what, what.function()?)))
}

/// The request of a function, to an empty store: the data comes first.
fn script(recorder: &Recorder<'_>, function: &str) -> Script {
    let fixture = recorder.fixture;
    let script = recorder.script(function, &fixture.values(function)).expect("a function that asks storage");
    let puts = fixture.data().into_iter().flat_map(|(table, items)| {
        items.into_iter().map(move |item| {
            let body = json!({ "TableName": table, "Item": serde_dynamo::Item::from(item) });
            Call { operation: "PutItem".to_owned(), body: body.to_string() }
        })
    });
    Script { init: vec![puts.collect()], ..script }
}
