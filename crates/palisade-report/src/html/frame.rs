//! What every page has around its content: a head that lets nothing foreign in, the bar on top, the help and the foot.

use super::words::Text;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Everything up to the content.
pub(super) fn open(to: &mut dyn Write, title: &str, targets: &str, version: &str) -> io::Result<()> {
    // The page holds all it needs. Should foreign words ever become markup, they can neither run nor send anything.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    write!(
        to,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"Palisade {}\">\n\
         <title>{}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>{STYLE}</style>\n<script>{SCRIPT}</script>\n</head>\n<body>\n",
        Text(version),
        Text(title),
    )?;
    write!(
        to,
        "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header class=\"top\">{LOGO}<span class=\"brand\">Palisade</span><span class=\"targets\">{}</span>\
         <span class=\"tools\"><button type=\"button\" id=\"help-button\" hidden>Keys</button>\
         <button type=\"button\" id=\"theme\" hidden>Theme</button></span></header>\n",
        Text(targets)
    )
}

/// Everything after the content.
pub(super) fn close(to: &mut dyn Write, version: &str) -> io::Result<()> {
    write!(
        to,
        "<footer>Written by Palisade {}. The page holds all it needs and sends nothing anywhere.</footer>\n{HELP}</body>\n</html>\n",
        Text(version)
    )
}

/// Four pales and a rail.
const LOGO: &str = "<svg class=\"logo\" viewBox=\"0 0 20 20\" width=\"20\" height=\"20\" aria-hidden=\"true\">\
                    <path d=\"M1 18V6l2-3 2 3v12zM6 18V6l2-3 2 3v12zM11 18V6l2-3 2 3v12zM16 18V6l1.5-3L19 6v12z\"/></svg>";

const HELP: &str = "\
<dialog id=\"help\" aria-labelledby=\"help-title\"><h2 id=\"help-title\">Keys</h2><dl>
<div><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next, previous</dd></div>
<div><dt><kbd>o</kbd></dt><dd>open or close the group</dd></div>
<div><dt><kbd>/</kbd></dt><dd>search</dd></div>
<div><dt><kbd>x</kbd></dt><dd>clear the filter</dd></div>
<div><dt><kbd>t</kbd></dt><dd>light, dark or as the system</dd></div>
<div><dt><kbd>?</kbd></dt><dd>these keys</dd></div>
</dl><form method=\"dialog\"><button>Close</button></form></dialog>
";

/// The hash by which a content security policy names an inline style or script.
fn hash(text: &str) -> String {
    base64(&Sha256::digest(text.as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let is_padding = digit > three.len();
            let value = (bits >> (18 - 6 * digit)) as usize & 63;
            text.push(if is_padding { '=' } else { char::from(DIGITS[value]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_base_64() {
        for (bytes, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
        assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn style_and_script_do_not_end_their_elements() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"), "nothing is fetched");
    }
}
