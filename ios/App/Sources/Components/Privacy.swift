// What is not to be seen by others: in the list of recent apps, and in recordings of the screen.

import SwiftUI

extension View {
    /// Hides a secret while the screen is recorded, mirrored or shared, and where the system asks for less to be shown.
    func hiddenFromRecordings() -> some View {
        modifier(HiddenFromRecordings())
    }
}

private struct HiddenFromRecordings: ViewModifier {
    @Environment(\.isSceneCaptured) private var isSceneCaptured

    func body(content: Content) -> some View {
        content
            .privacySensitive()
            .opacity(isSceneCaptured ? 0 : 1)
            .overlay {
                if isSceneCaptured {
                    Image(systemName: "eye.slash")
                        .font(.title)
                        .foregroundStyle(Palette.muted)
                        .accessibilityHidden(true)
                }
            }
    }
}

/// What stands before everything while the app is not in front: the picture that the system keeps of it shows this.
struct PrivacyCover: View {
    var body: some View {
        Logo()
            .frame(maxWidth: .infinity, maxHeight: .infinity)
            .background(Palette.page)
            .accessibilityHidden(true)
    }
}
