// One account: its label, who checks its answers, and how to remove it.

import NodKit
import SwiftUI

struct AccountView: View {
    let state: AccountState
    let send: Tell<AccountEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            if let account = state.account {
                HStack(spacing: 14) {
                    Initial(name: account.serviceName)
                    Heading(isolated(account.serviceName))
                }
                if let thumbprint = account.asksToVerifyItself { keyChange(account, thumbprint) }
                LabelledField(words.text(.accountLabel), value: state.label, change: { send(.labelChanged($0)) })
                if state.saved { Notice(.good, words.text(.saved)).announcing(words.text(.saved)) }
                Rows(details(account)) { DetailRow($0.0, $0.1) }
            } else if state.error == nil {
                Working(words.text(.loading))
            }
            ErrorNotice(state.error.map { words.text(of: $0) })
        } actions: {
            Button(words.text(.save)) { send(.savePressed) }
                .buttonStyle(.nod(.primary))
                .disabled(!state.canSave)
            Button(words.text(.accountRemove)) { send(.removePressed) }
                .buttonStyle(.nod(.quietBad))
                .disabled(state.account == nil || state.saving)
        }
        .navigationTitle(words.text(.accountTitle))
        .navigationBarTitleDisplayMode(.inline)
        .alert(
            words.text(.accountRemoveHeading, ["service": state.account?.serviceName ?? ""]),
            isPresented: .asking(state.askRemove) { send(.removeDismissed) }
        ) {
            Button(words.text(.accountRemoveYes), role: .destructive) { send(.removeConfirmed) }
            Button(words.text(.accountRemoveNo), role: .cancel) { send(.removeDismissed) }
        } message: {
            Text(words.text(.accountRemoveText))
        }
        .alert(
            words.text(.accountKeyHeading, ["service": state.account?.serviceName ?? ""]),
            isPresented: .asking(state.askKeyChange) { send(.keyChangeDismissed) }
        ) {
            Button(words.text(.accountKeyAgree)) { send(.keyChangeConfirmed) }
            Button(words.text(.accountKeyLater), role: .cancel) { send(.keyChangeDismissed) }
        } message: {
            Text(verbatim: state.account?.asksToVerifyItself ?? "")
        }
    }

    private func keyChange(_ account: Account, _ thumbprint: String) -> some View {
        Notice(
            .warn,
            [
                words.text(.accountKeyHeading, ["service": account.serviceName]),
                words.text(.accountKeyText, ["service": account.serviceName]),
            ]
        ) {
            VStack(alignment: .leading, spacing: 4) {
                Muted(words.text(.accountKeyThumbprint))
                Text(verbatim: thumbprint)
                    .font(.footnote.monospaced())
                    .fixedSize(horizontal: false, vertical: true)
            }
            .accessibilityElement(children: .combine)
            Button(words.text(.accountKeyAgree)) { send(.keyChangePressed) }
                .buttonStyle(.nod(.secondary))
                .disabled(state.saving)
        }
    }

    private func details(_ account: Account) -> [(String, String)] {
        [
            (words.text(.accountDomain), account.domain.map(isolated) ?? words.text(.accountNoDomain)),
            (
                words.text(.accountChecks),
                words.text(account.verifiesItself ? .accountChecksService : .accountChecksRelay)
            ),
            (words.text(.accountRelay), isolated(account.relay)),
            (words.text(.accountAdded), Moments(words, now: account.created).longDate(account.created)),
        ]
    }
}
