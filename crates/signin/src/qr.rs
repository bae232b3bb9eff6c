//! A QR code as SVG, without styles: a page with a strict policy can show it.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// The text does not fit into a QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text does not fit into a QR code")]
pub struct QrError;

/// The picture of a text: dark modules on white, with the quiet zone that readers need.
///
/// # Errors
/// When the text is too long.
pub fn qr_svg(text: &str, label: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError)?;
    let width = code.width();
    let whole = width + 2 * QUIET;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" role=\"img\" \
         aria-label=\"{label}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"/><path fill=\"#000\" d=\""
    );
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width + QUIET, index / width + QUIET);
            // Writing to a string cannot fail.
            let _infallible = write!(out, "M{x} {y}h1v1h-1z");
        }
    }
    out.push_str("\"/></svg>");
    Ok(out)
}

/// Modules (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_does_not_fit_is_refused() {
        assert_eq!(qr_svg(&"x".repeat(5000), "Code"), Err(QrError));
    }

    #[test]
    fn a_picture_needs_no_style_and_no_script() {
        let svg = qr_svg("otpauth://totp/x", "QR code").unwrap();

        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        for no in ["style", "script", "href"] {
            assert!(!svg.contains(no), "{no}");
        }
    }
}
