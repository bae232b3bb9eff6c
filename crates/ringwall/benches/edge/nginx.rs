//! nginx as people put it before a server: ends TLS, serves a file, passes the rest on.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Certificate, PAGE, Running, until};

/// nginx, and where the server is that it passes requests on to.
pub(super) struct Nginx {
    _running: Running,
    pub(super) url: String,
    pub(super) upstream: String,
}

pub(super) fn start(folder: &Path, tls: &Certificate, page: &[u8]) -> Nginx {
    let [port, upstream] = free_ports();
    let file = folder.join("static").join(PAGE.trim_start_matches('/'));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, page).unwrap();
    let config = folder.join("nginx.conf");
    fs::write(&config, config_text(folder, tls, [port, upstream])).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn().expect("nginx: install Debian's package `nginx`");
    let url = format!("https://localhost:{port}");
    let running = Running { process, url: url.clone() };
    until("nginx", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
    Nginx { _running: running, url, upstream: format!("http://127.0.0.1:{upstream}") }
}

fn free_ports() -> [u16; 2] {
    let bound = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    bound.map(|socket| socket.local_addr().unwrap().port())
}

/// As many workers as cores, connections that stay open on both sides, a log of requests as ours.
fn config_text(folder: &Path, tls: &Certificate, [port, upstream]: [u16; 2]) -> String {
    let Certificate { chain, key } = tls;
    let (folder, chain, key) = (folder.display(), chain.display(), key.display());
    let answer = "x".repeat(ANSWER_BYTES);
    format!(
        "daemon off; master_process on; worker_processes auto; user root;\n\
         pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         access_log {folder}/access.log; default_type application/json;\n\
         keepalive_requests 100000000;\n\
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;\n\
         scgi_temp_path {folder}/scgi;\n\
         upstream behind {{ server 127.0.0.1:{upstream}; keepalive 64;\n\
         keepalive_requests 100000000; }}\n\
         server {{ listen 127.0.0.1:{upstream}; access_log off;\n\
         location / {{ return 200 '{answer}'; }} }}\n\
         server {{ listen 127.0.0.1:{port} ssl http2;\n\
         ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;\n\
         root {folder}/static;\n\
         location = {PAGE} {{ }}\n\
         location / {{ proxy_pass http://behind; proxy_http_version 1.1;\n\
         proxy_set_header Connection ''; }} }}\n\
         }}\n"
    )
}

const ANSWER_BYTES: usize = 1024;
