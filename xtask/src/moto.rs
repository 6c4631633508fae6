//! moto (PyPI), which pretends to be AWS: started for the tests that call it, and stopped after them.

use crate::tools::{self, python_environment};
use crate::workspace::Workspace;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// moto with all that it pretends to be, and the botocore of the carried models.
const PACKAGES: [&str; 2] = ["moto[all,server]==5.2.5", crate::models::BOTOCORE];

/// It ends when its input does, so that it does not outlive who started it, however that ended.
const SCRIPT: &str = "\
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(['-H', '127.0.0.1', '-p', '0'])";

/// It loads hundreds of services before it listens.
const START_MAX: Duration = Duration::from_secs(120);

/// A server of our own, stopped when this is dropped.
pub struct Moto {
    /// Where it listens: an address of this machine only.
    pub url: String,
    child: Child,
}

impl Moto {
    /// Installs it where it is not yet, and starts it on a free port.
    pub fn start(workspace: &Workspace) -> Result<Self, String> {
        let python = python_environment(&workspace.target.join("tools/moto"), &PACKAGES)
            .map_err(|error| format!("moto can't be installed: {error}"))?;
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT]).env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        // What the caller has configured for AWS is none of its business.
        for name in [
            "AWS_PROFILE",
            "AWS_ENDPOINT_URL",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ] {
            command.env_remove(name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("moto can't be started: {error}"))?;
        let told = child.stderr.take().map(BufReader::new);
        let (send, receive) = mpsc::channel();
        // It logs every call: what is not read would fill the pipe and stop it.
        std::thread::spawn(move || {
            let mut last = String::new();
            for line in told.into_iter().flat_map(|told| told.lines()).map_while(Result::ok) {
                match line.split_once("Running on http://") {
                    Some((_, address)) => drop(send.send(Ok(format!("http://{}", address.trim())))),
                    None => last = line,
                }
            }
            drop(send.send(Err(last)));
        });
        let mut moto = Self { url: String::new(), child };
        match receive.recv_timeout(START_MAX) {
            Ok(Ok(url)) => moto.url = url,
            Ok(Err(last)) => return Err(format!("moto ended before it listened: {last}")),
            Err(_) => return Err(format!("moto did not listen within {} s", START_MAX.as_secs())),
        }
        Ok(moto)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts it for a person or a script, and keeps it until the input ends.
pub fn run(workspace: &Workspace) -> Result<(), String> {
    let moto = Moto::start(workspace)?;
    println!("export PALISADE_MOTO={}", moto.url);
    eprintln!("moto runs until this is interrupted, or its input ends");
    drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
    Ok(())
}

/// What the tests find in their environment, and what they will miss. The server runs as long as the value is kept.
pub fn for_tests(workspace: &Workspace, tools: &mut tools::Tools) -> Option<Moto> {
    let started = Moto::start(workspace);
    let url = started.as_ref().map(|moto| moto.url.clone().into()).map_err(String::clone);
    tools.add("PALISADE_MOTO", url, "calling moto, which pretends to be AWS");
    started.ok()
}
