//! The generator that goes with the version of uniffi that nod-ffi uses.

fn main() {
    uniffi::uniffi_bindgen_main();
}
