//! What the allocator keeps of what was freed.
//!
//! A page that becomes free goes back to the system after a second, because it is mostly wanted
//! again before. While a server starts that is a bad bargain: documents, schemas and rules are
//! parsed once and dropped, what stays is strewn over the pages that they left dirty, and an idle
//! server keeps the dirt. So pages go back at once until it is ready (5 MiB of 24), and after that
//! when they were free for a second: under load, going back at once costs up to a fifth of the
//! processor time of a long list.

/// The allocator, for the binary's `#[global_allocator]`.
pub use mimalloc::MiMalloc as Allocator;

use std::ffi::c_long;

use libmimalloc_sys::mi_option_set;

/// `mi_option_purge_delay` of mimalloc 3, which the bindings do not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// As mimalloc has it, in milliseconds.
const A_SECOND: c_long = 1000;

/// From now on a page that becomes free goes back to the system at once.
pub fn give_back_at_once() {
    delay(0);
}

/// From now on a page goes back to the system when it was free for a second.
pub fn give_back_later() {
    delay(A_SECOND);
}

#[expect(unsafe_code, reason = "mimalloc is written in C and has no other way to be told")]
fn delay(milliseconds: c_long) {
    // SAFETY: the function takes no pointer. It writes one aligned word of a static table, at an
    // index that is within the table of the version that is linked (a test holds the index). It is
    // not synchronised: a thread that frees meanwhile reads the old delay or the new one, and
    // either is a valid delay.
    unsafe { mi_option_set(PURGE_DELAY, milliseconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(unsafe_code, reason = "reads what was told")]
    fn told() -> c_long {
        // SAFETY: reads one word of the same table; no other test of this process writes it.
        unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) }
    }

    #[test]
    fn the_option_is_the_delay() {
        let default = told();

        give_back_at_once();
        let at_once = told();
        give_back_later();

        assert_eq!((default, at_once, told()), (A_SECOND, 0, A_SECOND));
    }
}
