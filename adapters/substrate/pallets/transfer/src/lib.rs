//! ICS-20 transfer for FRAME.
