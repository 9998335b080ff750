//! Proof bundles and trust anchors: files from anyone.

use lupu_proof::{Anchor, Bundle, explain::explain, html, verify};

/// What is read is written as the same bytes, in the form it came in, and its twin says the same.
pub fn bundle_decode(data: &[u8]) {
    if let Ok(bundle) = Bundle::decode(data) {
        let (json, cbor) = (bundle.to_json(), bundle.to_cbor());
        assert!(data == json.as_bytes() || data == cbor, "read what is not written so");
        assert_eq!(Bundle::decode(json.as_bytes()).as_ref(), Ok(&bundle));
        assert_eq!(Bundle::decode(&cbor).as_ref(), Ok(&bundle));
    }
    if let Ok(anchor) = Anchor::decode(data) {
        let (json, cbor) = (anchor.to_json(), anchor.to_cbor());
        assert!(data == json.as_bytes() || data == cbor, "read what is not written so");
        assert_eq!(Anchor::decode(json.as_bytes()).as_ref(), Ok(&anchor));
        assert_eq!(Anchor::decode(&cbor).as_ref(), Ok(&anchor));
    }
}

/// Verifier and explanation agree; no anchor is trusted that was not named; the page holds no
/// markup of the file's.
pub fn bundle_verify(data: &[u8]) {
    let Ok(bundle) = Bundle::decode(data) else { return };
    let digest = bundle.anchor.digest();
    let verdict = verify(&bundle, &[digest], None);
    assert_eq!(verify(&bundle, &[], None).unwrap_err().check(), "AnchorUnknown");
    let explanation = explain(&bundle, Some(&[digest]), None);
    assert_eq!(explanation.is_true, verdict.is_ok(), "{verdict:?}");
    if let Ok(report) = &verdict {
        assert_eq!((report.digest, report.anchor), (bundle.digest(), digest));
        assert_eq!(report.trace.proven.len(), bundle.statements.len());
    }
    let page = html::page(&bundle, &explanation);
    assert!(!page.contains("<script"), "a script in the page");
}
