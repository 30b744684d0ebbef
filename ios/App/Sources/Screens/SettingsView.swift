// Settings: the lock, the language, and the ways to everything else.

import NodKit
import SwiftUI

struct SettingsView: View {
    let state: SettingsState
    let send: Tell<SettingsEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            ErrorNotice(problem)
            part(.settingsSecurity) { lock }
            part(.settingsLanguage) { language }
            part(.settingsCodes) {
                EntryButton(
                    words.text(.settingsExport), words.text(.settingsExportText), symbol: "square.and.arrow.down"
                ) { send(.exportPressed) }
                .disabled(state.codes == 0)
                .opacity(state.codes == 0 ? 0.55 : 1)
                Divider()
                EntryButton(words.text(.settingsRestore), symbol: "arrow.counterclockwise") { send(.restorePressed) }
            }
            part(.settingsPhone) {
                EntryButton(
                    words.text(.settingsMove), words.text(.settingsMoveText), symbol: "arrow.left.arrow.right"
                ) { send(.movePressed) }
                Divider()
                EntryButton(words.text(.historyTitle), symbol: "clock") { send(.historyPressed) }
            }
            part(.settingsAbout) {
                EntryButton(words.text(.settingsLicences), symbol: "doc.text") { send(.licencesPressed) }
            }
            Muted(words.text(.settingsVersion, ["version": state.version]))
        }
        .navigationTitle(words.text(.settingsTitle))
        .navigationBarTitleDisplayMode(.inline)
    }

    private func part<Content: View>(_ word: Word, @ViewBuilder content: () -> Content) -> some View {
        VStack(alignment: .leading, spacing: 10) {
            PartHeading(words.text(word))
            VStack(alignment: .leading, spacing: 0) { content() }.card()
        }
    }

    private var lock: some View {
        Toggle(isOn: .to(state.wantedLock ?? state.lockOn) { send(.lockToggled(on: $0)) }) {
            VStack(alignment: .leading, spacing: 2) {
                Text(words.text(.settingsLock)).font(.body.weight(.medium))
                Muted(words.text(state.lockAvailable ? .settingsLockText : .settingsLockUnavailable))
            }
        }
        .tint(Palette.accent)
        .disabled(state.busy || (!state.lockAvailable && !state.lockOn))
        .padding(.horizontal, 16)
        .padding(.vertical, 12)
    }

    private var language: some View {
        Rows<Language?, LanguageRow>([nil] + Language.allCases) { language in
            LanguageRow(
                name: language?.ownName ?? words.text(.settingsLanguagePhone), tag: language?.tag,
                chosen: language == state.language
            ) { send(.languageChosen(language)) }
        }
    }

    private var problem: String? {
        if state.refused { return words.text(.lockRefused) }
        return state.error.map { words.text(of: $0) }
    }
}

private struct LanguageRow: View {
    let name: String
    let tag: String?
    let chosen: Bool
    let choose: @MainActor () -> Void

    var body: some View {
        Button(action: choose) {
            HStack(spacing: 12) {
                Text(spoken).frame(maxWidth: .infinity, alignment: .leading)
                if chosen {
                    Image(systemName: "checkmark")
                        .foregroundStyle(Palette.accentText)
                        .accessibilityHidden(true)
                }
            }
            .padding(.horizontal, 16)
            .padding(.vertical, 10)
            .frame(minHeight: Metrics.press)
            .contentShape(.rect)
        }
        .buttonStyle(.plain)
        .accessibilityAddTraits(chosen ? .isSelected : [])
    }

    /// Each language is read out by its own voice.
    private var spoken: AttributedString {
        var text = AttributedString(name)
        text.languageIdentifier = tag
        return text
    }
}
