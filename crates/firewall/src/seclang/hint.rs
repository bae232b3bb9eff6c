//! What probably was meant by a name that nobody knows.

/// The known name nearest to `name`, if one is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let (distance, best) = known
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_ascii_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + name.len() / 4).then(|| format!("did you mean `{best}`?"))
}

/// Longer than any name there is.
const NAME_BYTES_MAX: usize = 64;
