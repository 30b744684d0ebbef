// One one-time code: its names, its place in the list, and how to remove it.

import NodKit
import SwiftUI

struct CodeDetailsView: View {
    let state: CodeDetailsState
    let send: Tell<CodeDetailsEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            if state.code == nil, state.error == nil { Working(words.text(.loading)) }
            LabelledField(words.text(.codeIssuer), value: state.issuer, change: { send(.issuerChanged($0)) })
            LabelledField(words.text(.codeAccount), value: state.account, change: { send(.accountChanged($0)) })
            if state.saved { Notice(.good, words.text(.saved)).announcing(words.text(.saved)) }
            ErrorNotice(state.error.map { words.text(of: $0) })
            ViewThatFits(in: .horizontal) {
                HStack(spacing: 10) { places }
                VStack(spacing: 10) { places }
            }
        } actions: {
            Button(words.text(.save)) { send(.savePressed) }
                .buttonStyle(.nod(.primary))
                .disabled(!state.canSave)
            Button(words.text(.codeRemove)) { send(.removePressed) }
                .buttonStyle(.nod(.quietBad))
                .disabled(state.code == nil || state.saving)
        }
        .navigationTitle(words.text(.codeTitle))
        .navigationBarTitleDisplayMode(.inline)
        .alert(
            words.text(.codeRemoveHeading, ["name": name]),
            isPresented: .asking(state.askRemove) { send(.removeDismissed) }
        ) {
            Button(words.text(.accountRemoveYes), role: .destructive) { send(.removeConfirmed) }
            Button(words.text(.accountRemoveNo), role: .cancel) { send(.removeDismissed) }
        } message: {
            Text(words.text(.codeRemoveText))
        }
    }

    @ViewBuilder private var places: some View {
        Button {
            send(.upPressed)
        } label: {
            Label(words.text(.codeUp), systemImage: "arrow.up")
        }
        .buttonStyle(.nod(.secondary))
        .disabled(!state.canMoveUp)
        Button {
            send(.downPressed)
        } label: {
            Label(words.text(.codeDown), systemImage: "arrow.down")
        }
        .buttonStyle(.nod(.secondary))
        .disabled(!state.canMoveDown)
    }

    private var name: String {
        guard let code = state.code else { return "" }
        return code.issuer.isEmpty ? code.account : code.issuer
    }
}
