//! ICS-27 general messages for FRAME.
