//! Types that the compiler and reflect make up for the insides of maps: what they hold, and what they are called.

use super::descriptor::{DescriptorReader, ELEM, FIELD_BYTES, KIND_MASK};
use super::full_name::{KIND, MEMBERS, Text};
use crate::words::read_slice;
use goheap_image::Address;

const FIELD_ALIGN: u64 = 22;

impl DescriptorReader<'_> {
    /// True for the `bucket(K,V)` of `reflect.MapOf` up to 1.23, of kind struct: nothing follows its `abi.Type`.
    pub(super) fn lacks_fields(&self, at: Address) -> bool {
        self.memory.read_u8(at.add(FIELD_ALIGN)) == Some(0)
    }

    /// Parts of maps that the compiler makes up: `map.group[K]V` since 1.24, `map.bucket[K]V` before. The name has the key's and
    /// the value's types even where their pointers are stored.
    pub(super) fn write_map_part(&self, at: Address, own: &str, out: &mut Text) -> Option<()> {
        let (head, rest) = own.split_at(own.find('[')? + 1);
        let (key, elem) = self.stored_in_map_part(at)?;
        let short = |ty: u64| self.own_name(Address(ty));
        let pointee = |ty: u64| self.word(Address(ty), ELEM);
        let is_key =
            |ty: u64| short(ty).is_some_and(|name| rest.strip_prefix(&*name).is_some_and(|rest| rest.starts_with(']')));
        let is_elem =
            |ty: u64| short(ty).is_some_and(|name| rest.strip_suffix(&*name).is_some_and(|rest| rest.ends_with(']')));
        let key = if is_key(key) { key } else { pointee(key).filter(|&key| is_key(key))? };
        let elem = if is_elem(elem) { elem } else { pointee(elem).filter(|&elem| is_elem(elem))? };
        out.push(head)?;
        self.write_type(key, out)?;
        out.push("]")?;
        self.write_type(elem, out)
    }

    /// Types of a stored key and value: elements of the fields `keys` and `elems`, or fields of the element of `slots`.
    fn stored_in_map_part(&self, at: Address) -> Option<(u64, u64)> {
        let field = |of: Address, index: u64| {
            let fields = read_slice(self.memory, of.add(MEMBERS)).filter(|fields| index < fields.len)?;
            self.word(fields.data, index * FIELD_BYTES + 8).map(Address)
        };
        let elem = |array: Address| self.word(array, ELEM);
        let second = field(at, 1)?;
        let is_split = field(at, 2)
            .is_some_and(|third| self.memory.read_u8(third.add(KIND)).is_some_and(|kind| kind & KIND_MASK == 17));
        if is_split {
            return Some((elem(second)?, elem(field(at, 2)?)?));
        }
        let slot = Address(elem(second)?);
        Some((field(slot, 0)?.0, field(slot, 1)?.0))
    }
}
