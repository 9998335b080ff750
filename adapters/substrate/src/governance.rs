//! What governance does to clients: create, bind. By `Sudo` where a chain has it (development), or
//! as calls for whatever governance a chain has.

use crate::{
    events::Happened,
    runtime::{CodecError, Runtime},
    wallet::{Receipt, Wallet},
};
use lupu_adapter::{AdapterError, ErrorKind};
use lupu_standard::ClientId;
use subxt::{
    ext::{
        scale_encode::{EncodeAsFields, EncodeAsType, Error, FieldIter, TypeResolver},
        scale_value::{Composite, Value},
    },
    tx::dynamic,
};

/// A client to create.
#[derive(Clone, Debug)]
pub struct CreateClient {
    /// Its id here.
    pub id: ClientId,
    /// Its type: `qbft` or `grandpa`.
    pub client_type: String,
    /// Client state in the type's encoding.
    pub state: Vec<u8>,
    /// First consensus state in the type's encoding.
    pub consensus_state: Vec<u8>,
}

/// A binding of two clients.
#[derive(Clone, Debug)]
pub struct BindClient {
    /// The client here.
    pub id: ClientId,
    /// The client on the other chain that stands for this one.
    pub counterparty: ClientId,
    /// The merkle prefix of the other chain's store.
    pub merkle_prefix: Vec<Vec<u8>>,
}

/// Arguments in the order of the call, whatever it names them.
struct InOrder(Vec<Argument>);

enum Argument {
    Bytes(Vec<u8>),
    Lists(Vec<Vec<u8>>),
}

impl EncodeAsFields for InOrder {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        fields: &mut dyn FieldIter<'_, R::TypeId>,
        types: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let fields: Vec<_> = fields.collect();
        if fields.len() != self.0.len() {
            return Err(Error::custom_string(format!(
                "the call takes {} arguments, not {}",
                fields.len(),
                self.0.len()
            )));
        }
        for (field, argument) in fields.into_iter().zip(&self.0) {
            match argument {
                Argument::Bytes(bytes) => bytes.encode_as_type_to(field.id, types, out)?,
                Argument::Lists(lists) => lists.encode_as_type_to(field.id, types, out)?,
            }
        }
        Ok(())
    }
}

impl CreateClient {
    fn arguments(&self) -> InOrder {
        InOrder(vec![
            Argument::Bytes(self.id.as_str().into()),
            Argument::Bytes(self.client_type.as_bytes().to_vec()),
            Argument::Bytes(self.state.clone()),
            Argument::Bytes(self.consensus_state.clone()),
        ])
    }

    /// The call, for governance to dispatch.
    pub fn call(&self, runtime: &Runtime) -> Result<Vec<u8>, CodecError> {
        runtime.call("Ibc", "create_client", self.arguments())
    }
}

impl BindClient {
    fn arguments(&self) -> InOrder {
        InOrder(vec![
            Argument::Bytes(self.id.as_str().into()),
            Argument::Bytes(self.counterparty.as_str().into()),
            Argument::Lists(self.merkle_prefix.clone()),
        ])
    }

    /// The call, for governance to dispatch.
    pub fn call(&self, runtime: &Runtime) -> Result<Vec<u8>, CodecError> {
        runtime.call("Ibc", "bind_client", self.arguments())
    }
}

/// `Sudo.sudo` of a call that is encoded already.
struct Sudo(Vec<u8>);

impl EncodeAsFields for Sudo {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _fields: &mut dyn FieldIter<'_, R::TypeId>,
        _types: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// Creates a client by the key of `Sudo`.
pub async fn create_client(wallet: &Wallet, client: &CreateClient) -> Result<Receipt, AdapterError> {
    let runtime = wallet.chain().runtime().await?;
    let call = client.call(&runtime).map_err(|e| wallet.chain().codec(e))?;
    sudo(wallet, call).await
}

/// Binds a client by the key of `Sudo`.
pub async fn bind_client(wallet: &Wallet, binding: &BindClient) -> Result<Receipt, AdapterError> {
    let runtime = wallet.chain().runtime().await?;
    let call = binding.call(&runtime).map_err(|e| wallet.chain().codec(e))?;
    sudo(wallet, call).await
}

/// Dispatches an encoded call as root. The outcome of the inner call is in the events of `Sudo`,
/// not in that of the transaction: a refusal is told as an error.
pub async fn sudo(wallet: &Wallet, call: Vec<u8>) -> Result<Receipt, AdapterError> {
    let receipt = wallet.call("Sudo", "sudo", Sudo(call)).await?;
    let refused = receipt.events.iter().find_map(|event| match &event.happened {
        Happened::Sudid(reason) => reason.clone(),
        _ => None,
    });
    match refused {
        None => Ok(receipt),
        Some(reason) => Err(wallet.error(ErrorKind::Rejected, format!("Sudo.sudo: {reason}"))),
    }
}

/// Dispatches a call, by name and arguments, as root.
pub async fn sudo_call(
    wallet: &Wallet,
    pallet: &str,
    call: &str,
    arguments: Composite<()>,
) -> Result<Receipt, AdapterError> {
    let runtime = wallet.chain().runtime().await?;
    let encoded = runtime.subxt().tx().call_data(&dynamic(pallet, call, arguments));
    let encoded =
        encoded.map_err(|e| wallet.chain().codec(crate::runtime::codec_error(format!("{pallet}.{call}"), e)))?;
    sudo(wallet, encoded).await
}

/// Named arguments.
pub fn named(arguments: impl IntoIterator<Item = (&'static str, Value<()>)>) -> Composite<()> {
    Composite::named(arguments)
}
