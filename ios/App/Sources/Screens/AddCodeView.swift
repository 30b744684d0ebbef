// A one-time code that is typed by hand.

import NodKit
import SwiftUI

struct AddCodeView: View {
    let state: AddCodeState
    let send: Tell<AddCodeEvent>

    @Environment(\.words) private var words

    var body: some View {
        Page {
            LabelledField(words.text(.codeIssuer), value: state.issuer, change: { send(.issuerChanged($0)) })
            LabelledField(words.text(.codeAccount), value: state.account, change: { send(.accountChanged($0)) })
            LabelledField(
                words.text(.codeSecret), kind: .raw, hint: words.text(.codeSecretHint), value: state.secret,
                change: { send(.secretChanged($0)) })
            choice(.codeDigits, AddCodeScreen.digits, state.digits) { send(.digitsChosen($0)) }
            choice(.codePeriod, AddCodeScreen.periods, state.periodS) { send(.periodChosen(seconds: $0)) }
            ErrorNotice(state.error.map { words.text(of: $0) })
        } actions: {
            Button(words.text(.codeAdd)) { send(.savePressed) }
                .buttonStyle(.nod(.primary))
                .disabled(!state.canSave)
        }
        .navigationTitle(words.text(.codeAddTitle))
        .navigationBarTitleDisplayMode(.inline)
    }

    private func choice(_ word: Word, _ values: [Int], _ chosen: Int, _ choose: @escaping Tell<Int>) -> some View {
        VStack(alignment: .leading, spacing: 6) {
            Text(words.text(word))
                .font(.subheadline.weight(.semibold))
                .accessibilityHidden(true)
            Picker(words.text(word), selection: .to(chosen, choose)) {
                ForEach(values, id: \.self) { value in
                    Text(String(value)).tag(value)
                }
            }
            .pickerStyle(.segmented)
        }
    }
}
