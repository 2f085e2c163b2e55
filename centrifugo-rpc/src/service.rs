//! The service: the methods of the program, their arguments, and the contract that describes them. Uses no transport and
//! no runtime.

pub(crate) mod call;
pub(crate) mod connection;
pub(crate) mod contract;
pub(crate) mod extract;
pub(crate) mod macro_support;
pub(crate) mod method;
pub(crate) mod params;
pub(crate) mod registry;
pub(crate) mod states;
pub(crate) mod system;
