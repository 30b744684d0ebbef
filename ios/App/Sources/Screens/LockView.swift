// The app's own lock, and the screen for a vault that cannot be opened.

import NodKit
import SwiftUI

struct LockView: View {
    let state: LockState
    let send: Tell<LockEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            VStack(spacing: 24) {
                Logo()
                Heading(words.text(.lockHeading))
                ErrorNotice(state.refused ? words.text(.lockRefused) : nil)
            }
            .frame(maxWidth: .infinity)
            .padding(.top, 80)
        } actions: {
            Button(words.text(.lockUnlock)) { send(.unlockPressed) }
                .buttonStyle(.nod(.primary))
                .disabled(state.asking)
        }
        .accessibilityAddTraits(.isModal)
    }
}

struct VaultErrorView: View {
    let error: PhoneError
    let again: @MainActor () -> Void

    @Environment(\.words) private var words

    var body: some View {
        Page {
            VStack(spacing: 16) {
                Medallion(tone: .bad, symbol: "lock.slash")
                Heading(heading)
                Text(text).fixedSize(horizontal: false, vertical: true)
            }
            .multilineTextAlignment(.center)
            .frame(maxWidth: .infinity)
            .padding(.top, 60)
        } actions: {
            Button(words.text(.tryAgain), action: again).buttonStyle(.nod(.primary))
        }
        .announcing("\(heading). \(text)")
    }

    private var heading: String { words.text(.errorVaultHeading) }

    /// A key store that does not answer, and a phone without room, lose nothing: only what is broken is said to be lost.
    private var text: String {
        switch error {
        case .keyStoreUnavailable, .storage, .newerVersion: words.text(of: error)
        default: words.text(.errorVaultText, ["reason": words.text(of: error)])
        }
    }
}
