// What is in the app, and the licence that it is used under. Both are names and read the same in every language.

enum Licences {
    struct Part {
        let name: String
        let licence: String
    }

    static let all = [
        Part(name: "UniFFI", licence: "MPL-2.0"),
        Part(name: "tokio, tokio-tungstenite", licence: "MIT"),
        Part(name: "rustls", licence: "Apache-2.0 / ISC / MIT"),
        Part(name: "RustCrypto: p256, sha2, hkdf, hmac, aes-gcm, chacha20poly1305, argon2", licence: either),
        Part(name: "hpke", licence: either),
        Part(name: "serde, serde_json", licence: either),
        Part(name: "subtle", licence: "BSD-3-Clause"),
        Part(name: "zeroize, rand, thiserror, base64", licence: either),
    ]

    private static let either = "MIT / Apache-2.0"
}
