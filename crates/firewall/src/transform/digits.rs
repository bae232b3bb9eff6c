//! Hexadecimal and octal digits.

/// The value of a hexadecimal digit.
pub(super) fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte that two hexadecimal digits make.
pub(super) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    Some(hex(high)? << 4 | hex(low)?)
}

/// The number that four hexadecimal digits make.
pub(super) fn hex_four(digits: [u8; 4]) -> Option<u16> {
    let [a, b, c, d] = digits;
    Some(u16::from_be_bytes([hex_pair(a, b)?, hex_pair(c, d)?]))
}

/// The byte that two characters make when nobody checks whether they are digits.
pub(super) fn hex_pair_unchecked(high: u8, low: u8) -> u8 {
    hex_unchecked(high).wrapping_mul(16).wrapping_add(hex_unchecked(low))
}

fn hex_unchecked(byte: u8) -> u8 {
    match byte {
        b'A'.. => (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10),
        _ => byte.wrapping_sub(b'0'),
    }
}

/// The low byte of a code, moved from the full-width forms (U+FF01 to U+FF5E) to ASCII.
pub(super) fn low_byte(code: u16) -> u8 {
    match code.to_be_bytes() {
        [0xff, low @ 0x01..=0x5e] => low + 0x20,
        [_, low] => low,
    }
}

/// How many octal digits stand at the head (three at most), and their number's low byte.
pub(super) fn octal(input: &[u8]) -> Option<(usize, u8)> {
    let digits = input.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
    let (count, number) = digits.fold((0, 0_u16), |(count, number), digit| {
        (count + 1, number * 8 + u16::from(digit - b'0'))
    });
    let [_, low] = number.to_be_bytes();
    (count > 0).then_some((count, low))
}
