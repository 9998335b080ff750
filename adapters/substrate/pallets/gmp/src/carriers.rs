//! Finds the calls of a runtime that carry others, by their types.

use scale_info::{MetaType, PortableRegistry, Registry, TypeDef, TypeInfo, form::PortableForm};
use std::collections::BTreeSet;

/// Every call with a field in which a `RuntimeCall` may stand, at any depth, as (pallet, call).
///
/// Calls as plain bytes are not found: no type tells them. A parameter of a type counts as well,
/// so that bytes said to be a call are.
pub fn carriers<RuntimeCall: TypeInfo + 'static>() -> BTreeSet<(String, String)> {
    let mut registry = Registry::new();
    let root = registry.register_type(&MetaType::new::<RuntimeCall>()).id;
    let types = PortableRegistry::from(registry);
    let mut found = BTreeSet::new();
    for (pallet, pallet_calls) in variants(&types, root) {
        for (call, fields) in pallet_calls.into_iter().flat_map(|id| variants(&types, id)) {
            if fields.into_iter().any(|field| reaches(&types, field, root)) {
                found.insert((pallet.clone(), call));
            }
        }
    }
    found
}

/// Name and field types of each variant; none for other types.
fn variants(types: &PortableRegistry, id: u32) -> impl Iterator<Item = (String, Vec<u32>)> + use<> {
    let variants = match types.resolve(id).map(|ty| &ty.type_def) {
        Some(TypeDef::Variant(def)) => def.variants.clone(),
        _ => Vec::new(),
    };
    variants.into_iter().map(|v| (v.name, v.fields.iter().map(|f| f.ty.id).collect()))
}

fn reaches(types: &PortableRegistry, from: u32, to: u32) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if id == to {
            return true;
        }
        if seen.insert(id)
            && let Some(ty) = types.resolve(id)
        {
            open.extend(parts(ty));
        }
    }
    false
}

fn parts(ty: &scale_info::Type<PortableForm>) -> Vec<u32> {
    let mut parts: Vec<u32> = ty.type_params.iter().filter_map(|p| p.ty.map(|ty| ty.id)).collect();
    match &ty.type_def {
        TypeDef::Composite(def) => parts.extend(def.fields.iter().map(|f| f.ty.id)),
        TypeDef::Variant(def) => parts.extend(def.variants.iter().flat_map(|v| &v.fields).map(|f| f.ty.id)),
        TypeDef::Sequence(def) => parts.push(def.type_param.id),
        TypeDef::Array(def) => parts.push(def.type_param.id),
        TypeDef::Tuple(def) => parts.extend(def.fields.iter().map(|f| f.id)),
        TypeDef::Compact(def) => parts.push(def.type_param.id),
        TypeDef::Primitive(_) | TypeDef::BitSequence(_) => {}
    }
    parts
}
