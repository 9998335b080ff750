//! What a transaction pays.

use crate::{
    endpoints::{Bad, CallError, Endpoints},
    json::wide,
};
use serde_json::{Value, json};

/// The price of a transaction's gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GasPrice {
    /// Legacy: one price. Chains before London.
    Legacy(u128),
    /// EIP-1559: the most that is paid, and the part of it for the block's producer.
    Dynamic {
        /// Most per gas, base fee included.
        max_fee: u128,
        /// For the producer.
        priority: u128,
    },
}

impl GasPrice {
    /// The most that is paid per gas.
    pub fn most(self) -> u128 {
        match self {
            Self::Legacy(price) => price,
            Self::Dynamic { max_fee, .. } => max_fee,
        }
    }

    /// 12.5 % more, as nodes demand to replace a transaction. Zero stays zero.
    pub fn raised(self) -> Self {
        let more = |wei: u128| wei.saturating_add(wei.div_ceil(8));
        match self {
            Self::Legacy(price) => Self::Legacy(more(price)),
            Self::Dynamic { max_fee, priority } => Self::Dynamic { max_fee: more(max_fee), priority: more(priority) },
        }
    }
}

/// Asks for a price in wei.
async fn price(endpoints: &Endpoints, method: &'static str) -> Result<u128, CallError> {
    let read = |v: Value| wide(&v, "price").map_err(|e| Bad::Lied(e.to_string()));
    endpoints.ask(method, json!([]), read).await
}

/// The price to offer now. `base_fee` is that of the newest block, `None` before London.
pub async fn offer(
    endpoints: &Endpoints,
    configured: Option<u128>,
    base_fee: Option<u128>,
) -> Result<GasPrice, CallError> {
    match (configured, base_fee) {
        (Some(price), None) => Ok(GasPrice::Legacy(price)),
        (Some(price), Some(base)) => {
            Ok(GasPrice::Dynamic { max_fee: price, priority: price.saturating_sub(base).min(price) })
        }
        (None, None) => Ok(GasPrice::Legacy(price(endpoints, "eth_gasPrice").await?)),
        (None, Some(base)) => {
            let priority = match price(endpoints, "eth_maxPriorityFeePerGas").await {
                Ok(priority) => priority,
                Err(CallError::Missing(_) | CallError::Node(_)) => {
                    price(endpoints, "eth_gasPrice").await?.saturating_sub(base)
                }
                Err(error) => return Err(error),
            };
            // Twice the base fee: it can rise for six full blocks before the offer is too low.
            Ok(GasPrice::Dynamic { max_fee: base.saturating_mul(2).saturating_add(priority), priority })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_pays_an_eighth_more() {
        assert_eq!(GasPrice::Legacy(0).raised(), GasPrice::Legacy(0));
        assert_eq!(GasPrice::Legacy(1).raised(), GasPrice::Legacy(2));
        assert_eq!(GasPrice::Legacy(1_000).raised(), GasPrice::Legacy(1_125));
        let dynamic = GasPrice::Dynamic { max_fee: 9, priority: 0 };
        assert_eq!(dynamic.raised(), GasPrice::Dynamic { max_fee: 11, priority: 0 });
        assert_eq!(GasPrice::Legacy(u128::MAX).raised().most(), u128::MAX);
    }
}
