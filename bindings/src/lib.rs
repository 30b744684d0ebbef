//! The uniffi facade over nod-phone for the Android and iOS apps.
