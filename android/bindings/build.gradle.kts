// The Rust core behind the ports of :logic. The generated code (bindings/kotlin in the repository's root) is named in
// this module and in no other; `cargoNdk` builds the library for the phones.
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.kotlin.jvm)
}

java {
    sourceCompatibility = JavaVersion.VERSION_17
    targetCompatibility = JavaVersion.VERSION_17
}

kotlin {
    compilerOptions.jvmTarget = JvmTarget.JVM_17
    sourceSets.main {
        kotlin.srcDir("../../bindings/kotlin")
    }
}

dependencies {
    api(project(":logic"))
    // On a phone JNA is an AAR with a library for each processor, which :app brings; on a desktop it is the jar.
    compileOnly(libs.jna)

    testImplementation(libs.jna)
    testImplementation(kotlin("test-junit5"))
    testImplementation(libs.coroutines.test)
    testImplementation(libs.serialization.json)
    testImplementation(libs.junit.jupiter)
    testRuntimeOnly(libs.junit.launcher)
}

/** Where the repository begins. */
val repository = rootProject.layout.projectDirectory.dir("..")

/** Builds libnod_ffi.so for the four processors, with pages of 16 KB, into a folder that :app packs. */
val cargoNdk by tasks.registering(Exec::class) {
    val libraries = layout.buildDirectory.dir("jniLibs")
    inputs.files(
        fileTree(repository.dir("core")) { include("**/*.rs", "**/Cargo.toml") },
        fileTree(repository.dir("bindings")) { include("**/*.rs", "**/Cargo.toml") },
        repository.files("Cargo.toml", "Cargo.lock"),
    )
    outputs.dir(libraries)
    workingDir(repository)
    for (processor in listOf("AARCH64", "X86_64")) {
        environment("CARGO_TARGET_${processor}_LINUX_ANDROID_RUSTFLAGS", "-Clink-arg=-Wl,-z,max-page-size=16384")
    }
    commandLine(
        "cargo", "ndk",
        "--platform", libs.versions.min.sdk.get(),
        "--target", "arm64-v8a", "--target", "armeabi-v7a", "--target", "x86_64", "--target", "x86",
        "--output-dir", libraries.get().asFile.path,
        "build", "--release", "--locked", "--package", "nod-ffi",
    )
}

/** The library for this machine, which the tests load. */
val cargoHost by tasks.registering(Exec::class) {
    workingDir(repository)
    commandLine("cargo", "build", "--locked", "--package", "nod-ffi", "--package", "nod")
    outputs.upToDateWhen { false }
}

tasks.test {
    dependsOn(cargoHost)
    useJUnitPlatform()
    val built = repository.dir("target/debug").asFile
    systemProperty("jna.library.path", built.path)
    systemProperty("nod.repository", repository.asFile.canonicalPath)
    environment("NOD_BIN", built.resolve("nod").path)
}
