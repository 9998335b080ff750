-- What the relayer must not forget. Heights, times and counters are integers; times of the
-- relayer's own clock are milliseconds since 1970, times of chains are seconds.

-- One direction of a route.
CREATE TABLE lanes (
    id                 INTEGER PRIMARY KEY,
    source_chain       TEXT NOT NULL,
    source_client      TEXT NOT NULL,
    destination_chain  TEXT NOT NULL,
    destination_client TEXT NOT NULL,
    UNIQUE (source_chain, source_client, destination_chain, destination_client)
) STRICT;

-- Up to where the events of a chain are in this store.
CREATE TABLE cursors (
    chain     TEXT PRIMARY KEY,
    height    INTEGER NOT NULL,
    hash      BLOB,
    timestamp INTEGER
) STRICT;

-- Up to which sequence a client's sent packets are known to be complete, and where that was checked.
CREATE TABLE sent_counters (
    chain    TEXT NOT NULL,
    client   TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    height   INTEGER NOT NULL,
    PRIMARY KEY (chain, client)
) STRICT;

CREATE TABLE packets (
    id              INTEGER PRIMARY KEY,
    lane            INTEGER NOT NULL REFERENCES lanes (id),
    sequence        INTEGER NOT NULL,
    packet          TEXT NOT NULL,
    timeout         INTEGER NOT NULL,
    state           TEXT NOT NULL,
    -- first height, on the chain that proves it, at which the next step can be proven
    ready_height    INTEGER NOT NULL,
    next_try_at     INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    reason          TEXT,
    acknowledgement TEXT,
    -- height of the destination when the packet was first heard of: a receipt is not older
    destination_height INTEGER NOT NULL DEFAULT 0,
    first_seen_at   INTEGER NOT NULL,
    sent_height     INTEGER,
    sent_tx         BLOB,
    sent_at         INTEGER,
    receiving_at    INTEGER,
    received_height INTEGER,
    received_tx     BLOB,
    received_at     INTEGER,
    settling_at     INTEGER,
    settled_height  INTEGER,
    settled_tx      BLOB,
    settled_at      INTEGER,
    receive_gas     INTEGER,
    settle_gas      INTEGER,
    receive_proof_bytes INTEGER,
    settle_proof_bytes  INTEGER,
    UNIQUE (lane, sequence)
) STRICT;
CREATE INDEX packets_due ON packets (lane, state, next_try_at, sequence);
CREATE INDEX packets_timeout ON packets (lane, state, timeout);

CREATE TABLE transitions (
    id         INTEGER PRIMARY KEY,
    packet     INTEGER NOT NULL REFERENCES packets (id),
    at         INTEGER NOT NULL,
    from_state TEXT NOT NULL,
    event      TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    reason     TEXT
) STRICT;
CREATE INDEX transitions_packet ON transitions (packet);

-- The journal: a transaction is here before anyone else can see it.
CREATE TABLE transactions (
    hash         BLOB PRIMARY KEY,
    -- the first of the transactions that replaced each other
    root         BLOB NOT NULL,
    chain        TEXT NOT NULL,
    client       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    account      TEXT NOT NULL,
    nonce        INTEGER NOT NULL,
    raw          BLOB NOT NULL,
    state        TEXT NOT NULL,
    summary      TEXT NOT NULL,
    update_height INTEGER,
    proof_bytes  INTEGER NOT NULL,
    replaced_by  BLOB,
    created_at   INTEGER NOT NULL,
    broadcast_at INTEGER,
    included_at  INTEGER,
    height       INTEGER,
    success      INTEGER,
    gas          INTEGER,
    fee          TEXT,
    reason       TEXT
) STRICT;
CREATE INDEX transactions_state ON transactions (chain, state);
CREATE INDEX transactions_nonce ON transactions (chain, account, nonce);
CREATE INDEX transactions_root ON transactions (root);

CREATE TABLE transaction_packets (
    root    BLOB NOT NULL,
    packet  INTEGER NOT NULL REFERENCES packets (id),
    step    TEXT NOT NULL,
    outcome TEXT,
    PRIMARY KEY (root, packet, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX transaction_packets_packet ON transaction_packets (packet);

-- Consensus states that a client stores and that our own headers confirm.
CREATE TABLE consensus_states (
    chain    TEXT NOT NULL,
    client   TEXT NOT NULL,
    height   INTEGER NOT NULL,
    preimage BLOB NOT NULL,
    PRIMARY KEY (chain, client, height)
) STRICT, WITHOUT ROWID;

-- Headers, trie nodes and values, each once, by the keccak256 of its bytes.
CREATE TABLE material (
    id     INTEGER PRIMARY KEY,
    hash   BLOB NOT NULL UNIQUE,
    kind   TEXT NOT NULL,
    height INTEGER,
    raw    BLOB NOT NULL
) STRICT;

CREATE TABLE proofs (
    id     INTEGER PRIMARY KEY,
    root   BLOB NOT NULL,
    chain  TEXT NOT NULL,
    client TEXT NOT NULL,
    kind   TEXT NOT NULL,
    height INTEGER NOT NULL,
    proof  BLOB NOT NULL
) STRICT;
CREATE INDEX proofs_root ON proofs (root);

CREATE TABLE proof_nodes (
    proof    INTEGER NOT NULL REFERENCES proofs (id),
    position INTEGER NOT NULL,
    material INTEGER NOT NULL REFERENCES material (id),
    PRIMARY KEY (proof, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE packet_proofs (
    packet INTEGER NOT NULL REFERENCES packets (id),
    step   TEXT NOT NULL,
    proof  INTEGER NOT NULL REFERENCES proofs (id),
    PRIMARY KEY (packet, step, proof)
) STRICT, WITHOUT ROWID;

-- Clients as last seen on their host, and how the worker that serves them is doing.
CREATE TABLE clients (
    chain            TEXT NOT NULL,
    client           TEXT NOT NULL,
    tracks           TEXT NOT NULL,
    client_type      TEXT NOT NULL,
    counterparty     TEXT NOT NULL,
    location         TEXT NOT NULL,
    state            BLOB NOT NULL,
    status           TEXT NOT NULL,
    latest_height    INTEGER NOT NULL,
    latest_timestamp INTEGER NOT NULL,
    trusting_period  INTEGER NOT NULL,
    host_timestamp   INTEGER NOT NULL,
    seen_at          INTEGER NOT NULL,
    PRIMARY KEY (chain, client)
) STRICT;

CREATE TABLE workers (
    chain   TEXT NOT NULL,
    client  TEXT NOT NULL,
    state   TEXT NOT NULL,
    reason  TEXT,
    since   INTEGER NOT NULL,
    PRIMARY KEY (chain, client)
) STRICT;
