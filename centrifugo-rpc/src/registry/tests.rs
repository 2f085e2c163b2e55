//! Problems with what is registered.
