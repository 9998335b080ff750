/* The verifier of Lupu's proof bundles, for C. Link with liblupu_proof_ffi.
 *
 * A bundle is verified offline: every check is recomputed from an anchor that the caller trusts.
 * All functions are pure and may be called from any thread; none keeps a pointer that it was given. */
#ifndef LUPU_PROOF_H
#define LUPU_PROOF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is returned; the first four are the exit codes of `lupu proof verify`. */
#define LUPU_PROOF_TRUE 0           /* every check passed, from an anchor that was named */
#define LUPU_PROOF_FALSE 1          /* a check failed */
#define LUPU_PROOF_MALFORMED 2      /* the file is not a proof bundle */
#define LUPU_PROOF_ANCHOR_UNKNOWN 3 /* it begins at an anchor that was not named */
#define LUPU_PROOF_MISUSE (-1)      /* a null pointer with a length, or an impossible length */
#define LUPU_PROOF_FAULT (-2)       /* a fault of this library; nothing was decided */

/* Verifies the bundle in a file's bytes, JSON or CBOR.
 *
 * anchors: the digests of the trusted anchors, 32 bytes each, joined; may be NULL if anchor_count is 0.
 * now:     UNIX seconds at which the newest state must still be fresh; 0 for no such check.
 * json_out: may be NULL. Otherwise it receives a text to be freed with lupu_proof_free, or NULL where
 *          a negative code is returned: one JSON object with "verdict" ("true", "false", "malformed",
 *          "anchor-unknown"); where it applies "check", "place", "detail", "expected", "found" and
 *          "trust"; "claims"; and the digests "anchor" and "bundle". */
int32_t lupu_proof_verify(const uint8_t *bundle, size_t bundle_len, const uint8_t *anchors, size_t anchor_count,
                          uint64_t now, char **json_out);

/* Verifies likewise; the text is the whole proof as one page of HTML, empty where the file is malformed. */
int32_t lupu_proof_html(const uint8_t *bundle, size_t bundle_len, const uint8_t *anchors, size_t anchor_count,
                        uint64_t now, char **html_out);

/* Writes the 32-byte digest of the anchor in an anchor's file, or of the anchor that a bundle's file
 * begins at. Returns LUPU_PROOF_TRUE, LUPU_PROOF_MALFORMED or a negative code. */
int32_t lupu_proof_anchor(const uint8_t *file, size_t len, uint8_t *digest_out);

/* Frees a text that this library returned. NULL is nothing to free. */
void lupu_proof_free(char *text);

/* This library's version; not to be freed. */
const char *lupu_proof_version(void);

#ifdef __cplusplus
}
#endif

#endif
