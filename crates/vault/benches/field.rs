//! Sealing and opening a 64-byte field, against bare AES-256-GCM with its key already scheduled.

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use criterion::Criterion;
use kernel::{SystemClock, TenantId};
use vault::{Keyring, Place, TenantKeys};

fn main() -> Result<(), Unspecified> {
    let mut criterion = Criterion::default().configure_from_args();
    vault_field(&mut criterion);
    bare_gcm(&mut criterion)?;
    criterion.final_summary();
    ratio()
}

/// Both in turns, and the quietest turn of each: the machine has other work too.
fn ratio() -> Result<(), Unspecified> {
    let (keys, _) = TenantKeys::generate(&Keyring::generate(), TenantId::new(&SystemClock));
    let place = Place { table: "candidate", column: "email", row: &[7; 16] };
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32])?);
    let (mut ours, mut bare) = (f64::INFINITY, f64::INFINITY);
    for turn in 0..TURNS {
        ours = ours.min(micros(|_| {
            let sealed = keys.seal(black_box(&place), black_box(&FIELD));
            black_box(keys.open(&place, &sealed)).is_ok()
        }));
        let first = turn << 32;
        bare = bare.min(micros(|count| {
            black_box(seal_and_open(&key, first | count)).is_ok_and(|plain| plain == FIELD)
        }));
    }
    println!("RATIO field/seal+open {ours:.2} µs {bare:.2} µs {:.2} - ok", ours / bare);
    Ok(())
}

fn micros(mut work: impl FnMut(u64) -> bool) -> f64 {
    let start = Instant::now();
    for count in 0..u64::from(COUNT) {
        assert!(work(count), "it must work to be measured");
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(COUNT)
}

fn vault_field(criterion: &mut Criterion) {
    let (keys, _) = TenantKeys::generate(&Keyring::generate(), TenantId::new(&SystemClock));
    let place = Place { table: "candidate", column: "email", row: &[7; 16] };
    criterion.bench_function("field/vault/seal+open", |bencher| {
        bencher.iter(|| {
            let sealed = keys.seal(black_box(&place), black_box(&FIELD));
            keys.open(&place, &sealed)
        });
    });
    criterion.bench_function("field/vault/seal", |bencher| {
        bencher.iter(|| keys.seal(black_box(&place), black_box(&FIELD)));
    });
    let sealed = keys.seal(&place, &FIELD);
    criterion.bench_function("field/vault/open", |bencher| {
        bencher.iter(|| keys.open(black_box(&place), black_box(&sealed)));
    });
}

fn bare_gcm(criterion: &mut Criterion) -> Result<(), Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32])?);
    let mut counter = 0_u64;
    criterion.bench_function("field/aes-256-gcm/seal+open", |bencher| {
        bencher.iter(|| {
            counter += 1;
            seal_and_open(&key, counter)
        });
    });
    Ok(())
}

/// The floor: no random nonce, no commitment, and associated data that is already one slice.
fn seal_and_open(key: &LessSafeKey, counter: u64) -> Result<Vec<u8>, Unspecified> {
    let mut nonce = [0; 12];
    nonce.split_at_mut(4).1.copy_from_slice(&counter.to_be_bytes());
    let mut text = black_box(&FIELD).to_vec();
    let fresh = || Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(fresh(), Aad::from(black_box(PLACE)), &mut text)?;
    let length = key.open_in_place(fresh(), Aad::from(PLACE), &mut text)?.len();
    text.truncate(length);
    Ok(text)
}

const FIELD: [u8; 64] = [0x61; 64];
/// As long as the associated data of a field.
const PLACE: [u8; 104] = [0x62; 104];
const TURNS: u64 = 21;
const COUNT: u32 = 2_000;
