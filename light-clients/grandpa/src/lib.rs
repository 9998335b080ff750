//! Light client of Substrate chains by GRANDPA justifications.
