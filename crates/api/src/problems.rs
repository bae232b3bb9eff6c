//! Every kind of problem that the API can answer with, for the reference.

use kernel::Code;

/// All codes, in the order of the floors.
pub fn problems() -> impl Iterator<Item = &'static Code> {
    let lists = [
        kernel::problem::CODES,
        ::oauth::CODES,
        policy::CODES,
        staffing::CODES,
        store::CODES,
        &gate::CODES,
        OWN,
    ];
    lists.into_iter().flatten().copied()
}

const OWN: &[&Code] = &[
    &crate::api_keys::ENDED,
    &crate::api_keys::NOT_FOR_KEYS,
    &crate::bulk::imports::PART_UNREADABLE,
    &crate::candidates::BEING_ERASED,
    &crate::employments::CONCURRENT,
    &crate::employments::NOT_OWN,
    &crate::health::NOT_READY,
    &crate::jobs::NOT_DELETABLE,
    &crate::jobs::apply::TOO_MANY,
    &crate::may::CONFIDENTIAL,
    &crate::paging::CURSOR_INVALID,
    &crate::people::LAST_ADMINISTRATOR,
    &crate::people::OWN_PROPOSAL,
    &crate::signing_keys::KEY_WAITING,
    &crate::people::PROPOSAL_OVER,
    &crate::people::STATE,
    &crate::security::leaks::TOO_MANY,
    &crate::security::leaks::UNSIGNED,
    &crate::staff::authorize::UNPROVEN,
    &crate::staff::consent::ELSEWHERE,
    &crate::staff::consent::OVER,
    &crate::staff::login::OVER,
    &crate::staff::login::REFUSED,
    &crate::staff::login::WAIT,
    &crate::staff::FORM_STALE,
    &crate::staff::LINK_OVER,
    &crate::staff::sso::LOCAL_CLOSED,
    &crate::staff::sso::LOGOUT_TOKEN,
    &crate::staff::sso::NO_PROVIDER,
    &crate::staff::sso::PROVIDER_AWAY,
    &crate::usage_plans::ASSIGNED,
    &crate::staff::passkeys::own::LAST_PASSKEY,
];
