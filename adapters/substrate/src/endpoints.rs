//! Several nodes of one chain over WebSockets as one source of answers: asked in order of health,
//! failed over, put aside when they fail, ask for patience or lie.

use crate::rpc::{NodeError, Socket};

pub use lupu_rpc::{Bad, EndpointStatus, RpcCount};

/// The endpoints of one chain.
pub type Endpoints = lupu_rpc::Endpoints<Socket>;

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
            (vec![], "customs: no endpoint is configured"),
            (vec!["http://x/key".into()], "customs: endpoint http://x: not a ws:// or wss:// address"),
        ];
        for (urls, said) in urls {
            let error = Endpoints::new("customs", &urls, Duration::from_secs(1)).err().unwrap();
            assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Misconfigured, said));
        }
    }

    #[tokio::test]
    async fn a_dead_endpoint_is_unavailable() {
        let dead = Endpoints::new("customs", &["ws://127.0.0.1:1".into()], Duration::from_millis(500)).unwrap();
        let error = dead.ask("system_chain", serde_json::json!([]), Ok).await.unwrap_err();
        assert!(matches!(error, CallError::Unavailable(_)), "{error:?}");
        assert_eq!(dead.status()[0].failures, 1);
        assert_eq!(dead.counts()["system_chain"], RpcCount { calls: 1, failures: 1 });
    }
}
