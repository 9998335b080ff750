//! A proof as one page: it needs no script, loads nothing, and prints.
//!
//! The page shows what the [`Explanation`] holds and what identifies the bundle. Whatever comes
//! from the bundle is text in it; the page's own policy forbids everything but its style.

mod picture;
mod tree;
mod write;

use crate::{
    bundle::Bundle,
    explain::{Explanation, utc},
    statement::Kind,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};
use sha2::{Digest, Sha256};
use write::Markup;

/// Above so many statements, a summary stands first and the list begins closed.
const MANY_CLAIMS: usize = 24;
const STYLE: &str = include_str!("style.css");

/// How a verdict is shown: a sentence of the form "word: why" begins with one of these words.
const TONES: [(&str, &str); 3] = [
    ("True", "<section class=\"verdict good\">"),
    ("Every check passed", "<section class=\"verdict open\">"),
    ("Not known to be true", "<section class=\"verdict open\">"),
];

/// The page of a bundle, as it was explained.
pub fn page(bundle: &Bundle, explanation: &Explanation) -> String {
    let mut m = Markup::default();
    head(&mut m, bundle);
    m.raw("<body><main>");
    verdict(&mut m, bundle, explanation);
    m.raw("<div class=\"columns\"><section class=\"picture\"><h2>From the anchor to the value</h2>");
    picture::draw(&mut m, explanation);
    m.raw("</section><div>");
    identity(&mut m, bundle);
    m.raw("<section><h2>What this does not prove</h2><ul class=\"caveats\">");
    for caveat in &explanation.caveats {
        m.raw("<li>").sentence(caveat).raw("</li>");
    }
    m.raw("</ul></section></div></div>");
    m.raw("<section class=\"steps\"><h2>Every step</h2>");
    tree::write(&mut m, &explanation.steps);
    m.raw("</section></main>");
    foot(&mut m, bundle);
    m.raw("</body></html>\n");
    m.finish()
}

fn head(m: &mut Markup, bundle: &Bundle) {
    // Hex alone, so that no name or text of the bundle gets into the style.
    let style = format!("{STYLE}@page{{@bottom-left{{content:\"Proof {:x}\"}}}}\n", bundle.digest());
    m.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    m.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    m.text(base64(&Sha256::digest(style.as_bytes())));
    m.raw("'; base-uri 'none'; form-action 'none'\">");
    m.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    m.raw("<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"color-scheme\" content=\"light dark\">");
    m.element("<title>Proof of ", &bundle.anchor.name, "</title>");
    m.raw("<style>").style(&style).raw("</style></head>");
}

fn verdict(m: &mut Markup, bundle: &Bundle, explanation: &Explanation) {
    let (word, why) = explanation.verdict.split_once(": ").unwrap_or((&explanation.verdict, ""));
    let tone = TONES.iter().find(|(tone, _)| *tone == word && (explanation.is_true || word.starts_with("Not")));
    m.element("<header><p>Lupu proof bundle, <code>", bundle.anchor.client.client_type(), "</code></p></header>");
    m.raw(tone.map_or("<section class=\"verdict bad\">", |(_, markup)| *markup));
    m.element("<h1>", word, "</h1>");
    if !why.is_empty() {
        m.element("<p>", capital(why), "</p>");
    }
    m.raw("</section><section class=\"claims\">");
    m.raw(if explanation.is_true { "<h2>What it says</h2>" } else { "<h2>What it says, and does not prove</h2>" });
    let many = explanation.claims.len() > MANY_CLAIMS;
    if many {
        m.element("<p class=\"trust\">", summary(bundle), "</p><details><summary>Every statement</summary>");
    }
    m.raw("<ol>");
    for claim in &explanation.claims {
        m.element("<li>", claim, "</li>");
    }
    m.raw(if many { "</ol></details>" } else { "</ol>" }).element(
        "<h2>On whose word</h2><p class=\"trust\">",
        &explanation.trust,
        "</p></section>",
    );
}

/// How many statements of which kinds, for a bundle of too many to read through.
fn summary(bundle: &Bundle) -> String {
    let packets: BTreeSet<_> = bundle
        .statements
        .iter()
        .map(|s| (&s.packet.source_client, &s.packet.destination_client, s.packet.sequence))
        .collect();
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for statement in &bundle.statements {
        let count = kinds.entry(statement.kind).or_default();
        *count = count.saturating_add(1);
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    let packets = packets.len();
    let noun = if packets == 1 { "packet" } else { "packets" };
    format!("{} statements about {packets} {noun}: {}.", bundle.statements.len(), kinds.join(", "))
}

/// A sentence that was the second half of one.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn identity(m: &mut Markup, bundle: &Bundle) {
    let client = &bundle.anchor.client;
    m.raw("<section><h2>To compare</h2><dl class=\"stacked\">");
    m.fact("Digest of this bundle (SHA-256 of its CBOR file)", &format!("{:#x}", bundle.digest()), true);
    m.fact("Digest of the anchor it begins at", &format!("{:#x}", bundle.anchor.digest()), true);
    let anchor = format!("{}, block {}, {}", bundle.anchor.name, client.height(), utc(client.timestamp()));
    m.fact("The anchor", &anchor, false);
    m.fact("Chain (CAIP-2)", &client.chain(), true);
    m.fact("Host of IBC there (CAIP-10)", &client.host(), true);
    m.raw("</dl></section>");
}

fn foot(m: &mut Markup, bundle: &Bundle) {
    m.raw("<footer><p>This page reports a check; it is not the proof. The proof is the bundle's file, which anyone ");
    m.raw("can check again, without a network:</p><pre>lupu proof verify FILE --anchor ");
    m.text(format_args!("{:#x}", bundle.anchor.digest()));
    m.element("</pre><p>Made by lupu-proof ", env!("CARGO_PKG_VERSION"), ".</p></footer>");
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain([0; 2].iter()).take(3).fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        for place in 0..4u32 {
            let digit = DIGITS.get((word >> (18 - 6 * place) & 63) as usize).filter(|_| place as usize <= chunk.len());
            out.push(digit.map_or('=', |d| char::from(*d)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_pads() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(super::base64(bytes.as_bytes()), text);
        }
    }
}
