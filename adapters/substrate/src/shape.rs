//! The shapes that types of a chain's metadata must have to be understood.

use scale_info::{Field, PortableRegistry, TypeDef, TypeDefPrimitive, form::PortableForm};

/// How deep types are looked into.
const DEPTH: u8 = 24;

/// What a type must be. Wrappers of one field are seen through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Whatever it is.
    Any,
    /// A number of this many bits, or fewer where a smaller one is enough; compact or not.
    Uint(u16),
    /// A list of any length.
    List(&'static Shape),
    /// 32 bytes.
    Hash,
    /// `Option` of something.
    Maybe(&'static Shape),
    /// At least these fields.
    Fields(&'static [(&'static str, Shape)]),
    /// At least these variants, each with exactly these fields.
    Variants(&'static [(&'static str, &'static [(&'static str, Shape)])]),
}

/// Bytes of any length.
pub(crate) const BYTES: Shape = Shape::List(&Shape::Uint(8));
/// A list of byte strings.
pub(crate) const BYTE_LISTS: Shape = Shape::List(&BYTES);

impl Shape {
    fn name(&self) -> String {
        match self {
            Self::Any => "anything".into(),
            Self::Uint(bits) => format!("u{bits}"),
            Self::List(item) => format!("list of {}", item.name()),
            Self::Hash => "32 bytes".into(),
            Self::Maybe(item) => format!("optional {}", item.name()),
            Self::Fields(fields) => format!("fields {}", names(fields.iter().map(|(n, _)| *n))),
            Self::Variants(variants) => format!("variants {}", names(variants.iter().map(|(n, _)| *n))),
        }
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn found(types: &PortableRegistry, id: u32) -> String {
    let Some(ty) = types.resolve(id) else { return format!("an unknown type {id}") };
    let path = ty.path.segments.join("::");
    if !path.is_empty() {
        return path;
    }
    match &ty.type_def {
        TypeDef::Primitive(p) => format!("{p:?}").to_lowercase(),
        TypeDef::Sequence(s) => format!("list of {}", found(types, s.type_param.id)),
        TypeDef::Array(a) => format!("array of {} {}", a.len, found(types, a.type_param.id)),
        TypeDef::Tuple(t) => format!("tuple of {}", t.fields.len()),
        TypeDef::Compact(c) => format!("compact {}", found(types, c.type_param.id)),
        _ => format!("type {id}"),
    }
}

/// Whether the type `id` has a shape; if not, where not, what was expected and what is there.
pub(crate) fn fits(types: &PortableRegistry, id: u32, shape: &Shape) -> Result<(), String> {
    check(types, id, shape, DEPTH)
}

fn check(types: &PortableRegistry, id: u32, shape: &Shape, depth: u8) -> Result<(), String> {
    let wrong = || format!("expected {}, found {}", shape.name(), found(types, id));
    let Some(depth) = depth.checked_sub(1) else { return Err("types nested too deep".into()) };
    if matches!(shape, Shape::Any) {
        return Ok(());
    }
    let ty = types.resolve(id).ok_or_else(wrong)?;
    match (&ty.type_def, shape) {
        (TypeDef::Composite(c), Shape::Fields(wanted)) => {
            fields(types, &c.fields, wanted, depth).map_err(|why| format!("{}: {why}", found(types, id)))
        }
        (TypeDef::Variant(v), Shape::Maybe(item)) => {
            let some = v.variants.iter().find(|v| v.name == "Some").ok_or_else(wrong)?;
            let field = some.fields.first().ok_or_else(wrong)?;
            check(types, field.ty.id, item, depth)
        }
        (TypeDef::Variant(v), Shape::Variants(wanted)) => {
            for (name, inner) in *wanted {
                let variant = v.variants.iter().find(|v| v.name == *name);
                let variant = variant.ok_or_else(|| format!("{} has no variant {name}", found(types, id)))?;
                if variant.fields.len() != inner.len() {
                    let there = names(variant.fields.iter().filter_map(|f| f.name.as_deref()));
                    let wanted = names(inner.iter().map(|(n, _)| *n));
                    return Err(format!("variant {name}: expected the fields {wanted}, found {there}"));
                }
                fields(types, &variant.fields, inner, depth).map_err(|why| format!("variant {name}: {why}"))?;
            }
            Ok(())
        }
        // A wrapper: `BoundedVec`, `H256`, `AccountId32`, a newtype.
        (TypeDef::Composite(c), _) => match c.fields.as_slice() {
            // What is wrong deep inside a list is said; of a number, what stands for it.
            [one] => check(types, one.ty.id, shape, depth).map_err(|why| match shape {
                Shape::List(Shape::Variants(_) | Shape::Fields(_) | Shape::List(_)) => why,
                _ => wrong(),
            }),
            _ => Err(wrong()),
        },
        (TypeDef::Sequence(s), Shape::List(item)) => check(types, s.type_param.id, item, depth),
        (TypeDef::Array(a), Shape::Hash) if a.len == 32 => {
            check(types, a.type_param.id, &Shape::Uint(8), depth).map_err(|_| wrong())
        }
        (TypeDef::Compact(c), Shape::Uint(_)) => check(types, c.type_param.id, shape, depth).map_err(|_| wrong()),
        (TypeDef::Primitive(p), Shape::Uint(bits)) if width(p).is_some_and(|w| w == *bits) => Ok(()),
        _ => Err(wrong()),
    }
}

fn width(primitive: &TypeDefPrimitive) -> Option<u16> {
    match primitive {
        TypeDefPrimitive::U8 => Some(8),
        TypeDefPrimitive::U16 => Some(16),
        TypeDefPrimitive::U32 => Some(32),
        TypeDefPrimitive::U64 => Some(64),
        TypeDefPrimitive::U128 => Some(128),
        _ => None,
    }
}

/// Whether fields of these names and shapes are among those of the metadata.
pub(crate) fn fields(
    types: &PortableRegistry,
    there: &[Field<PortableForm>],
    wanted: &[(&str, Shape)],
    depth: u8,
) -> Result<(), String> {
    for (name, shape) in wanted {
        let field = there.iter().find(|f| f.name.as_deref() == Some(*name));
        let field = field.ok_or_else(|| {
            let there = names(there.iter().filter_map(|f| f.name.as_deref()));
            format!("no field {name} (there are: {there})")
        })?;
        check(types, field.ty.id, shape, depth).map_err(|why| format!("field {name}: {why}"))?;
    }
    Ok(())
}

/// [`fields`] of an event or a call.
pub(crate) fn top_fields(
    types: &PortableRegistry,
    there: &[Field<PortableForm>],
    wanted: &[(&str, Shape)],
) -> Result<(), String> {
    fields(types, there, wanted, DEPTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use scale_info::{MetaType, Registry, TypeInfo};

    fn registered<T: TypeInfo + 'static>() -> (PortableRegistry, u32) {
        let mut registry = Registry::new();
        let id = registry.register_type(&MetaType::new::<T>()).id;
        (registry.into(), id)
    }

    fn verdict<T: TypeInfo + 'static>(shape: &Shape) -> Result<(), String> {
        let (types, id) = registered::<T>();
        fits(&types, id, shape)
    }

    #[derive(TypeInfo)]
    #[allow(dead_code)]
    struct Wrapped(Vec<u8>);

    #[derive(TypeInfo)]
    #[allow(dead_code)]
    struct Record {
        id: Wrapped,
        height: u64,
        hash: [u8; 32],
        pair: Option<Pair>,
    }

    #[derive(TypeInfo)]
    #[allow(dead_code)]
    struct Pair {
        id: Wrapped,
        lists: Vec<Vec<u8>>,
    }

    #[derive(TypeInfo)]
    #[allow(dead_code)]
    enum Choice {
        One { id: Wrapped },
        Two { height: u64, more: u8 },
    }

    const RECORD: Shape = Shape::Fields(&[
        ("height", Shape::Uint(64)),
        ("id", BYTES),
        ("hash", Shape::Hash),
        ("pair", Shape::Maybe(&Shape::Fields(&[("id", BYTES), ("lists", BYTE_LISTS)]))),
    ]);

    #[test]
    fn what_is_wanted_is_found() {
        assert_eq!(verdict::<Record>(&RECORD), Ok(()));
        assert_eq!(verdict::<Choice>(&Shape::Variants(&[("One", &[("id", BYTES)])])), Ok(()));
        assert_eq!(verdict::<codec::Compact<u64>>(&Shape::Uint(64)), Ok(()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let why = verdict::<Record>(&Shape::Fields(&[("size", Shape::Any)])).unwrap_err();
        assert!(why.contains("no field size (there are: id, height, hash, pair)"), "{why}");
        let why = verdict::<Record>(&Shape::Fields(&[("height", Shape::Uint(32))])).unwrap_err();
        assert!(why.contains("field height: expected u32, found u64"), "{why}");
        let why = verdict::<Choice>(&Shape::Variants(&[("Three", &[])])).unwrap_err();
        assert!(why.contains("has no variant Three"), "{why}");
        let why = verdict::<Choice>(&Shape::Variants(&[("Two", &[("height", Shape::Uint(64))])])).unwrap_err();
        assert!(why.contains("expected the fields height, found height, more"), "{why}");
    }
}
