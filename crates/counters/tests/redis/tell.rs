//! Commands to a Redis, for tests and benches that use its library.

use crate::server::Server;

/// Sends a command, and waits until it is done.
pub(crate) async fn tell(server: &Server, words: &[&str]) {
    let client = redis::Client::open(server.url()).expect("its URL");
    let mut on = client.get_multiplexed_async_connection().await.expect("it answers");
    let mut command = redis::Cmd::new();
    command.arg(words);
    command.query_async::<()>(&mut on).await.expect("it does as it is told");
}
