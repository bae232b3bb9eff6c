//! Waiting for something outside this process, with an end.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::error::{ChoreError, Outcome};

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Asks `probe` again and again until it answers `Some`, fails, or `limit` has passed.
pub(crate) fn until<T>(
    limit: Duration,
    what: &str,
    mut probe: impl FnMut() -> Outcome<Option<T>>,
) -> Outcome<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(ChoreError::told(format!("{what} did not come within {limit:?}")));
        }
        thread::park_timeout(LOOK_AGAIN_AFTER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_comes_is_an_error() {
        let outcome = until(Duration::ZERO, "the end", || Ok(None::<()>));

        assert_eq!(outcome.unwrap_err().to_string(), "the end did not come within 0ns");
    }

    #[test]
    fn what_comes_later_is_found() {
        let mut looks = 0;

        let found = until(Duration::from_secs(5), "the third look", || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });

        assert_eq!(found.unwrap(), 3);
    }
}
