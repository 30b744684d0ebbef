// The first screen: what Nod does, and the ways in.

import NodKit
import SwiftUI

struct WelcomeView: View {
    let send: Tell<WelcomeEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            VStack(spacing: 28) {
                Logo()
                VStack(spacing: 12) {
                    Text(words.text(.welcomeHeading))
                        .font(.title.weight(.semibold))
                        .accessibilityAddTraits(.isHeader)
                    Text(words.text(.welcomeText)).foregroundStyle(Palette.muted)
                }
                .multilineTextAlignment(.center)
                VStack(alignment: .leading, spacing: 14) {
                    point(.welcomePointSee, "eye")
                    point(.welcomePointDecide, "hand.raised")
                    point(.welcomePointKeys, "key")
                }
            }
            .fixedSize(horizontal: false, vertical: true)
            .frame(maxWidth: .infinity)
            .padding(.top, 24)
        } actions: {
            Button(words.text(.welcomeScan)) { send(.scanPressed) }
                .buttonStyle(.nod(.primary))
                .accessibilityHint(words.text(.welcomeScanHint))
            Muted(words.text(.welcomeScanHint))
                .multilineTextAlignment(.center)
                .accessibilityHidden(true)
            Button(words.text(.welcomePaste)) { send(.pastePressed) }.buttonStyle(.nod(.secondary))
            Button(words.text(.welcomeRestore)) { send(.restorePressed) }.buttonStyle(.nod(.quiet))
        }
        .navigationBarTitleDisplayMode(.inline)
    }

    private func point(_ word: Word, _ symbol: String) -> some View {
        HStack(alignment: .firstTextBaseline, spacing: 12) {
            Image(systemName: symbol)
                .foregroundStyle(Palette.accentText)
                .accessibilityHidden(true)
            Text(words.text(word))
        }
    }
}
