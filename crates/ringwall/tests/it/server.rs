//! The binary while it serves.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, ExitStatus};

use reqwest::{Certificate, Client, ClientBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::api::Api;
use crate::site::{Partner, Said, Site};
use crate::wait;

/// A server that has announced itself; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) ready_file: PathBuf,
    pub(crate) ready: Value,
    said: [PathBuf; 2],
}

impl Server {
    /// Runs `ringwall serve` with these flags besides, until its ready file is there or it has
    /// ended.
    pub(crate) async fn attempt(site: &Site, flags: &[&str]) -> Result<Self, Said> {
        let run = format!("{:016x}", u64::from_ne_bytes(kernel::random::bytes()));
        let path = |kind: &str| site.folder().join(format!("{run}.{kind}"));
        let (ready_file, said) = (path("ready"), [path("out"), path("err")]);
        let [out, err] = said.each_ref().map(|path| File::create_new(path).expect("a new file"));
        let mut command = site.command(&["serve", "--listen", FREE, "--admin-listen", FREE]);
        command.args(flags).arg("--ready-file").arg(&ready_file).stdout(out).stderr(err);
        let child = command.spawn().expect("the binary runs");
        let mut server = Self { child, ready_file, ready: Value::Null, said };
        wait::until("the ready file", async || server.look()).await.map(|ready| {
            server.ready = ready;
            server
        })
    }

    /// The ready file's content, or what a server said that ended without one.
    fn look(&mut self) -> Option<Result<Value, Said>> {
        if let Some(status) = self.child.try_wait().expect("a child of ours") {
            let [out, err] = self.printed();
            return Some(Err(Said { code: status.code(), out, err }));
        }
        let text = fs::read_to_string(&self.ready_file).ok()?;
        Some(Ok(serde_json::from_str(&text).expect("the ready file is whole from the start")))
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["url"].as_str().expect("text")
    }

    pub(crate) fn admin_url(&self) -> &str {
        self.ready["admin_url"].as_str().expect("text")
    }

    pub(crate) fn port(&self) -> u16 {
        let (_, port) = self.url().rsplit_once(':').expect("a port");
        port.parse().expect("a number")
    }

    /// The local authority's certificate, in PEM form.
    pub(crate) fn ca_pem(&self) -> Vec<u8> {
        fs::read(self.ready["ca_file"].as_str().expect("a path")).expect("the certificate")
    }

    /// A client that trusts this server's authority and nobody else.
    pub(crate) fn client(&self) -> Client {
        trusting(&self.ca_pem()).build().expect("a client")
    }

    /// A partner with a token.
    pub(crate) async fn api(&self, partner: &Partner) -> Api {
        Api::log_in(self.client(), self.url(), partner).await
    }

    /// Everything it has printed.
    pub(crate) fn said(&self) -> String {
        self.printed().concat()
    }

    fn printed(&self) -> [String; 2] {
        let read = |path| String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned();
        self.said.each_ref().map(read)
    }

    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// The process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        wait::until("the server's end", async || child.try_wait().expect("a child of ours")).await
    }

    /// Ends it as a power cut would, as far as the process is concerned.
    pub(crate) async fn kill(&mut self) {
        self.signal(Signal::KILL);
        assert!(!self.ended().await.success());
    }

    /// Ends it as an operator would; what it said.
    pub(crate) async fn stop(self) -> String {
        self.terminate();
        self.stopped().await
    }

    /// Holds it to a clean end, after it was told to stop; what it said.
    pub(crate) async fn stopped(mut self) -> String {
        let status = self.ended().await;
        let said = self.said();
        assert_eq!(status.code(), Some(0), "{said}");
        assert!(!said.contains("panicked at"), "{said}");
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After its end there is nothing left to kill, only to collect.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// A client that trusts this authority and nobody else, whatever the environment says.
pub(crate) fn trusting(ca_pem: &[u8]) -> ClientBuilder {
    let authority = Certificate::from_pem(ca_pem).expect("a certificate");
    Client::builder().tls_certs_only([authority]).no_proxy()
}

/// Any port that is free.
pub(crate) const FREE: &str = "127.0.0.1:0";
