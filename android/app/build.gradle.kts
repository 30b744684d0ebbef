// The app: what only Android can do, around the presenters of :logic and the screens of :ui.
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "nod.app"
    compileSdk = libs.versions.compile.sdk.get().toInt()
    ndkVersion = libs.versions.ndk.get()

    defaultConfig {
        applicationId = "nod.app"
        minSdk = libs.versions.min.sdk.get().toInt()
        targetSdk = libs.versions.compile.sdk.get().toInt()
        versionCode = 1
        versionName = "0.1.0"
    }

    androidResources {
        localeFilters += listOf("en", "sv", "nb", "da")
    }

    flavorDimensions += "push"
    productFlavors {
        // UnifiedPush alone: nothing of Google's in it.
        create("open") {
            dimension = "push"
        }
        // FCM too, of the project that these properties name (android/README.md).
        create("fcm") {
            dimension = "push"
            for (field in listOf("project", "application", "apiKey", "sender")) {
                val value = providers.gradleProperty("nod.fcm.$field").getOrElse("")
                buildConfigField("String", "FCM_" + field.replace("K", "_K").uppercase(), "\"$value\"")
            }
        }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "rules.pro")
        }
    }

    // libnod_ffi.so, which :bindings builds for the four processors.
    sourceSets["main"].jniLibs.srcDir("../bindings/build/jniLibs")

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    buildFeatures {
        buildConfig = true
        compose = true
    }

    lint {
        // New versions of libraries come when they are asked for.
        disable += listOf("GradleDependency", "NewerVersionAvailable", "AndroidGradlePluginVersion", "OldTargetApi")
    }
}

kotlin {
    compilerOptions.jvmTarget = JvmTarget.JVM_17
}

tasks.named("preBuild") {
    dependsOn(":bindings:cargoNdk")
}

dependencies {
    implementation(project(":bindings"))
    implementation(project(":logic"))
    implementation(project(":ui"))
    implementation(libs.activity.compose)
    implementation(libs.coroutines.android)
    implementation(libs.zxing)
    // With the native half for each processor; :bindings compiles against the jar of the same version.
    implementation(variantOf(libs.jna) { artifactType("aar") })
    "fcmImplementation"(libs.firebase.messaging)

    testImplementation(kotlin("test-junit5"))
    testImplementation(libs.junit.jupiter)
    testRuntimeOnly(libs.junit.launcher)
}

tasks.withType<Test>().configureEach {
    useJUnitPlatform()
}
