//! A consortium runtime with the IBC pallets.
