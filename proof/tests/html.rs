//! The page of a proof: well-formed, without anything active, whatever the bundle holds.
#![allow(missing_docs)]

#[path = "../../light-clients/qbft/tests/common/mod.rs"]
mod common;

use alloy_primitives::{B256, Bytes, U256};
use common::{Scenario, path, path_slot};
use lupu_proof::{Anchor, Builder, Bundle, Kind, Update, explain::explain, html, verify};
use lupu_qbft::{Kind as Consensus, MembershipProof};
use lupu_standard::{
    Acknowledgement, Height, Packet, Payload, Sequence, TimestampSecs,
    commitment::commit_packet,
    ics20::{FungibleTokenPacketData, VERSION},
    payload::Encoding,
};
use sha2::{Digest, Sha256};
use std::{fs, path::PathBuf};

const NASTY: &str = "\"'></code></dd><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u{202e}";

fn packet(memo: &str) -> Packet {
    let data = FungibleTokenPacketData {
        denom: "0x5fbdb2315678afecb367f032d93f642f64180aa3".into(),
        sender: "0x70997970c51812dc3a010c7d01b50e0d17dc79c8".into(),
        receiver: "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc".into(),
        amount: U256::from(250_000u64),
        memo: memo.into(),
    };
    Packet {
        sequence: Sequence::new(7).unwrap(),
        source_client: "bank.qbft-harbour".parse().unwrap(),
        destination_client: "harbour.qbft-bank".parse().unwrap(),
        timeout_timestamp: TimestampSecs(common::T0 + 50),
        payloads: vec![Payload {
            source_port: "transfer".parse().unwrap(),
            destination_port: "transfer".parse().unwrap(),
            version: VERSION.into(),
            encoding: Encoding::SolidityAbi.media_type().into(),
            value: data.encode(Encoding::SolidityAbi).into(),
        }],
    }
}

/// A transfer that left a chain of this name, and never came to it.
fn bundle(name: &str, memo: &str) -> Bundle {
    let mut s = Scenario::new(Consensus::Qbft, 5);
    let sent = packet(memo);
    s.change_state(|state| {
        state.storage.insert(path_slot(&path("bank.qbft-harbour", 1, 7)), commit_packet(&sent));
    });
    let message = s.message().encode();
    let anchor =
        Anchor::of_client(name, "qbft", &s.client.encode(), Height(100), &s.trusted.encode(), [message.as_slice()]);
    let mut builder = Builder::new(anchor.unwrap());
    builder.update(&message).unwrap();
    let paths = [path("bank.qbft-harbour", 1, 7), path("harbour.qbft-bank", 2, 7)];
    let nodes = s.state.storage_proof(&paths).into();
    builder.membership(&MembershipProof { consensus: s.consensus(), nodes }.encode()).unwrap();
    for kind in [Kind::Locked, Kind::NeverReceived] {
        builder.statement(kind, Height(120), sent.clone(), Acknowledgement(vec![]));
    }
    builder.finish().unwrap()
}

/// One bit of a seal is another.
fn tampered(bundle: &Bundle) -> Bundle {
    let mut bundle = bundle.clone();
    let Some(Update::Qbft { header }) = bundle.updates.first_mut() else { panic!("an update of an EVM chain") };
    let mut bytes = header.to_vec();
    let at = bytes.len() - 200;
    bytes[at] ^= 1;
    *header = bytes.into();
    bundle
}

fn page(bundle: &Bundle, trusted: Option<&[B256]>) -> String {
    html::page(bundle, &explain(bundle, trusted, None))
}

/// Checks that tags are known, nested, and have nothing but harmless attributes. Returns the text.
fn check_markup(page: &str) -> String {
    const VOID: [&str; 4] = ["meta", "wbr", "rect", "circle"];
    const TAGS: [&str; 34] = [
        "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "div", "h1", "h2",
        "p", "ol", "ul", "li", "dl", "dt", "dd", "code", "pre", "wbr", "details", "summary", "span", "svg", "g",
        "path", "rect", "circle", "text", "!doctype", "line",
    ];
    const ATTRIBUTES: [&str; 23] = [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "open",
        "aria-hidden",
        "role",
        "viewBox",
        "d",
        "x",
        "y",
        "width",
        "height",
        "rx",
        "cx",
        "cy",
        "r",
        "transform",
        "html",
        "scale",
        "V",
    ];
    let (mut text, mut open, mut rest) = (String::new(), Vec::new(), page);
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = rest[at + 1..end].trim_end_matches('/');
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        assert!(TAGS.contains(&name), "tag {tag}");
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closing {tag}");
        } else if !VOID.contains(&name) && name != "!doctype" && !rest[..end].ends_with('/') {
            open.push(name.to_owned());
        }
        // Names stand before `=`, outside quotes.
        for part in tag.split('"').step_by(2).flat_map(|part| part.split([' ', '='])).skip(1) {
            assert!(part.is_empty() || ATTRIBUTES.contains(&part), "attribute {part} in {tag}");
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "left open: {open:?}");
    text + rest
}

#[test]
fn nothing_of_a_bundle_becomes_markup() {
    let bundle = bundle("</title><script>alert(2)</script>", NASTY);
    for one in [&bundle, &tampered(&bundle)] {
        let page = page(one, None);
        let text = check_markup(&page);
        assert!(text.contains("&quot;&#39;&gt;&lt;/code&gt;&lt;/dd&gt;&lt;script&gt;"), "the memo is shown");
        assert!(!page.contains('\u{202e}'));
        assert!(!page.contains("://") && !page.contains("url("));
    }
}

#[test]
fn the_policy_names_the_one_style() {
    let page = page(&bundle("bank", ""), None);
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = alloy_primitives::hex::encode(Sha256::digest(style.as_bytes()));
    let named = page.split("'sha256-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(digest, alloy_primitives::hex::encode(unbase64(named)));
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"));
    assert_eq!(page.matches("<style>").count(), 1);
}

fn unbase64(text: &str) -> Vec<u8> {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = text.trim_end_matches('=').chars().flat_map(|c| {
        let digit = digits.find(c).unwrap();
        (0..6).rev().map(move |bit| digit >> bit & 1 == 1)
    });
    let bits: Vec<bool> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | u8::from(*bit))).collect()
}

#[test]
fn a_page_says_what_was_found() {
    let bundle = bundle("bank", "invoice 2025-118");
    let anchor = bundle.anchor.digest();
    let trusted = page(&bundle, Some(&[anchor]));
    let heading =
        |page: &str| page.split("<section class=\"verdict ").nth(1).unwrap().split("</h1>").next().unwrap().to_owned();
    assert_eq!(heading(&trusted), "good\"><h1>True");
    assert_eq!(heading(&page(&bundle, None)), "open\"><h1>Every check passed");
    assert_eq!(heading(&page(&bundle, Some(&[]))), "open\"><h1>Not known to be true");
    assert_eq!(heading(&page(&tampered(&bundle), Some(&[anchor]))), "bad\"><h1>False");
    let plain = trusted.replace("<wbr>", "");
    for expected in [
        format!("{anchor:#x}"),
        format!("{:#x}", bundle.digest()),
        format!("{}", commit_packet(&packet("invoice 2025-118"))),
        "4 of the 5 validators of bank as of block 100 sealed block 120, which holds this.".into(),
        "invoice 2025-118".into(),
        "250000".into(),
        "eip155:1981".into(),
    ] {
        assert!(plain.contains(&expected), "{expected} is on the page");
    }
    // What is in backticks in words is in a code's type on the page.
    let words = ["<code>", "</code>", "<wbr>"].into_iter().fold(page(&bundle, None), |text, tag| text.replace(tag, ""));
    for caveat in &explain(&bundle, None, None).caveats {
        assert!(words.contains(&caveat.replace('`', "").replace('\'', "&#39;")), "{caveat}");
    }
}

/// The files that the tests of the C library and of the page in a browser read. With
/// `LUPU_WRITE_FIXTURES` set they are written.
#[test]
fn fixtures_are_what_is_built() {
    let good = bundle("bank", "invoice 2025-118");
    let bad = tampered(&good);
    let cut = good.to_json();
    let hostile = bundle("</title><script>alert(2)</script>", NASTY);
    let files: [(&str, Bytes); 6] = [
        ("anchor.json", good.anchor.to_json().into_bytes().into()),
        ("true.json", good.to_json().into_bytes().into()),
        ("true.cbor", good.to_cbor().into()),
        ("tampered.json", bad.to_json().into_bytes().into()),
        ("malformed.json", cut.as_bytes()[..cut.len() / 2].to_vec().into()),
        ("hostile.json", hostile.to_json().into_bytes().into()),
    ];
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ffi/tests/fixtures");
    for (name, bytes) in files {
        if std::env::var_os("LUPU_WRITE_FIXTURES").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), &bytes).unwrap();
        }
        assert!(fs::read(folder.join(name)).unwrap() == bytes, "{name}: write it with LUPU_WRITE_FIXTURES=1");
    }
    verify(&good, &[good.anchor.digest()], None).unwrap();
    verify(&bad, &[bad.anchor.digest()], None).unwrap_err();
}

/// With `LUPU_PAGES` set to a folder, pages are written there to be looked at.
#[test]
fn pages_to_look_at() {
    let Some(folder) = std::env::var_os("LUPU_PAGES").map(PathBuf::from) else { return };
    let good = bundle("bank", "invoice 2025-118");
    let trusted = [good.anchor.digest()];
    fs::write(folder.join("true.html"), page(&good, Some(&trusted))).unwrap();
    fs::write(folder.join("unknown.html"), page(&good, Some(&[]))).unwrap();
    fs::write(folder.join("false.html"), page(&tampered(&good), Some(&trusted))).unwrap();
    fs::write(folder.join("hostile.html"), page(&bundle("</title><script>", NASTY), None)).unwrap();
}
