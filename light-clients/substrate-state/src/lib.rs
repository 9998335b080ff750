//! Substrate headers and state-trie proofs, many keys from one node set.
