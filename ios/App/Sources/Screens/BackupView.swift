// The backup of one-time codes: saved and restored, sealed with a passphrase.

import NodKit
import SwiftUI

struct BackupView: View {
    let state: BackupState
    let send: Tell<BackupEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            if let done = state.done {
                Medallion(tone: .good, symbol: "checkmark").frame(maxWidth: .infinity)
                Notice(.good, said(done)).announcing(said(done).joined(separator: " "))
            } else {
                switch state.mode {
                case .export: export
                case .restore: restore
                }
                if state.busy {
                    Working(words.text(state.mode == .export ? .backupWorking : .backupOpening))
                }
                ErrorNotice(state.error.map(said))
            }
        } actions: {
            if state.done != nil {
                Button(words.text(.done)) { send(.closePressed) }.buttonStyle(.nod(.primary))
            } else {
                Button(words.text(state.mode == .export ? .backupExportDo : .backupRestoreDo)) { send(.startPressed) }
                    .buttonStyle(.nod(.primary))
                    .disabled(!state.canStart)
            }
        }
        .navigationTitle(words.text(state.mode == .export ? .backupExportTitle : .backupRestoreTitle))
        .navigationBarTitleDisplayMode(.inline)
    }

    @ViewBuilder private var export: some View {
        Text(words.text(.backupExportText)).fixedSize(horizontal: false, vertical: true)
        LabelledField(
            words.text(.backupPassphrase), kind: .secret, hint: words.text(.backupShort), value: state.passphrase,
            change: { send(.passphraseChanged($0)) })
        LabelledField(
            words.text(.backupRepeat), kind: .secret,
            problem: state.isDifferent ? words.text(.backupDifferent) : nil, value: state.repeated,
            change: { send(.repeatedChanged($0)) })
    }

    @ViewBuilder private var restore: some View {
        Text(words.text(.backupRestoreText)).fixedSize(horizontal: false, vertical: true)
        Button(words.text(.backupRestoreChoose)) { send(.choosePressed) }
            .buttonStyle(.nod(.secondary))
            .disabled(state.busy)
        if state.file != nil {
            Notice(.good, words.text(.backupRestoreChosen)).announcing(words.text(.backupRestoreChosen))
        }
        LabelledField(
            words.text(.backupPassphrase), kind: .secret, value: state.passphrase,
            change: { send(.passphraseChanged($0)) })
    }

    private func said(_ done: BackupDone) -> [String] {
        switch done {
        case .exported(let codes): [words.count(.backupExported, codes)]
        case .restored(let added): words.added(added)
        }
    }

    private func said(_ problem: BackupProblem) -> String {
        switch problem {
        case .refused: words.text(.lockRefused)
        case .failed(let error): words.text(of: error)
        }
    }
}
