// swift-tools-version: 6.0
// The iOS app without its screens: it builds and is tested on Linux and on Apple systems.

import PackageDescription

// The Rust core. On Linux the library is found by the linker's flags (see tests/lib/swift.sh); on Apple systems it is an
// XCFramework that `ios/make-xcframework` makes.
#if os(Linux)
    let core = Target.systemLibrary(name: "nod_ffiFFI", path: "Sources/NodFFILinux")
#else
    let core = Target.binaryTarget(name: "nod_ffiFFI", path: "../build/NodFFI.xcframework")
#endif

let package = Package(
    name: "NodKit",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [
        .library(name: "NodKit", targets: ["NodKit"]),
        .library(name: "NodCore", targets: ["NodCore"]),
    ],
    targets: [
        core,
        // What screens know and do. Names neither a platform nor the core.
        .target(name: "NodKit"),
        // Generated (bindings/swift); nothing but NodCore imports it.
        .target(name: "NodFFI", dependencies: ["nod_ffiFFI"]),
        // The Rust core as the ports of NodKit.
        .target(name: "NodCore", dependencies: ["NodKit", "NodFFI"]),
        // A phone that tests drive line by line.
        .executableTarget(name: "nod-swift-phone", dependencies: ["NodCore", "NodKit"]),
        .testTarget(name: "NodKitTests", dependencies: ["NodKit"]),
        .testTarget(name: "NodCoreTests", dependencies: ["NodCore", "NodKit"]),
    ],
    swiftLanguageModes: [.v6]
)
