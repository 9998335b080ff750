//! Light client of Substrate chains by BEEFY commitments.
