//! The IBC v2 host for FRAME: clients, packets, receipts.
