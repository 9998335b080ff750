-- Where proof files begin: a hosted client as this relayer first saw it, once our own headers had
-- confirmed it. Written once; what is proven later builds on it.
CREATE TABLE anchors (
    chain       TEXT NOT NULL,
    client      TEXT NOT NULL,
    tracks      TEXT NOT NULL,
    client_type TEXT NOT NULL,
    state       BLOB NOT NULL,
    height      INTEGER NOT NULL,
    consensus   BLOB NOT NULL,
    -- what the hash of the validators in the consensus state stands for
    validators  BLOB NOT NULL,
    seen_at     INTEGER NOT NULL,
    PRIMARY KEY (chain, client)
) STRICT, WITHOUT ROWID;

-- The updates of one client, by height.
CREATE INDEX proofs_client ON proofs (chain, client, kind, height);
