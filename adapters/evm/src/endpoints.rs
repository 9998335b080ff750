//! Several nodes of one chain over HTTP as one source of answers: asked in order of health, failed
//! over, put aside when they fail, ask for patience or lie.

use crate::rpc::{Http, NodeError};

pub use lupu_rpc::{Bad, EndpointStatus, RpcCount};

/// The endpoints of one chain.
pub type Endpoints = lupu_rpc::Endpoints<Http>;

/// Why no endpoint gave a usable answer.
pub type CallError = lupu_rpc::CallError<NodeError>;

#[cfg(test)]
mod tests {
    use super::*;
    use lupu_adapter::ErrorKind;
    use std::time::Duration;

    #[test]
    fn endpoints_that_cannot_be_asked_are_configuration_errors() {
        let urls = [
            (vec![], "harbour: no RPC endpoint is configured"),
            (vec!["ftp://x/key".into()], "harbour: endpoint ftp://x: scheme ftp is not http or https"),
        ];
        for (urls, said) in urls {
            let error = Endpoints::new("harbour", &urls, Duration::from_secs(1)).err().unwrap();
            assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Misconfigured, said));
        }
    }

    #[tokio::test]
    async fn a_dead_endpoint_is_unavailable() {
        let dead = Endpoints::new("harbour", &["http://127.0.0.1:1".into()], Duration::from_millis(500)).unwrap();
        let error = dead.ask("eth_chainId", serde_json::json!([]), Ok).await.unwrap_err();
        assert!(matches!(error, CallError::Unavailable(_)), "{error:?}");
        assert_eq!(dead.status()[0].failures, 1);
        assert_eq!(dead.counts()["eth_chainId"], RpcCount { calls: 1, failures: 1 });
    }
}
