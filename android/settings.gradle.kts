// Nod for Android: bindings (the Rust core) · logic (presenters) · ui (Compose screens) · app (the phone itself).
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "nod"
include(":bindings", ":logic", ":ui", ":app")
