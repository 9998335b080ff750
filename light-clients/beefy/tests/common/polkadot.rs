//! A commitment of the Polkadot relay chain, as it was submitted to a bridge on Ethereum mainnet:
//! two of its 600 authorities' signatures, and the proof of its newest leaf.

use alloy_primitives::{Address, B256, address, b256, hex};

/// SCALE, as signed: block 33149232, set 5693.
pub const COMMITMENT: [u8; 48] = hex!(
    "046d6880519a746ed07287ee52621e6f9f82062cefdfaccf037aef4117b20d41b5388a6a"
    "30d1f9013d16000000000000"
);

/// SCALE: version 0, about block 33149231, naming set 5694 of 600, with the root of all parachains'
/// heads.
pub const LEAF: [u8; 113] = hex!(
    "002fd1f90142022130630f5dee72e0cd7538fc5f4f07d5682f05d4c41f8de3babe8a096cf3"
    "3e1600000000000058020000f4284b693365c3127227bacb694bcaf610eed8bb79182537489d784377b8c56f"
    "a614628d10b83ed1d1362cfbf7ade3043e18e7fd1ab380efedc3b932fe822d61"
);

/// r ‖ s ‖ v, and whose.
pub const SIGNATURES: [([u8; 65], Address); 2] = [
    (
        hex!(
            "9000395d47e0c5ab88115a66a78016e39f43a2bfe9cb5d073f80555e970dc7c2"
            "418d0115ee86b8f7cd6bf095dd1124de1826cf6057de07e6a6c3cec96a86b1c401"
        ),
        address!("83d625a77d962c018ea6ea24c1fd8edd065e3230"),
    ),
    (
        hex!(
            "514828bbb9e559103e49a7ceed973f97f80b5ac06e8fc2171da7d4a84c26ff49"
            "60be2b53672a3b80ec999f6710dacc1748c39612dec5d6f27928e73b4dbdbf1d00"
        ),
        address!("87e3098030c828220cdd0a863c2ecf144f2c6087"),
    ),
];

/// An index and a number of leaves of the same shape: the last leaf of 14 peaks, the smallest of
/// eight leaves.
pub const INDEX: u64 = COUNT - 1;
pub const COUNT: u64 = (1 << 17) - 8;

/// Three siblings from the bottom up, all left; then 13 peaks, from right to left.
const UPWARDS: [B256; 16] = [
    b256!("d3bee9b40437f7da851ac934b23a92dff4608b2b9b70ecc9d7ff7d463a5cb991"),
    b256!("84759f426e07c13cd246d9808e5936d3de2d08745455a72cf83361eb67a2affa"),
    b256!("1d00fd7c314873373e19543f60eab8fa037579d2c166c756669219a9e627efbb"),
    b256!("04341e1aff249d809bbdffb0544aae0157f815c62ccf10bbdc3f0823a09477d3"),
    b256!("cb6114656113dbc1fab959c4b4440b340601386ab145d0508361060663b9d30d"),
    b256!("a92ed95dc966a79ecde682bf620949b4237bbd9602294ddd4021f8872aca0f41"),
    b256!("c7f4d6a78c06026b5f683e3d8944748193d2e618f4609784e99c3d2e74614b02"),
    b256!("a0a06f6ea0e0b40164f079fe470cb263f3716b0f235eef1faec452808f6d6c89"),
    b256!("4be3f4a4fea03c41fd60b27d8ca9fdbdc63a1a7b53a3e227848e379d9b650515"),
    b256!("c8940fab5547338a816dd121028e5de752c634ec72942e4467f32c91c235520a"),
    b256!("d35ade2f36dda709c70d64ba721ccc565450d9c8afa0db3b66dea3247d12cc9c"),
    b256!("d167e5cb55e776dec707e02e9fcb9867388e43c38a0bb49c4a90a9d83982bf2b"),
    b256!("9a2cae2f28d589002db8d98113d073565d2af61e1b0994cfbf98611273166f45"),
    b256!("a1d2a2a993f3654c9537ab1b897900a287db3e2184823db31b81fbb4f1bedf80"),
    b256!("cbba000910508e1421c86f97abc654d3b496b891b17f5abedc0e391699fe5361"),
    b256!("2258bd76e599a292375780708fc2b3ccedcf89e8ea95bb10c3ac98ccd412e2f4"),
];

/// In the order of nodes: peaks from left to right, then siblings.
pub fn items() -> Vec<B256> {
    let (siblings, peaks) = UPWARDS.split_at(3);
    peaks.iter().rev().chain(siblings).copied().collect()
}
