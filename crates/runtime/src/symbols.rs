//! Where the runtime's variables lie, and what the program's variables are called: from DWARF and the symbol table.

use crate::dwarf::Dwarf;
use foldhash::HashMap;
use goheap_image::{Address, Executable, SymbolKind};
use goheap_model::TypeId;

/// A package variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Full name: `main.cache`, `net/http.DefaultClient`.
    pub name: Box<str>,
    /// First byte in the process.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Its type, where DWARF tells.
    pub ty: Option<TypeId>,
}

/// Names of data, by address and by name.
#[derive(Debug, Default)]
pub struct Symbols {
    variables: Vec<Variable>,
    by_name: HashMap<Box<str>, u64>,
}

impl Symbols {
    /// The variables of an executable loaded at `bias`. DWARF's come first where both name an address: they have types.
    pub fn read(executable: &Executable, dwarf: Option<&Dwarf<'_>>, bias: u64) -> Self {
        Self::from_variables(variables(executable, dwarf, bias, 0))
    }

    /// Adds the variables of a plugin, whose types are those from `first_type` on. A name that is taken stays the program's.
    pub fn add_plugin(&mut self, plugin: &Executable, dwarf: Option<&Dwarf<'_>>, bias: u64, first_type: u32) {
        let names = std::mem::take(&mut self.by_name);
        let mut all = std::mem::take(&mut self.variables);
        all.extend(variables(plugin, dwarf, bias, first_type));
        *self = Self::from_variables(all);
        self.by_name.extend(names);
    }

    fn from_variables(mut variables: Vec<Variable>) -> Self {
        // Several names may share an address (zero-size variables, section markers): the typed, then the larger, then the
        // first by name stands.
        variables.sort_by(|a, b| {
            let key = |v: &Variable| (v.address, v.ty.is_none(), std::cmp::Reverse(v.size));
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        let by_name = variables.iter().map(|variable| (variable.name.clone(), variable.address)).collect();
        variables.dedup_by_key(|variable| variable.address);
        Symbols { variables, by_name }
    }

    /// The address of the variable of that name.
    pub fn address(&self, name: &str) -> Option<Address> {
        self.by_name.get(name).map(|&address| Address(address))
    }

    /// The variable that holds `address`.
    pub fn variable_at(&self, address: u64) -> Option<&Variable> {
        let index = self.variables.partition_point(|variable| variable.address <= address).checked_sub(1)?;
        let variable = &self.variables[index];
        (address - variable.address < variable.size.max(1)).then_some(variable)
    }

    /// Every variable in address order.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }
}

fn variables(executable: &Executable, dwarf: Option<&Dwarf<'_>>, bias: u64, first_type: u32) -> Vec<Variable> {
    let mut variables: Vec<Variable> = dwarf.map(|dwarf| from_dwarf(dwarf, bias, first_type)).unwrap_or_default();
    let data = executable.symbols().filter(|symbol| symbol.kind == SymbolKind::Object && symbol.section != 0);
    variables.extend(data.map(|symbol| Variable {
        name: symbol.name.into(),
        address: symbol.address.0.wrapping_add(bias),
        size: symbol.size,
        ty: None,
    }));
    variables
}

fn from_dwarf(dwarf: &Dwarf<'_>, bias: u64, first_type: u32) -> Vec<Variable> {
    dwarf
        .globals()
        .iter()
        .map(|global| Variable {
            name: global.name.clone(),
            address: global.address.wrapping_add(bias),
            size: global.ty.and_then(|ty| dwarf.type_by_id(ty)).map_or(8, |ty| ty.size),
            // The table takes over DWARF's types in order.
            ty: global.ty.map(|ty| TypeId(first_type.saturating_add(ty.0))),
        })
        .collect()
}
