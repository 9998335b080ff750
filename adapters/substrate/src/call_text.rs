//! Calls and their arguments as people write them, encoded for the runtime that a chain has now.

use crate::{
    keys::from_ss58,
    runtime::{CodecError, Runtime},
    send::call_payload,
};
use scale_info::{Field, PortableRegistry, TypeDef, TypeDefPrimitive, Variant, form::PortableForm};
use subxt::{
    ext::{
        scale_encode::{EncodeAsFields, EncodeAsType, Error, FieldIter, TypeResolver},
        scale_value::{Value, scale, stringify},
    },
    metadata::Metadata,
};

/// Why a text is no call of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallTextError {
    /// Not two names.
    #[error("\"{0}\" is no call: write PALLET.CALL")]
    NotACall(String),
    /// No such pallet, or one without calls.
    #[error("the runtime has no calls of a pallet \"{pallet}\"; there are those of: {there}")]
    NoPallet {
        /// What was asked for.
        pallet: String,
        /// What there is.
        there: String,
    },
    /// No such call.
    #[error("pallet {pallet} has no call \"{call}\"; it has: {there}")]
    NoCall {
        /// The pallet.
        pallet: String,
        /// What was asked for.
        call: String,
        /// What there is.
        there: String,
    },
    /// Too few arguments, or too many.
    #[error("{call} takes {wanted}, {given} given")]
    Count {
        /// The call.
        call: String,
        /// How many, and which.
        wanted: String,
        /// How many there are.
        given: String,
    },
    /// An argument that is not of its type.
    #[error("argument {number}, {name}: {why}")]
    Argument {
        /// Which, from 1.
        number: usize,
        /// Its name in the runtime.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// Bytes that are no call.
    #[error("{0}")]
    NotDecodable(String),
    /// The runtime's metadata.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// The payload of a message that makes a call, `PALLET.CALL`, with arguments in the notation of
/// scale-value. Where bytes are wanted, `0x` and hex digits or a bare word will do; where an account
/// is wanted, its SS58 address; where one of several names is wanted, the name.
///
/// # Errors
/// What there is instead, or which argument is wrong.
pub fn payload(runtime: &Runtime, name: &str, arguments: &[String]) -> Result<Vec<u8>, CallTextError> {
    let metadata = runtime.metadata();
    let two = name.split_once('.').filter(|(pallet, call)| !pallet.is_empty() && !call.is_empty());
    let (pallet, call) = two.ok_or_else(|| CallTextError::NotACall(name.to_owned()))?;
    let variant = find(&metadata, pallet, call)?;
    let encoded = encode(metadata.types(), name, &variant.fields, arguments)?;
    Ok(call_payload(runtime, pallet, call, Encoded(encoded))?)
}

/// The payload of a message that makes a call that is encoded already, and the call's name.
///
/// # Errors
/// Bytes that are not exactly a call.
pub fn payload_of_encoded(runtime: &Runtime, call: &[u8]) -> Result<(Vec<u8>, String), CallTextError> {
    let metadata = runtime.metadata();
    let wrong = |why: String| CallTextError::NotDecodable(why);
    let (Some(pallet), Some(index)) = (call.first(), call.get(1)) else { return Err(wrong("it is too short".into())) };
    let pallet = metadata.pallet_by_call_index(*pallet);
    let pallet = pallet.ok_or_else(|| wrong("its first byte is the number of no pallet".into()))?;
    let variant = pallet.call_variant_by_index(*index);
    let variant = variant.ok_or_else(|| wrong(format!("pallet {} has no call of that number", pallet.name())))?;
    let name = format!("{}.{}", pallet.name(), variant.name);
    let rest = &mut &*call;
    let decoded = scale::decode_as_type(rest, metadata.outer_enums().call_enum_ty(), metadata.types());
    decoded.map_err(|e| wrong(format!("{name}: {e}")))?;
    if !rest.is_empty() {
        return Err(wrong(format!("{name}: {} bytes are left over", rest.len())));
    }
    Ok(([&runtime.version.transaction.to_le_bytes(), call].concat(), name))
}

fn find<'m>(metadata: &'m Metadata, pallet: &str, call: &str) -> Result<&'m Variant<PortableForm>, CallTextError> {
    let joined = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    let callable = |p: &subxt::metadata::PalletMetadata<'_>| p.call_variants().is_some_and(|calls| !calls.is_empty());
    let Some(found) = metadata.pallet_by_name(pallet).filter(callable) else {
        let there = joined(&mut metadata.pallets().filter(callable).map(|p| p.name()));
        return Err(CallTextError::NoPallet { pallet: pallet.to_owned(), there });
    };
    found.call_variant_by_name(call).ok_or_else(|| {
        let calls = found.call_variants().unwrap_or_default();
        let there = joined(&mut calls.iter().map(|v| v.name.as_str()));
        CallTextError::NoCall { pallet: pallet.to_owned(), call: call.to_owned(), there }
    })
}

/// Arguments that are encoded already.
struct Encoded(Vec<u8>);

impl EncodeAsFields for Encoded {
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

fn encode(
    types: &PortableRegistry,
    call: &str,
    fields: &[Field<PortableForm>],
    arguments: &[String],
) -> Result<Vec<u8>, CallTextError> {
    if fields.len() != arguments.len() {
        let shown: Vec<_> = fields.iter().map(shown).collect();
        let wanted = match fields.len() {
            0 => "no arguments".to_owned(),
            1 => format!("1 argument ({})", shown.join(", ")),
            n => format!("{n} arguments ({})", shown.join(", ")),
        };
        let given = if arguments.len() == 1 { "1 is".to_owned() } else { format!("{} are", arguments.len()) };
        return Err(CallTextError::Count { call: call.to_owned(), wanted, given });
    }
    let mut out = Vec::new();
    for (i, (field, text)) in fields.iter().zip(arguments).enumerate() {
        let wrong = |why: String| CallTextError::Argument { number: i + 1, name: shown(field), why };
        let value = argument(types, field.ty.id, text).map_err(wrong)?;
        value.encode_as_type_to(field.ty.id, types, &mut out).map_err(|e| wrong(format!("does not fit: {e}")))?;
    }
    Ok(out)
}

/// A field's name and its type as the runtime's source has it, short.
fn shown(field: &Field<PortableForm>) -> String {
    let name = field.name.as_deref().unwrap_or("unnamed");
    match field.type_name.as_deref() {
        Some(of) if of.len() <= 40 => format!("{name}: {of}"),
        _ => name.to_owned(),
    }
}

/// What a type is as far as its text goes. Wrappers of one field are seen through.
enum Form<'t> {
    Bytes,
    Array(u32),
    Text,
    /// An account, or other ways to name one.
    Address,
    Names(&'t [Variant<PortableForm>]),
    Other,
}

fn form(types: &PortableRegistry, id: u32, depth: u8) -> Form<'_> {
    let Some(ty) = types.resolve(id) else { return Form::Other };
    let is_u8 = |id: u32| {
        let item = types.resolve(id).map(|ty| &ty.type_def);
        matches!(item, Some(TypeDef::Primitive(TypeDefPrimitive::U8)))
    };
    match &ty.type_def {
        TypeDef::Sequence(s) if is_u8(s.type_param.id) => Form::Bytes,
        TypeDef::Array(a) if is_u8(a.type_param.id) => Form::Array(a.len),
        TypeDef::Primitive(TypeDefPrimitive::Str) => Form::Text,
        TypeDef::Composite(c) if depth > 0 => match c.fields.as_slice() {
            [one] => form(types, one.ty.id, depth - 1),
            _ => Form::Other,
        },
        TypeDef::Variant(v) => {
            let id = v.variants.iter().find(|v| v.name == "Id");
            match id.map(|v| v.fields.as_slice()) {
                Some([account]) if depth > 0 && matches!(form(types, account.ty.id, depth - 1), Form::Array(32)) => {
                    Form::Address
                }
                _ => Form::Names(&v.variants),
            }
        }
        _ => Form::Other,
    }
}

fn argument(types: &PortableRegistry, id: u32, text: &str) -> Result<Value<()>, String> {
    let text = text.trim();
    let structured = text.starts_with('(');
    match form(types, id, 8) {
        Form::Bytes if text.starts_with("0x") => Ok(Value::from_bytes(hexadecimal(text)?)),
        Form::Bytes if text.starts_with('"') => Ok(Value::from_bytes(quoted(text)?)),
        Form::Bytes if !structured => Ok(Value::from_bytes(text)),
        Form::Array(length) if !structured => array(text, length).map(Value::from_bytes),
        Form::Text if !text.starts_with('"') => Ok(Value::string(text)),
        Form::Address if !text.contains('(') => Ok(Value::unnamed_variant("Id", [Value::from_bytes(array(text, 32)?)])),
        Form::Names(variants) if variants.iter().any(|v| v.name == text && v.fields.is_empty()) => {
            Ok(Value::unnamed_variant(text, []))
        }
        _ => parse(text),
    }
}

fn hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text.trim_start_matches("0x")).map_err(|e| format!("not hex: {e}"))
}

fn array(text: &str, length: u32) -> Result<Vec<u8>, String> {
    if text.starts_with("0x") {
        let bytes = hexadecimal(text)?;
        if bytes.len() == length as usize {
            return Ok(bytes);
        }
        return Err(format!("has {} bytes, {length} are needed", bytes.len()));
    }
    if length == 32 {
        return from_ss58(text).map(Vec::from).map_err(|e| format!("neither 0x and 64 hex digits nor an account: {e}"));
    }
    Err(format!("write 0x and {} hex digits", u64::from(length) * 2))
}

fn quoted(text: &str) -> Result<String, String> {
    let value = parse(text)?;
    value.as_str().map(str::to_owned).ok_or_else(|| "not a text in quotation marks".into())
}

fn parse(text: &str) -> Result<Value<()>, String> {
    let parser = stringify::from_str_custom()
        .add_custom_parser(stringify::custom_parsers::parse_hex)
        .add_custom_parser(stringify::custom_parsers::parse_ss58);
    let (value, rest) = parser.parse(text);
    let value = value.map_err(|e| format!("cannot be read: {e}"))?;
    if rest.trim().is_empty() { Ok(value) } else { Err(format!("cannot be read from \"{}\" on", cut(rest.trim()))) }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(24).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;
    use scale_info::{MetaType, Registry, TypeInfo};

    #[derive(TypeInfo)]
    #[allow(dead_code)]
    struct Bounded(Vec<u8>);

    #[derive(TypeInfo, Encode)]
    struct Account([u8; 32]);

    #[derive(TypeInfo, Encode)]
    #[allow(dead_code)]
    enum Whom {
        Id(Account),
        Index(u32),
    }

    #[derive(TypeInfo, Encode)]
    #[allow(dead_code)]
    enum Mode {
        Slow,
        Fast { limit: u8 },
    }

    fn encoded<T: TypeInfo + 'static>(text: &str) -> Result<Vec<u8>, String> {
        let mut registry = Registry::new();
        let id = registry.register_type(&MetaType::new::<T>()).id;
        let types: PortableRegistry = registry.into();
        let value = argument(&types, id, text)?;
        value.encode_as_type(id, &types).map_err(|e| e.to_string())
    }

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn bytes_in_every_notation() {
        let shpu = b"SHPU-1".to_vec().encode();
        for text in ["SHPU-1", "\"SHPU-1\"", "0x534850552d31", "(83, 72, 80, 85, 45, 49)"] {
            assert_eq!(encoded::<Vec<u8>>(text), Ok(shpu.clone()), "{text}");
            assert_eq!(encoded::<Bounded>(text), Ok(shpu.clone()), "{text}");
        }
        assert_eq!(encoded::<Bounded>(""), Ok(vec![0]));
        assert_eq!(encoded::<Bounded>("7"), Ok(vec![4, b'7']), "a word of one digit is a word");
        assert_eq!(encoded::<Bounded>("two words"), Ok(b"two words".to_vec().encode()));
        assert!(encoded::<Bounded>("0x123").is_err() && encoded::<Bounded>("0xzz").is_err());
        let half = format!("0x{}", "05".repeat(31));
        assert_eq!(encoded::<[u8; 32]>(&half), Err("has 31 bytes, 32 are needed".into()));
        assert_eq!(encoded::<[u8; 4]>("0x01020304"), Ok(vec![1, 2, 3, 4]));
        assert_eq!(encoded::<[u8; 4]>("abcd"), Err("write 0x and 8 hex digits".into()));
    }

    #[test]
    fn accounts_by_address_and_by_bytes() {
        let alice = from_ss58(ALICE).unwrap();
        let hex = format!("0x{}", hex::encode(alice));
        for text in [ALICE, &hex] {
            assert_eq!(encoded::<Account>(text), Ok(alice.to_vec()));
            assert_eq!(encoded::<Whom>(text), Ok(Whom::Id(Account(alice)).encode()));
            assert_eq!(encoded::<Whom>(&format!("Id({text})")), Ok(Whom::Id(Account(alice)).encode()));
        }
        assert_eq!(encoded::<Whom>("Index(7)"), Ok(Whom::Index(7).encode()));
        let mistyped = ALICE.replace('Q', "R");
        assert!(encoded::<Whom>(&mistyped).unwrap_err().contains("checksum"));
    }

    #[test]
    fn numbers_names_and_texts() {
        assert_eq!(encoded::<u128>("1_000"), Ok(1000u128.encode()));
        assert_eq!(encoded::<codec::Compact<u32>>("7"), Ok(codec::Compact(7u32).encode()));
        assert_eq!(encoded::<bool>("true"), Ok(vec![1]));
        assert_eq!(encoded::<String>("a bill"), Ok("a bill".to_string().encode()));
        assert_eq!(encoded::<Mode>("Slow"), Ok(vec![0]));
        assert_eq!(encoded::<Mode>("Fast { limit: 9 }"), Ok(vec![1, 9]));
        assert_eq!(encoded::<Option<u8>>("None"), Ok(vec![0]));
        assert_eq!(encoded::<Option<u8>>("Some(3)"), Ok(vec![1, 3]));
        for (text, why) in [("1000", "out of range"), ("seven", "cannot be read"), ("7 8", "from \"8\" on")] {
            let found = encoded::<u8>(text).unwrap_err();
            assert!(found.to_lowercase().contains(why), "{text}: {found}");
        }
    }
}
